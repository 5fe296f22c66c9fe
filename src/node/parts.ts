/** Files that are read in parts, so that a large one is never in memory as a whole. */
import { open } from 'node:fs/promises';
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
  const file = await open(path, 'r').catch(cannot);
  try {
    const stat = await file.stat().catch(cannot);
    if (stat.isDirectory()) throw new DataError(`${path}: cannot be read: it is a directory`);
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
    return await body({ length: stat.size, read });
  } finally {
    await file.close();
  }
}
