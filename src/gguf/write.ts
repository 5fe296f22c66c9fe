/** Writes GGUF files of version 3, part by part, so that a model is never in memory as a whole. */
import { ShapeError } from '../base/errors.js';
import { HeaderWriter, type WritableValue } from './headerWriter.js';
import {
  aligned,
  byteLengthOf,
  DEFAULT_ALIGNMENT,
  type GgufType,
  isAlignment,
  MAGIC,
  MAX_DIMENSIONS,
  MAX_KEY_BYTES,
  TENSOR_TYPES,
} from './types.js';

export type { WritableValue } from './headerWriter.js';

/** ggml keeps a name in 64 bytes, with a zero at the end. */
const MAX_NAME_BYTES = 63;

export interface WritableGgufTensor {
  /** Name of at most 63 bytes, the limit of llama.cpp. */
  readonly name: string;
  /** Shape in torch's order, `[out, in]`, with at most 4 dimensions. */
  readonly shape: readonly number[];
  readonly type: GgufType;
  readonly byteLength: number;
  /** The blocks or elements, little-endian, row-major; a function is called when the tensor is written. */
  readonly bytes: Uint8Array | (() => Promise<Uint8Array>);
}

export interface WritableGguf {
  /** Metadata in the order of the file. `general.alignment` is written automatically. */
  readonly metadata: Iterable<readonly [key: string, value: WritableValue]>;
  /** Tensors in the order of the file. */
  readonly tensors: readonly WritableGgufTensor[];
  /** Alignment of the tensors, a power of two, at least 8. Default 32. */
  readonly alignment?: number;
}

/**
 * The parts of a GGUF file in their order: the header, then each tensor, all padded to the alignment. Everything but the
 * tensors' bytes is checked immediately, before the first part.
 *
 * @throws ShapeError when a shape does not fit its type or its bytes; for bytes that come late, during iteration
 * @throws RangeError when a name or key appears twice or is too long, a value does not fit its type, or the alignment is invalid
 * @see https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
export function ggufParts({
  metadata,
  tensors,
  alignment = DEFAULT_ALIGNMENT,
}: WritableGguf): AsyncIterable<Uint8Array> {
  if (!isAlignment(alignment))
    throw new RangeError(`ggufParts: alignment must be a power of two, at least 8: got ${alignment}`);
  const header = headerOf([...metadata], tensors, alignment);
  return { [Symbol.asyncIterator]: () => partsOf(header, tensors, alignment) };
}

async function* partsOf(
  header: Uint8Array,
  tensors: readonly WritableGgufTensor[],
  alignment: number,
): AsyncGenerator<Uint8Array> {
  yield header;
  for (const tensor of tensors) {
    const bytes = typeof tensor.bytes === 'function' ? await tensor.bytes() : tensor.bytes;
    checkBytes(tensor, bytes);
    if (bytes.length > 0) yield bytes;
    const padding = aligned(bytes.length, alignment) - bytes.length;
    if (padding > 0) yield new Uint8Array(padding);
  }
}

function headerOf(
  metadata: readonly (readonly [string, WritableValue])[],
  tensors: readonly WritableGgufTensor[],
  alignment: number,
): Uint8Array {
  checkNames(
    'key',
    metadata.map(([key]) => key),
  );
  checkNames(
    'tensor',
    tensors.map(({ name }) => name),
  );
  const isDefault = alignment === DEFAULT_ALIGNMENT;
  const writer = new HeaderWriter();
  writer.u32(MAGIC);
  writer.u32(3);
  writer.u64(tensors.length);
  writer.u64(metadata.length + (isDefault ? 0 : 1));
  const alignmentEntry = ['general.alignment', { type: 'u32', value: alignment }] as const;
  for (const [key, value] of isDefault ? metadata : [alignmentEntry, ...metadata]) {
    const where = `ggufParts: key ${JSON.stringify(key)}`;
    writer.text(key, where, MAX_KEY_BYTES);
    writer.value(value, where);
  }
  let offset = 0;
  for (const tensor of tensors) {
    writeTensor(writer, tensor, offset);
    offset = aligned(offset + tensor.byteLength, alignment);
  }
  return writer.bytes(aligned(writer.length, alignment));
}

function writeTensor(writer: HeaderWriter, tensor: WritableGgufTensor, offset: number): void {
  const { name, shape, type } = tensor;
  checkTensor(tensor);
  writer.text(name, `ggufParts: tensor ${JSON.stringify(name)}`, MAX_NAME_BYTES);
  writer.u32(shape.length);
  for (const size of [...shape].reverse()) writer.u64(size);
  writer.u32(TENSOR_TYPES[type].id);
  writer.u64(offset);
}

function checkNames(what: string, names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    const where = `ggufParts: ${what} ${JSON.stringify(name)}`;
    if (seen.has(name)) throw new RangeError(`${where}: is given twice`);
    if (name === 'general.alignment')
      throw new RangeError(`${where}: is written automatically: pass alignment instead`);
    seen.add(name);
  }
}

function checkTensor(tensor: WritableGgufTensor): void {
  const { name, shape, type, byteLength } = tensor;
  const where = `ggufParts: tensor ${JSON.stringify(name)}`;
  if (!Object.hasOwn(TENSOR_TYPES, type)) throw new RangeError(`${where}: unknown type: ${type}`);
  const sizes = `${type} [${shape.join(', ')}]`;
  if (shape.length > MAX_DIMENSIONS)
    throw new ShapeError(`${where}: must have at most ${MAX_DIMENSIONS} dimensions: ${sizes}`);
  if (shape.some((size) => !Number.isSafeInteger(size) || size < 0))
    throw new RangeError(`${where}: sizes must be non-negative integers: ${sizes}`);
  const expected = byteLengthOf(type, shape);
  if (typeof expected === 'string') throw new ShapeError(`${where}: ${expected}: ${sizes}`);
  if (byteLength !== expected)
    throw new ShapeError(
      `${where}: shape and bytes differ: ${sizes} needs ${expected} bytes, byteLength is ${byteLength}`,
    );
  if (typeof tensor.bytes !== 'function') checkBytes(tensor, tensor.bytes);
}

function checkBytes({ name, byteLength }: WritableGgufTensor, bytes: Uint8Array): void {
  if (bytes.length === byteLength) return;
  throw new ShapeError(
    `ggufParts: tensor ${JSON.stringify(name)}: byteLength and bytes differ: ${byteLength}, got ${bytes.length}`,
  );
}
