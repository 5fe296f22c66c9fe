/** Reads a file in parts. */
import type { Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { DataError } from '../base/errors.js';
import { type ByteSource, checkRange } from '../files/byteSource.js';
import { reasonOf } from './files.js';

/**
 * A source for a file of any size. No handle stays open: each read opens the file and checks that it is still the same.
 * @throws DataError when it does not exist, is not a regular file, or cannot be read
 */
export async function fileSource(path: string): Promise<ByteSource> {
  const cannot = (error: unknown): never => {
    throw new DataError(`${path}: cannot be read: ${reasonOf(error)}`);
  };
  // This comes before opening: opening a pipe would wait for its writer.
  const found = await stat(path).catch(cannot);
  refuseUnlessFile(path, found);
  return {
    length: found.size,
    read: async (offset, length) => {
      checkRange(path, found.size, offset, length);
      const file = await open(path, 'r').catch(cannot);
      try {
        const now = await file.stat().catch(cannot);
        if (now.ino !== found.ino || now.size !== found.size || now.mtimeMs !== found.mtimeMs) {
          throw new DataError(`${path}: cannot be read: it was changed meanwhile`);
        }
        const bytes = new Uint8Array(length);
        let done = 0;
        while (done < length) {
          const { bytesRead } = await file.read(bytes, done, length - done, offset + done).catch(cannot);
          if (bytesRead === 0) throw new DataError(`${path}: cannot be read: it became shorter`);
          done += bytesRead;
        }
        return bytes;
      } finally {
        await file.close();
      }
    },
  };
}

/** @throws DataError for a directory, a device, a pipe or a socket */
function refuseUnlessFile(path: string, found: Stats): void {
  if (found.isFile()) return;
  const what = found.isDirectory() ? 'it is a directory' : 'it is not a regular file';
  throw new DataError(`${path}: cannot be read: ${what}`);
}
