/** The place of a model: one file, or a folder of several. */
import { type ByteSource, blobSource } from './byteSource.js';
import type { FileSource } from './fileSource.js';
import { fileAt, type ReadablePlace, readablePlace } from './fileStore.js';

/** A file, or a place with several files; in Node also the path of either. */
export type ModelPlace = ReadablePlace | Blob | ByteSource;

export interface ModelFile {
  readonly source: ByteSource;
  /** Name of the file in errors. */
  readonly name: string;
}

/**
 * The file or the files of a place.
 * @param what  the argument, for errors
 * @throws TypeError for a path where paths are not supported, and for anything else; DataError where nothing exists
 */
export async function modelPlace(what: string, place: ModelPlace): Promise<ModelFile | FileSource> {
  if (typeof place === 'string') {
    const source = await fileAt(place);
    return source ? { source, name: place } : readablePlace(what, place);
  }
  if (place instanceof Blob) {
    const name = place instanceof File ? place.name : 'the model';
    return { source: blobSource(place, name), name };
  }
  if (typeof (place as Partial<ByteSource> | null)?.length === 'number' && !('open' in place))
    return { source: place as ByteSource, name: 'the model' };
  return readablePlace(what, place as ReadablePlace);
}
