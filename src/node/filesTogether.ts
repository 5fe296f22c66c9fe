/**
 * Several files of a directory as one unit. They are written beside the old ones, then a journal says that they are whole,
 * and then they take their places: the file without which the others mean nothing, the key, leaves first and comes last. So
 * after a crash at any moment, or in the middle of a write, whoever looks finds the old files, the new ones, or no key;
 * never some of both. The next to open the directory does what a journal says is left to do.
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

/** What changes a directory; a test lets it end anywhere. */
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
 * Writes files into a directory that nobody else writes to.
 * @param files  the first is the key
 * @throws DataError when they cannot be written; before the journal is there, the old files are as they were
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
 * Does what is left to do of a write that was begun.
 * @throws DataError when that fails, or the journal is none
 */
export async function finishWriting(directory: string, operations: Operations = OPERATIONS): Promise<void> {
  const journal = await readJournal(directory);
  if (!journal) return;
  const [[key, newKey], ...others] = journal;
  try {
    await operations.flush(directory);
    // Where the new key is in its place, so are the others.
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

/** Names and the temporary files that are to have them, the key first. @throws DataError for a text that no write has left */
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
    // Said below.
  }
  if (Array.isArray(journal) && journal.length > 0 && journal.every(isEntry)) return journal;
  throw new DataError(`${path}: is not a journal of written files: delete it`);
}

/** A file of the directory itself, and one of our temporary files. */
function isEntry(value: unknown): value is [string, string] {
  if (!Array.isArray(value) || value.length !== 2 || value.some((each) => typeof each !== 'string'))
    return false;
  const [name, temporary] = value;
  return name === basename(name) && !name.startsWith('.') && readOwnName(temporary)?.kind === 'tmp';
}

/** For another who writes to finish. */
export const WAIT_MS = 10_000;
const LOOK_AGAIN_MS = 20;

/**
 * Reads files as they were at one moment, once a write that was begun is finished.
 * @param names  the key first
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
    // The key leaves before another file changes, so while it is the same, so are they.
    const isSame = before !== undefined && before === (await identity(join(directory, key)));
    const isWriting = await isBeingWritten(directory);
    if (files instanceof Map && isSame && !isWriting) return files;
    // What was missing while another wrote is there by the next look.
    if (!(files instanceof Map) && !isWriting && ++failures > 1) throw files;
    if (performance.now() > end)
      throw new DataError(`${directory}: cannot be read: it is written all the time`);
    await sleep(LOOK_AGAIN_MS);
  }
}

/** @throws DataError when another writes there for long */
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

/** Another for another file; undefined where there is none. */
async function identity(path: string): Promise<string | undefined> {
  return stat(path).then(
    ({ ino, size, mtimeMs, ctimeMs }) => `${ino} ${size} ${mtimeMs} ${ctimeMs}`,
    () => undefined,
  );
}

async function exists(path: string): Promise<boolean> {
  return (await identity(path)) !== undefined;
}
