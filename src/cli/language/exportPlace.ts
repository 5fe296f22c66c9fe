/** Checks where an export goes before the long work, so that nothing is replaced unintentionally. */
import { readdir, realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { DataError } from '../../core.js';
import { ADAPTER_FILES } from '../../lora/adapterFile.js';
import { exists, reasonOf } from '../../node/files.js';
import { checkIsDirectory, checkNames } from '../../node/missingFiles.js';
import { ensureWritableDirectory } from '../../node.js';
import { UsageError } from '../errors.js';
import { ensureWritableFile } from '../json.js';
import type { ExportCommand } from './exportOptions.js';

/**
 * Looks for the adapters, then at the place of the output.
 * @throws DataError where an adapter is missing, the output exists without `--overwrite`, or cannot be written
 */
export async function checkFree({ adapters, form, out, overwrite }: ExportCommand): Promise<void> {
  for (const { directory } of adapters) {
    // Before the output, whose directory is made, and may be the adapter's.
    if (!(await exists(directory))) throw new DataError(`${directory}: there is no such directory`);
    await checkIsDirectory(directory);
    await checkNames(directory, ADAPTER_FILES);
  }
  const isFolder = form === 'peft' || form === 'folder';
  const isUsed = isFolder ? await holdsFiles(out) : await exists(out);
  if (isUsed && !overwrite)
    throw new DataError(`${out}: exists already: give another --out, or --overwrite to replace it`);
  if (isFolder) await ensureWritableDirectory(dirname(resolve(out)));
  else await ensureWritableFile(out);
}

/** @throws DataError for a file */
async function holdsFiles(path: string): Promise<boolean> {
  if (!(await exists(path))) return false;
  await checkIsDirectory(path);
  try {
    return (await readdir(path)).length > 0;
  } catch (error) {
    throw new DataError(`${path}: cannot be read: ${reasonOf(error)}`);
  }
}

/**
 * @param model  the path that was found for `--model`
 * @throws UsageError where the output would replace the base, or stand among an adapter's files as another thing
 */
export async function checkApart({ adapters, form, out }: ExportCommand, model: string): Promise<void> {
  if (!(await exists(out))) return;
  if (await isSame(out, model)) throw new UsageError(`--out: must not be the model itself: ${out}`);
  if (form !== 'folder') return;
  for (const { directory } of adapters)
    if (await isSame(out, directory))
      throw new UsageError(`--out: must not be the adapter's own directory for --to merged: ${out}`);
}

async function isSame(one: string, other: string): Promise<boolean> {
  if ((await realpath(one)) === (await realpath(other))) return true;
  const [a, b] = [await stat(one), await stat(other)];
  return a.dev === b.dev && a.ino === b.ino;
}
