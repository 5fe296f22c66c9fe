/** What leaves the page: the adapter for PEFT and for llama.cpp, the examples, all of it, and a link. */
import { zipAdapter } from '../adapterZip.js';
import { saveFile } from '../saveFile.js';
import { reasonOf, say } from '../work.js';
import { ask } from './client.js';
import { rowsToJsonl } from './examples/exportRows.js';
import { examplesLink } from './examplesLink.js';
import { projectFile } from './projectFile.js';
import { adapter, settings, system, taughtRows } from './state.js';
import { ADAPTER_GGUF } from './takeTexts.js';

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
    const back = () => void loadAdapter(files);
    say('note', 'The adapter was removed', { label: 'Undo', run: back });
  } catch (error) {
    say('error', reasonOf(error));
  }
}

async function loadAdapter(files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  try {
    adapter.value = await ask((lab) => lab.loadAdapter(files));
  } catch (error) {
    say('error', reasonOf(error));
  }
}
