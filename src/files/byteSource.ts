/** Bytes that are read in parts from any place, so that a large file is never wholly in memory. */

import { DataError } from '../base/errors.js';
import { asBytes, type Bytes } from './bytes.js';

export interface ByteSource {
  /** Total number of bytes. */
  readonly length: number;
  /** Reads bytes. @throws DataError when they cannot be read, or the source ends before */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** A source of bytes in memory; reading gives views of them. */
export function bytesSource(bytes: Bytes, name = 'the file'): ByteSource {
  const all = asBytes(bytes, name);
  return {
    length: all.length,
    read: async (offset, length) => {
      checkRange(name, all.length, offset, length);
      return all.subarray(offset, offset + length);
    },
  };
}

/** A source of a file that a visitor picked, or of another Blob. */
export function blobSource(blob: Blob, name = 'the file'): ByteSource {
  return {
    length: blob.size,
    read: async (offset, length) => {
      checkRange(name, blob.size, offset, length);
      try {
        return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
      } catch (error) {
        // A file on a disk may have been changed or deleted.
        throw new DataError(`${name}: cannot be read: ${error}`, { cause: error });
      }
    },
  };
}

/** Checks a range of bytes. @throws DataError for bytes that a source does not have */
export function checkRange(name: string, all: number, offset: number, length: number): void {
  if (offset >= 0 && length >= 0 && offset + length <= all) return;
  throw new DataError(`${name}: is cut short: bytes ${offset} to ${offset + length} are requested of ${all}`);
}
