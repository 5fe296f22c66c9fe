/** Errors for directories without the required files: what they hold instead, and what to do. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DataError } from '../base/errors.js';
import { reasonOf } from './files.js';

const CONFIG = 'adapter_config.json';
const MODEL = 'adapter_model.safetensors';

/** Maximum number of names that an error lists. */
const MOST_LISTED = 5;

/** @throws DataError for a file, or a path that does not exist; for one of an adapter's files it names the directory to give */
export async function checkIsDirectory(path: string): Promise<void> {
  if (await isDirectory(path)) return;
  const inside = /^adapter_(config\.json|model\.)/.test(basename(path)) ? `: give ${dirname(path)}` : '';
  throw new DataError(`${path}: must be a directory: it is a file${inside}`);
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

/** Whether a path is a directory, after symbolic links. @throws DataError when it does not exist */
async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw new DataError(`${path}: cannot be read: ${reasonOf(error)}`);
  }
}

/** @throws DataError when one of the names is not in the directory, saying what it holds instead and what to do */
export async function checkNames(path: string, needed: readonly string[]): Promise<void> {
  const names = await readdir(path).catch((error: unknown) => {
    throw new DataError(`${path}: cannot be read: ${reasonOf(error)}`);
  });
  const missing = needed.filter((name) => !names.includes(name));
  if (missing.length === 0) return;
  throw new DataError(
    `${path}: has no ${missing.join(' and no ')}: ${await explain(path, [...names].sort())}`,
  );
}

/** Describes what a directory holds instead, and what to do. */
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
