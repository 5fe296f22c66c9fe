/** Places with files in them, by name: one notion for models, wherever they are. */

import { type ByteSource, blobSource, bytesSource } from './byteSource.js';
import type { Bytes } from './bytes.js';

export interface FileSource {
  /** What errors call it. */
  readonly name: string;
  /** Undefined where there is no file of this name. @throws DataError when that cannot be found out */
  open(name: string): Promise<ByteSource | undefined>;
}

/** Files in memory, or those that a visitor picked. */
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
