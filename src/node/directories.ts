/** Creates directories, reporting the true reason of a failure, and removes files that killed processes have left. */
import { mkdir, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readOwnName } from './ownNames.js';

/** Name of the journal, which lists complete temporary files that wait to be renamed (see filesTogether.ts). */
export const JOURNAL = '.lowrank-journal.json';

/**
 * Creates a directory and its parents, one by one: `recursive` of `mkdir` reports ENOENT for a read-only file system and
 * others, because it tries once more and then reports that result.
 * @returns the directories that were created, the outermost first
 * @throws what `mkdir` throws; created directories are removed then
 */
export async function makeDirectory(path: string): Promise<string[]> {
  try {
    return await makeLast(path);
  } catch (error) {
    const parent = dirname(path);
    if (parent === path || !hasCode(error, 'ENOENT')) throw error;
    const made = await makeDirectory(parent);
    try {
      // Another process may have made the directory since.
      return [...made, ...(await makeLast(path))];
    } catch (reason) {
      await removeEmpty(made);
      throw reason;
    }
  }
}

async function makeLast(path: string): Promise<string[]> {
  try {
    await mkdir(path);
    return [path];
  } catch (error) {
    // A link that leads in a circle, or nowhere, is also in the way, and its own reason says more.
    const there = await stat(path).catch((reason: unknown) => {
      throw hasCode(error, 'EEXIST') ? reason : error;
    });
    if (there.isDirectory()) return [];
    throw error;
  }
}

/** Removes those of the directories that are empty. @param paths  the outermost first */
export async function removeEmpty(paths: readonly string[]): Promise<void> {
  // A directory that is not empty stays, and so do its parents.
  for (const path of [...paths].reverse()) await rmdir(path).catch(() => undefined);
}

/** Removes what ended processes have left in a directory: temporary files, and marks that it is in use. */
export async function removeLeftovers(path: string): Promise<void> {
  const names = await readdir(path);
  for (const name of names) {
    const own = readOwnName(name);
    const isWanted = own?.kind === 'tmp' && names.includes(JOURNAL);
    if (own?.state === 'dead' && !isWanted) await rm(join(path, name), { force: true });
  }
}

/** Whether `node:fs` threw with one of these codes. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return (
    error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code)
  );
}
