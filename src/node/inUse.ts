/**
 * Limits a directory to one user at a time, among the processes of all terminals. A process that takes the directory puts its
 * own mark into it, and has the directory once there is no other mark. Since a mark's name belongs to its process, a mark that
 * a killed process has left can be removed by any process at any time, and two that do so at once cannot both get the
 * directory: the later mark of the two is made before its process looks, and sees the earlier one.
 */
import { appendFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataError } from '../base/errors.js';
import { hasCode, makeDirectory, removeEmpty, removeLeftovers } from './directories.js';
import { reasonOf } from './files.js';
import { hostName, type Kind, ownName, readOwnName } from './ownNames.js';

export interface UseOptions {
  /** Kind of use; uses of different kinds do not conflict. */
  readonly kind: Exclude<Kind, 'tmp'>;
  /** Time in milliseconds to wait for another user before throwing. Default 0. */
  readonly waitMs?: number;
  /** Ends the waiting. */
  readonly signal?: AbortSignal | undefined;
  /** Called once the process has the directory, before files of killed processes are removed. */
  readonly before?: () => Promise<void>;
}

/** Text that follows the host's name in a mark once its process has the directory. */
const HAD = '\nhas it';

/** Time for processes that come at the same moment to see each other, and for all but one to step back. */
const SETTLE_MS = 1000;
const LOOK_AGAIN_MS = 20;

/**
 * Runs `body` with exclusive use of a directory. The directory is created if necessary, and removed again when it is still
 * empty; what killed processes have left there is removed first.
 * @throws DataError when another has it, naming its process, or when no files can be written there
 */
export async function withDirectory<T>(
  path: string,
  { kind, waitMs = 0, signal, before }: UseOptions,
  body: () => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + waitMs;
  const made = await makeDirectory(path).catch((error: unknown) => cannotWrite(path, error));
  try {
    let mark = await tryToHave(path, kind);
    while (typeof mark !== 'string') {
      signal?.throwIfAborted();
      if (performance.now() > deadline) throw new DataError(await describeUser(path, mark.other));
      await sleep(LOOK_AGAIN_MS * (1 + Math.random()));
      mark = await tryToHave(path, kind);
    }
    try {
      await before?.();
      await removeLeftovers(path);
      return await body();
    } finally {
      // The directory may be gone, or have become read-only; the mark ends with the process in any case.
      await rm(join(path, mark), { force: true }).catch(() => undefined);
    }
  } finally {
    await removeEmpty(made);
  }
}

/** The name of the mark that has the directory, or of another's. */
async function tryToHave(path: string, kind: Kind): Promise<string | { readonly other: string }> {
  const mark = ownName(kind);
  const file = join(path, mark);
  await putMark(path, file);
  try {
    const end = performance.now() + SETTLE_MS;
    for (;;) {
      const others = await usersOf(path, kind, mark);
      if (others.length === 0) {
        await appendFile(file, HAD).catch((error: unknown) => cannotWrite(path, error));
        return mark;
      }
      // Among processes that came at the same moment the first in order stays; one that already has the directory stays too.
      const user = await whoHas(path, others);
      if (user !== undefined || others.some((name) => name < mark) || performance.now() > end) {
        await rm(file, { force: true });
        return { other: user ?? others[0] };
      }
      await sleep(LOOK_AGAIN_MS);
    }
  } catch (error) {
    await rm(file, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** Makes the directory again where a user before removed it, with nothing in it. */
async function putMark(path: string, file: string): Promise<void> {
  try {
    await writeFile(file, hostName(), { flag: 'wx' }).catch(async (error: unknown) => {
      if (!hasCode(error, 'ENOENT')) throw error;
      await makeDirectory(path);
      await writeFile(file, hostName(), { flag: 'wx' });
    });
  } catch (error) {
    cannotWrite(path, error);
  }
}

async function usersOf(path: string, kind: Kind, mark: string): Promise<string[]> {
  const names = await readdir(path).catch((error: unknown) => cannotWrite(path, error));
  return names.filter((name) => {
    const found = readOwnName(name);
    return name !== mark && found?.kind === kind && found.state !== 'dead';
  });
}

/** The mark among these whose process already has the directory. */
async function whoHas(path: string, marks: readonly string[]): Promise<string | undefined> {
  for (const mark of marks) if ((await textOf(path, mark)).endsWith(HAD)) return mark;
  return undefined;
}

/** The text of a mark: the host's name, and whether its process has the directory; empty for a mark that is gone. */
function textOf(path: string, mark: string): Promise<string> {
  return readFile(join(path, mark), 'utf8').catch(() => '');
}

async function describeUser(path: string, mark: string): Promise<string> {
  const { pid, state } = readOwnName(mark) ?? {};
  if (state === 'on another host') {
    const [host] = (await textOf(path, mark)).split('\n');
    const which = host === '' ? 'another host' : `the host or container ${host}`;
    return `${path}: is in use by process ${pid} of ${which}, which cannot be checked from here: if it has ended, delete ${join(path, mark)}`;
  }
  const user = pid === process.pid ? `this process (${pid})` : `process ${pid}`;
  return `${path}: is in use by ${user}: wait until it has ended, or name another directory`;
}

function cannotWrite(path: string, error: unknown): never {
  throw new DataError(`${path}: no files can be written to this directory: ${reasonOf(error)}`);
}
