/** A directory with an adapter's files. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DataError } from '../errors.js';
import { reasonOf } from './files.js';
import { finishWriting, readTogether, type Together, writeTogether } from './filesTogether.js';
import { withDirectory } from './inUse.js';

const CONFIG = 'adapter_config.json';
const MODEL = 'adapter_model.safetensors';

/** PEFT takes a directory for an adapter by its config. */
const ADAPTER: Together = { names: [CONFIG, MODEL], key: CONFIG };

/** Most names that an error lists. */
const MOST_LISTED = 5;

/** Enough for the files of others who write into the same directory. */
const WAIT_MS = 10_000;

/**
 * Writes an adapter's files into a directory, all of them or none, also where the process ends in the middle; those of two who
 * write at once do not mix.
 * @throws DataError naming what cannot be written
 */
export async function writeDirectory(path: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const before = () => finishWriting(path, ADAPTER);
  await withDirectory(path, { kind: 'adapter', waitMs: WAIT_MS, before }, () =>
    writeTogether(path, ADAPTER, files),
  );
}

/**
 * An adapter's two files by name.
 * @throws DataError naming what cannot be read, or what the directory holds instead and what to do
 */
export async function readAdapterDirectory(path: string): Promise<Map<string, Uint8Array>> {
  if (!(await isDirectory(path))) {
    const inside = /^adapter_(config\.json|model\.)/.test(basename(path)) ? `: give ${dirname(path)}` : '';
    throw new DataError(`${path}: must be the directory of an adapter: it is a file${inside}`);
  }
  try {
    return await readTogether(path, ADAPTER);
  } catch (error) {
    // What there is instead says more than that a file is missing.
    await checkNames(path, ADAPTER.names);
    throw error;
  }
}

/**
 * The file with an adapter's tensors where a directory is given, also by a symbolic link; otherwise the file itself.
 * @throws DataError saying what the directory holds instead and what to do
 */
export async function tensorsOf(path: string): Promise<string> {
  if (!(await isDirectory(path))) return path;
  await checkNames(path, [MODEL]);
  return join(path, MODEL);
}

/** Whether a path is a directory, after symbolic links. @throws DataError when there is nothing */
async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw new DataError(`${path}: cannot be read: ${reasonOf(error)}`);
  }
}

/** @throws DataError when one of the names is not in the directory */
async function checkNames(path: string, needed: readonly string[]): Promise<void> {
  const names = await readdir(path).catch((error: unknown) => {
    throw new DataError(`${path}: cannot be read: ${reasonOf(error)}`);
  });
  const missing = needed.filter((name) => !names.includes(name));
  if (missing.length === 0) return;
  throw new DataError(
    `${path}: has no ${missing.join(' and no ')}: ${await explain(path, [...names].sort())}`,
  );
}

/** What a directory holds instead, and what to do. */
async function explain(path: string, names: readonly string[]): Promise<string> {
  if (names.includes('adapter_model.bin') && !names.includes(MODEL)) {
    return 'it has adapter_model.bin, whose pickle can run any code and is not read: load it with PEFT and save it again (save_pretrained writes safetensors)';
  }
  const adapters: string[] = [];
  for (const name of names) {
    const inside = await readdir(join(path, name)).catch((): string[] => []);
    if (inside.includes(CONFIG)) adapters.push(name);
  }
  if (adapters.length > 0) {
    return `the adapters are in its sub-directories ${listed(adapters)}: give one of them, such as ${join(path, adapters[0])}`;
  }
  if (names.some((name) => /^(model|pytorch_model)\b.*\.(safetensors|bin|json)$/.test(name))) {
    return 'it holds a whole model, not an adapter';
  }
  return names.length === 0 ? 'it is empty' : `it holds ${listed(names)}`;
}

function listed(names: readonly string[]): string {
  const more = names.length > MOST_LISTED ? ` and ${names.length - MOST_LISTED} more` : '';
  return `${names.slice(0, MOST_LISTED).join(', ')}${more}`;
}
