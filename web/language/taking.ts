/** Saves and opens work: the adapter for PEFT and for llama.cpp, the examples, the whole project, and a link. */
import { effect, signal } from '@preact/signals';
import { adapterAmong, zipAdapter } from '../adapterZip.js';
import { saveFile } from '../saveFile.js';
import { reasonOf, say } from '../work.js';
import { ask } from './client.js';
import { NO_COURSE } from './curve.js';
import { rowsToJsonl } from './examples/exportRows.js';
import { takeExamples } from './examples.js';
import { examplesLink } from './examplesLink.js';
import { projectFile, readProject } from './projectFile.js';
import {
  adapter,
  course,
  loading,
  model,
  outcome,
  settings,
  sparesMemory,
  system,
  taughtRows,
} from './state.js';
import { ADAPTER_GGUF } from './takeTexts.js';

const MOST_BYTES = 512 * 2 ** 20;
/** An adapter of rank 256 on all of the model is 313 MB. */
const LIMITS = { picked: MOST_BYTES, unpacked: 400 * 2 ** 20 };

const shared = () => {
  // What this device chose for itself is not for others.
  const isMemoryTight = settings.value.isMemoryTight && !sparesMemory.value;
  return { rows: taughtRows.value, system: system.value, settings: { ...settings.value, isMemoryTight } };
};

async function saved(name: string, type: string, make: () => Promise<BlobPart>): Promise<void> {
  try {
    saveFile(name, new Blob([await make()], { type }));
  } catch (error) {
    say('error', `${name} could not be made: ${reasonOf(error)}`);
  }
}

export const savePeft = (): Promise<void> =>
  saved('lowrank-adapter.zip', 'application/zip', async () =>
    zipAdapter(await ask((lab) => lab.adapterFiles())),
  );

export const saveGguf = (): Promise<void> =>
  saved(
    ADAPTER_GGUF,
    'application/octet-stream',
    async () => (await ask((lab) => lab.adapterGguf())) as Uint8Array<ArrayBuffer>,
  );

export const saveExamples = (): Promise<void> =>
  saved('examples.jsonl', 'application/jsonl', async () => rowsToJsonl(taughtRows.value, system.value));

export const saveProject = (): Promise<void> =>
  saved('lowrank-project.zip', 'application/zip', async () => {
    const files = adapter.value && (await ask((lab) => lab.adapterFiles()));
    return projectFile({ ...shared(), adapter: files });
  });

/** Makes a link. @returns undefined if there is none; the page has said why */
export function newLink(): string | undefined {
  try {
    return examplesLink(shared(), location.href);
  } catch (error) {
    say('error', reasonOf(error));
    return undefined;
  }
}

export async function removeAdapter(): Promise<void> {
  try {
    const files = await ask((lab) => lab.adapterFiles());
    await ask((lab) => lab.removeAdapter());
    adapter.value = undefined;
    const back = () => {
      loadAdapter(files).catch((error: unknown) => say('error', reasonOf(error)));
    };
    say('note', 'The adapter was removed', { label: 'Undo', run: back });
  } catch (error) {
    say('error', reasonOf(error));
  }
}

/** An adapter that waits for a model. */
const waiting = signal<ReadonlyMap<string, Uint8Array> | undefined>(undefined);

/** @param files  files of an adapter, to be loaded once there is a model */
export function loadLater(files: ReadonlyMap<string, Uint8Array>): void {
  waiting.value = files;
}

/** Loads the adapter of a file that was opened before there was a model. */
export function watchWaitingAdapter(): void {
  effect(() => {
    const files = waiting.value;
    if (!files || !model.value || loading.value) return;
    waiting.value = undefined;
    loadAdapter(files).then(
      (note) => say('note', note ?? 'Your earlier adapter is in use again'),
      (error: unknown) => say('error', reasonOf(error)),
    );
  });
}

/** Opens a project, or only an adapter. */
export async function openZip(file: File): Promise<void> {
  try {
    if (file.size > MOST_BYTES) throw new Error(`${file.name} is larger than any project of this page.`);
    const project = readProject(file.name, new Uint8Array(await file.arrayBuffer()));
    const undo = project && takeExamples(project);
    const files = project ? project.adapter : await adapterAmong([file], LIMITS);
    const opened = await takeAdapter(files, project ? 'The examples are in the table; the' : 'The');
    say('note', opened ?? `${file.name} is open`, undo && { label: 'Undo', run: undo });
  } catch (error) {
    say('error', reasonOf(error));
  }
}

/** Opens the two files of an adapter. */
export async function openAdapter(files: readonly File[]): Promise<void> {
  try {
    const opened = await takeAdapter(await adapterAmong(files, LIMITS), 'The');
    say('note', opened ?? 'The adapter is in use');
  } catch (error) {
    say('error', reasonOf(error));
  }
}

/** Loads an adapter, or keeps it until there is a model. @returns a message about it, if any */
async function takeAdapter(
  files: ReadonlyMap<string, Uint8Array> | undefined,
  beginning: string,
): Promise<string | undefined> {
  if (!files) return undefined;
  if (model.value && !loading.value) return loadAdapter(files);
  waiting.value = files;
  return `${beginning} adapter will be loaded as soon as the model is here`;
}

/** @returns a message about it, if any */
async function loadAdapter(files: ReadonlyMap<string, Uint8Array>): Promise<string | undefined> {
  adapter.value = await ask((lab) => lab.loadAdapter(files));
  outcome.value = undefined;
  course.value = NO_COURSE;
  return adapter.value.note;
}
