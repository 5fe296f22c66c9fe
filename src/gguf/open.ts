/** Reads GGUF files tensor by tensor. */
import { DataError } from '../base/errors.js';
import type { ByteSource } from '../files/byteSource.js';
import { type Header, type HeaderTensor, readHeader } from './header.js';
import type { WritableValue } from './headerWriter.js';
import {
  aligned,
  byteLengthOf,
  DEFAULT_ALIGNMENT,
  describeType,
  type GgufType,
  isAlignment,
  typeOf,
} from './types.js';
import type { GgufValue } from './values.js';

/** A tensor in a file of which only the header was read. */
export interface GgufTensor {
  readonly name: string;
  /** Shape in torch's order, `[out, in]`; blocks lie along the last dimension. */
  readonly shape: readonly number[];
  readonly type: GgufType;
  readonly byteLength: number;
  /** Reads the blocks or elements, row-major. @throws DataError when they cannot be read */
  read(): Promise<Uint8Array>;
}

export interface OpenedGguf {
  readonly version: number;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  /** The metadata with the types of their values, as `ggufParts` accepts them. */
  readonly entries: ReadonlyMap<string, WritableValue>;
  /** The tensors by name, in the header's order. */
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

/** The place of a tensor's bytes in the file. */
interface Place {
  readonly tensor: HeaderTensor;
  readonly type: GgufType;
  readonly begin: number;
  readonly byteLength: number;
}

/**
 * Reads the header of a GGUF file of version 2 or 3, strictly, before any of its tensors: all names, types, shapes and
 * places are known to be valid when it returns.
 * @param name  name of the file in errors
 * @throws DataError when a rule of the format is broken, a type is not supported, or the model is split into several files
 * @see https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
export async function openGguf(source: ByteSource, name: string): Promise<OpenedGguf> {
  const header = await readHeader(source, name);
  const { version, entries } = header;
  const metadata = new Map(Array.from(entries, ([key, { value }]) => [key, value as GgufValue]));
  refuseParts(metadata, name);
  const places = placesOf(header, alignmentOf(metadata, name), name);
  checkPlaces(places, source.length, name);
  const tensors = new Map<string, GgufTensor>();
  for (const { tensor, type, begin, byteLength } of places) {
    const { shape } = tensor;
    const read = () => source.read(begin, byteLength);
    tensors.set(tensor.name, { name: tensor.name, shape, type, byteLength, read });
  }
  return { version, metadata, entries, tensors };
}

function refuseParts(metadata: OpenedGguf['metadata'], name: string): void {
  const count = metadata.get('split.count');
  if (count === undefined || count === 0 || count === 1) return;
  throw new DataError(
    `${name}: is one of ${count} parts of a model, which are not supported: merge them with llama-gguf-split --merge`,
  );
}

function alignmentOf(metadata: OpenedGguf['metadata'], name: string): number {
  const value = metadata.get('general.alignment') ?? DEFAULT_ALIGNMENT;
  if (isAlignment(value)) return value;
  throw new DataError(`${name}: general.alignment: must be a power of two, at least 8: ${value}`);
}

function placesOf({ tensors, byteLength: headerLength }: Header, alignment: number, name: string): Place[] {
  const start = aligned(headerLength, alignment);
  return tensors.map((tensor) => {
    const where = `${name}: tensor ${JSON.stringify(tensor.name)}`;
    const type = typeOf(tensor.typeId);
    if (type === undefined)
      throw new DataError(`${where}: this tensor type is not supported: ${shareOf(tensor, tensors)}`);
    if (tensor.offset % alignment !== 0)
      throw new DataError(`${where}: offset must be a multiple of ${alignment}: ${tensor.offset}`);
    const byteLength = byteLengthOf(type, tensor.shape);
    if (typeof byteLength === 'string')
      throw new DataError(`${where}: ${byteLength}: ${type} [${tensor.shape.join(', ')}]`);
    return { tensor, type, begin: start + tensor.offset, byteLength };
  });
}

/** The type of a tensor, and the number of tensors that have it. */
function shareOf({ typeId }: HeaderTensor, tensors: readonly HeaderTensor[]): string {
  const count = tensors.filter((each) => each.typeId === typeId).length;
  return `${describeType(typeId)}, ${count} of ${tensors.length} tensors`;
}

/** Checks that tensors lie within the file without overlaps; holes are allowed. */
function checkPlaces(places: readonly Place[], fileLength: number, name: string): void {
  const sorted = [...places].sort((a, b) => a.begin - b.begin);
  let [end, before] = [0, ''];
  for (const { tensor, begin, byteLength } of sorted) {
    const where = `${name}: tensor ${JSON.stringify(tensor.name)}`;
    if (begin + byteLength > fileLength)
      throw new DataError(
        `${where}: truncated: bytes ${begin} to ${begin + byteLength} are beyond the file's ${fileLength}`,
      );
    if (byteLength === 0) continue;
    if (begin < end)
      throw new DataError(
        `${where}: overlaps ${JSON.stringify(before)}: begins at ${begin}, expected ${end} or later`,
      );
    [end, before] = [begin + byteLength, tensor.name];
  }
}
