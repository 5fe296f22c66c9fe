/** Files that are read in parts, so that a large one is never in memory as a whole. */
import type { Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { DataError } from '../errors.js';
import { reasonOf } from './files.js';

export interface FileParts {
  /** Bytes of the whole file. */
  readonly length: number;
  /** @throws DataError naming the path and the reason, also when the file ends before */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/**
 * Opens a file for as long as `body` takes.
 * @throws DataError naming the path and the reason
 */
export async function withFileParts<T>(path: string, body: (file: FileParts) => Promise<T>): Promise<T> {
  const cannot = (error: unknown) => {
    throw new DataError(`${path}: cannot be read: ${reasonOf(error)}`);
  };
  // Before it is opened: to open a pipe is to wait for whoever writes into it.
  refuseUnlessFile(path, await stat(path).catch(cannot));
  const file = await open(path, 'r').catch(cannot);
  try {
    const { size } = await file.stat().catch(cannot);
    const read = async (offset: number, length: number) => {
      const bytes = new Uint8Array(length);
      let done = 0;
      while (done < length) {
        const { bytesRead } = await file.read(bytes, done, length - done, offset + done).catch(cannot);
        if (bytesRead === 0) throw new DataError(`${path}: cannot be read: it became shorter`);
        done += bytesRead;
      }
      return bytes;
    };
    return await body({ length: size, read });
  } finally {
    await file.close();
  }
}

/** @throws DataError for a directory, a device, a pipe or a socket */
function refuseUnlessFile(path: string, found: Stats): void {
  if (found.isFile()) return;
  const what = found.isDirectory() ? 'it is a directory' : 'it is no regular file';
  throw new DataError(`${path}: cannot be read: ${what}`);
}
