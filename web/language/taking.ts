/** What leaves the page: the adapter for PEFT and for llama.cpp, the examples, all of it, and a link. */
import { adapterAmong, zipAdapter } from '../adapterZip.js';
import { saveFile } from '../saveFile.js';
import { reasonOf, say } from '../work.js';
import { ask } from './client.js';
import { rowsToJsonl } from './examples/exportRows.js';
import { takeExamples } from './examples.js';
import { examplesLink } from './examplesLink.js';
import { projectFile, readProject } from './projectFile.js';
import { adapter, model, settings, system, taughtRows } from './state.js';
import { ADAPTER_GGUF } from './takeTexts.js';

const MOST_BYTES = 512 * 2 ** 20;

const shared = () => ({ rows: taughtRows.value, system: system.value, settings: settings.value });

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

/** Undefined where there is none, which is said. */
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

/** Takes a project, or an adapter on its own. */
export async function openZip(file: File): Promise<void> {
  try {
    if (file.size > MOST_BYTES) throw new Error(`${file.name}: larger than any project of this page.`);
    const project = readProject(file.name, new Uint8Array(await file.arrayBuffer()));
    if (project) takeExamples(project);
    const files = project ? project.adapter : await adapterAmong([file]);
    if (files && !model.value) {
      say('note', 'The examples are here; the adapter can be loaded once the model is');
      return;
    }
    const note = files && (await loadAdapter(files));
    say('note', note ?? `${file.name} is open`);
  } catch (error) {
    say('error', reasonOf(error));
  }
}

/** @returns what is to be said of it, if anything */
async function loadAdapter(files: ReadonlyMap<string, Uint8Array>): Promise<string | undefined> {
  adapter.value = await ask((lab) => lab.loadAdapter(files));
  return adapter.value.note;
}
