/**
 * Writes several files of a directory as one unit. They are written beside the old ones, then a journal records that they
 * are complete, and then they are renamed: the key, the file without which the others mean nothing, is removed first and
 * renamed last. So after a crash at any moment, or in the middle of a write, a reader finds the old files, the new ones, or
 * no key; never a mixture. The next process that opens the directory completes what the journal lists.
 */
import { readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataError } from '../base/errors.js';
import type { FileContent } from '../files/fileStore.js';
import { hasCode, JOURNAL } from './directories.js';
import { flushDirectory, readFileBytes, reasonOf, writeFlushed } from './files.js';
import { withDirectory } from './inUse.js';
import { ownName, readOwnName } from './ownNames.js';

/** The operations that change a directory; a test can make them fail at any point. */
export interface Operations {
  write(path: string, content: FileContent): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  flush(directory: string): Promise<void>;
}

const OPERATIONS: Operations = {
  write: writeFlushed,
  rename,
  remove: (path) => rm(path, { force: true }),
  flush: flushDirectory,
};

/**
 * Writes files into a directory that no other process writes to.
 * @param files  files by name, the first of which is the key
 * @throws DataError when they cannot be written; before the journal exists, the old files are unchanged
 */
export async function writeTogether(
  directory: string,
  files: ReadonlyMap<string, FileContent>,
  operations: Operations = OPERATIONS,
): Promise<void> {
  const temporaries = Array.from(files, ([name, content]) => ({ name, content, temporary: ownName('tmp') }));
  const journal = ownName('tmp');
  try {
    for (const { content, temporary } of temporaries) {
      await operations.write(join(directory, temporary), content);
    }
    const text = JSON.stringify(temporaries.map(({ name, temporary }) => [name, temporary]));
    await operations.write(join(directory, journal), new TextEncoder().encode(text));
    await operations.flush(directory);
    await operations.rename(join(directory, journal), join(directory, JOURNAL));
  } catch (error) {
    for (const name of [journal, ...temporaries.map(({ temporary }) => temporary)])
      await operations.remove(join(directory, name)).catch(() => undefined);
    throw new DataError(`${join(directory, temporaries[0].name)}: cannot be written: ${reasonOf(error)}`);
  }
  await finishWriting(directory, operations);
}

/**
 * Completes a write that was begun.
 * @throws DataError when that fails, or the journal is invalid
 */
export async function finishWriting(directory: string, operations: Operations = OPERATIONS): Promise<void> {
  const journal = await readJournal(directory);
  if (!journal) return;
  const [[key, newKey], ...others] = journal;
  try {
    await operations.flush(directory);
    // Where the new key is in place, so are the others.
    if (await exists(join(directory, newKey))) {
      await operations.remove(join(directory, key));
      await operations.flush(directory);
      for (const [name, temporary] of [...others, [key, newKey]]) {
        if (!(await exists(join(directory, temporary)))) continue;
        if (name === key) await operations.flush(directory);
        await operations.rename(join(directory, temporary), join(directory, name));
      }
      await operations.flush(directory);
    }
    await operations.remove(join(directory, JOURNAL));
  } catch (error) {
    throw new DataError(`${join(directory, key)}: cannot be written: ${reasonOf(error)}`);
  }
}

/** Whether a write was begun and is not finished. */
export function isBeingWritten(directory: string): Promise<boolean> {
  return exists(join(directory, JOURNAL));
}

/** Names and the temporary files to rename to them, the key first. @throws DataError for an invalid journal */
async function readJournal(directory: string): Promise<[string, string][] | undefined> {
  const path = join(directory, JOURNAL);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw new DataError(`${path}: cannot be read: ${reasonOf(error)}`);
  });
  if (text === undefined) return undefined;
  let journal: unknown;
  try {
    journal = JSON.parse(text);
  } catch {
    // Reported below.
  }
  if (Array.isArray(journal) && journal.length > 0 && journal.every(isEntry)) return journal;
  throw new DataError(`${path}: is not a journal of written files: delete it`);
}

/** Whether a value is the name of a file of the directory itself, with one of our temporary files. */
function isEntry(value: unknown): value is [string, string] {
  if (!Array.isArray(value) || value.length !== 2 || value.some((each) => typeof each !== 'string'))
    return false;
  const [name, temporary] = value;
  return name === basename(name) && !name.startsWith('.') && readOwnName(temporary)?.kind === 'tmp';
}

/** Time for another writer to finish. */
export const WAIT_MS = 10_000;
const LOOK_AGAIN_MS = 20;

/**
 * Reads files as they were at one moment, after completing a write that was begun.
 * @param names  names of the files, the key first
 * @throws DataError when one cannot be read, or others write all the time
 */
export async function readTogether(
  directory: string,
  names: readonly string[],
): Promise<Map<string, Uint8Array>> {
  const [key] = names;
  const end = performance.now() + WAIT_MS;
  let failures = 0;
  for (;;) {
    if (await isBeingWritten(directory)) await waitAndFinish(directory);
    const before = await identity(join(directory, key));
    const files = await readAll(directory, names);
    // The key is removed before another file changes: while it is the same, so are they.
    const isSame = before !== undefined && before === (await identity(join(directory, key)));
    const isWriting = await isBeingWritten(directory);
    if (files instanceof Map && isSame && !isWriting) return files;
    // A file that was missing while another process wrote exists at the next attempt.
    if (!(files instanceof Map) && !isWriting && ++failures > 1) throw files;
    if (performance.now() > end)
      throw new DataError(`${directory}: cannot be read: it is written all the time`);
    await sleep(LOOK_AGAIN_MS);
  }
}

/** Waits for other writers and completes their writes. @throws DataError when another process writes for too long */
export async function waitAndFinish(directory: string): Promise<void> {
  const before = () => finishWriting(directory);
  await withDirectory(directory, { kind: 'adapter', waitMs: WAIT_MS, before }, async () => undefined);
}

async function readAll(
  directory: string,
  names: readonly string[],
): Promise<Map<string, Uint8Array> | DataError> {
  const files = new Map<string, Uint8Array>();
  try {
    for (const name of names) files.set(name, await readFileBytes(join(directory, name)));
    return files;
  } catch (error) {
    if (error instanceof DataError) return error;
    throw error;
  }
}

/** An identity that differs between files; undefined where there is no file. */
async function identity(path: string): Promise<string | undefined> {
  return stat(path).then(
    ({ ino, size, mtimeMs, ctimeMs }) => `${ino} ${size} ${mtimeMs} ${ctimeMs}`,
    () => undefined,
  );
}

async function exists(path: string): Promise<boolean> {
  return (await identity(path)) !== undefined;
}
