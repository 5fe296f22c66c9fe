/** Files in Node: read whole, written whole or not at all, with reasons in words. */
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DataError } from '../base/errors.js';
import type { FileContent } from '../files/fileStore.js';
import { hasCode, makeDirectory, removeLeftovers } from './directories.js';
import { ownName } from './ownNames.js';

const REASONS: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'permission denied'],
  ['EAGAIN', 'it is not ready'],
  ['EBUSY', 'it is in use'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EEXIST', 'a file of that name is in the way'],
  ['EFBIG', 'it is larger than the file system allows'],
  ['EINVAL', 'the system does not accept it'],
  ['EIO', 'the device reports an input/output error'],
  ['EISDIR', 'it is a directory'],
  ['ELOOP', 'too many symbolic links'],
  ['EMFILE', 'too many open files'],
  ['ENAMETOOLONG', 'the name is too long'],
  ['ENFILE', 'too many open files on this machine'],
  ['ENODEV', 'the device does not exist'],
  ['ENOENT', 'no such file or directory'],
  ['ENOSPC', 'no space left on the device'],
  ['ENOTDIR', 'a part of the path is a file, not a directory'],
  ['ENOTEMPTY', 'the directory is not empty'],
  ['ENOTSUP', 'the file system does not support it'],
  ['ENXIO', 'the device does not exist'],
  ['EPERM', 'operation not permitted'],
  ['EROFS', 'the file system is read-only'],
  ['ESTALE', 'the file server has forgotten it'],
  ['ETIMEDOUT', 'the file server does not answer'],
  ['ETXTBSY', 'it is being executed'],
  ['EXDEV', 'it is on another file system'],
  ['ERR_ACCESS_DENIED', "the runtime's permissions do not allow it"],
  ['ERR_FS_FILE_TOO_LARGE', 'it is larger than 2 GiB'],
  ['ERR_INVALID_ARG_VALUE', 'the path has a null character'],
]);

/**
 * Why a file operation failed, in words and with the system's code: `permission denied (EACCES)`.
 *
 * @param error what `node:fs` threw
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const words = code === undefined ? undefined : REASONS.get(code);
  return words === undefined ? error.message.replace(/\s+/g, ' ') : `${words} (${code})`;
}

/**
 * Reads a whole file, up to 2 GiB.
 *
 * @throws DataError naming the path and the reason
 */
export async function readFileBytes(path: string): Promise<Uint8Array> {
  try {
    // A device such as /dev/zero has no end; a pipe has one.
    const found = await stat(path);
    if (found.isCharacterDevice() || found.isBlockDevice()) throw new Error('it is a device');
    const { buffer, byteOffset, byteLength } = await readFile(path);
    return new Uint8Array(buffer, byteOffset, byteLength);
  } catch (error) {
    throw new DataError(`${path}: cannot be read: ${reasonOf(error)}`);
  }
}

/**
 * Whether a path exists.
 *
 * @throws DataError where that cannot be determined, for example without permission
 */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return false;
    throw new DataError(`${path}: cannot be read: ${reasonOf(error)}`);
  }
}

/**
 * Writes a file so that at every moment `path` holds the old content or the new, whole: into a temporary file
 * beside it, flushed to the disk, then renamed. The rename replaces a file, or a symbolic link itself.
 *
 * @param path in a directory that exists
 * @throws DataError naming the path and the reason; the temporary file is removed and `path` is unchanged
 * @see https://pubs.opengroup.org/onlinepubs/9699919799/functions/rename.html
 */
export async function writeFileAtomic(path: string, content: FileContent): Promise<void> {
  const temporary = join(dirname(path), ownName('tmp'));
  try {
    await writeFlushed(temporary, content);
    await rename(temporary, path);
  } catch (error) {
    // The first failure is the one to report, whatever the clean-up meets.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new DataError(`${path}: cannot be written: ${reasonOf(error)}`);
  }
  await flushDirectory(dirname(path));
}

/** @internal Writes a new file and waits until it is on the disk. */
export async function writeFlushed(path: string, content: FileContent): Promise<void> {
  const file = await open(path, 'wx');
  try {
    for await (const part of content instanceof Uint8Array ? [content] : content) await file.writeFile(part);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** @internal Makes a rename survive a power cut, where the system can (Windows opens no directories). */
export async function flushDirectory(path: string): Promise<void> {
  try {
    const directory = await open(path, 'r');
    await directory.sync().finally(() => directory.close());
  } catch {
    // The file is complete under its name already; only its survival of a power cut is uncertain.
  }
}

/**
 * Creates a directory and its parents, and checks that a file can be written there by writing one and
 * removing it, so that a long run does not fail at its end. Temporary files that killed processes have left there
 * are removed.
 *
 * @throws DataError naming the directory and the reason
 */
export async function ensureWritableDirectory(path: string): Promise<void> {
  const probe = join(path, ownName('tmp'));
  try {
    await makeDirectory(path);
    await removeLeftovers(path);
    await writeFlushed(probe, new Uint8Array(1));
    await rm(probe);
  } catch (error) {
    await rm(probe, { force: true }).catch(() => undefined);
    throw new DataError(`${path}: no files can be written to this directory: ${reasonOf(error)}`);
  }
}
