/** Places that hold files by name: one interface for models in any place. */

import { type ByteSource, blobSource, bytesSource } from './byteSource.js';
import type { Bytes } from './bytes.js';

export interface FileSource {
  /** Name of the place in errors. */
  readonly name: string;
  /** Opens a file; undefined where none has this name. @throws DataError when that cannot be determined */
  open(name: string): Promise<ByteSource | undefined>;
}

/** A source of files in memory, or of those that a visitor picked. */
export function mapFiles(files: ReadonlyMap<string, Bytes | Blob>, name = 'the files'): FileSource {
  return {
    name,
    open: async (file) => {
      const found = files.get(file);
      if (found === undefined) return undefined;
      return found instanceof Blob ? blobSource(found, file) : bytesSource(found, file);
    },
  };
}
