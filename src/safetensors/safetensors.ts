/**
 * The safetensors format, read strictly and written byte-stably, independent of the file system and of PEFT.
 *
 *     8 bytes    header length N, unsigned 64 bit, little-endian
 *     N bytes    JSON, UTF-8: {"__metadata__": {…}, "name": {"dtype", "shape", "data_offsets"}, …}
 *     the rest   the tensors, little-endian, row-major, without holes
 *
 * @see https://github.com/huggingface/safetensors#format
 */

import { DataError, ShapeError } from '../base/errors.js';
import { asBytes, type Bytes } from '../files/bytes.js';
import { wholeOf } from '../files/fileStore.js';
import { FLOAT_BYTES, type FloatType, floatBytes, readFloats } from './floats.js';
import { MAX_HEADER_BYTES, parseSafetensorsHeader } from './places.js';

export type { FloatType } from './floats.js';

/** A tensor of a file. */
export interface SafeTensor {
  /** Element type: `F32`, `BF16`, `I64`, … */
  dtype: string;
  /** Shape; `[]` for a scalar. */
  shape: number[];
  /** The elements, little-endian, row-major: a view of the file's bytes, at any alignment. */
  bytes: Uint8Array;
}

/** The contents of a safetensors file. */
export interface SafeTensors {
  /** The tensors by name, in the order of the file's bytes. */
  tensors: Map<string, SafeTensor>;
  metadata: Record<string, string>;
}

/** A tensor to be written; its values are rounded to the nearest of the type. */
export interface WritableTensor {
  readonly dtype: FloatType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array;
}

/** A tensor to be written whose bytes are made when it is written. */
export interface LaterTensor {
  readonly dtype: FloatType;
  readonly shape: readonly number[];
  /** The elements, little-endian, row-major. */
  readonly bytes: () => Promise<Uint8Array>;
}

/**
 * Reads a safetensors file. It is stricter than the Python library: duplicate keys, unknown fields and
 * anything but spaces after the header's JSON are refused too.
 *
 * @param bytes the whole file; the tensors are views of it
 * @param name name of the file in errors
 * @throws DataError when a rule of the format is broken
 * @see https://github.com/huggingface/safetensors#format
 */
export function parseSafetensors(bytes: Bytes, name: string): SafeTensors {
  const file = asBytes(bytes, 'parseSafetensors: the file');
  const { places, metadata } = parseSafetensorsHeader(file, file.length, name);
  const tensors = new Map<string, SafeTensor>();
  for (const [key, { dtype, shape, begin, end }] of places) {
    tensors.set(key, { dtype, shape, bytes: file.subarray(begin, end) });
  }
  return { tensors, metadata };
}

/**
 * The elements of a floating-point tensor as float32: F32 bit for bit, F16 and BF16 exactly.
 *
 * @param tensor a tensor of {@link parseSafetensors}, at any alignment
 * @param name name of the tensor in errors
 * @returns a copy, row-major
 * @throws DataError when the dtype is not F32, F16 or BF16
 */
export function toFloat32(tensor: SafeTensor, name: string): Float32Array {
  const { dtype } = tensor;
  const bytes = asBytes(tensor.bytes, `${name}: bytes`);
  if (!FLOAT_BYTES.has(dtype)) throw new DataError(`${name}: dtype must be F32, F16 or BF16: found ${dtype}`);
  return readFloats(bytes, dtype as FloatType);
}

/**
 * Writes a safetensors file: the same tensors and metadata give the same bytes in any order and on any
 * host, and with at most one metadata key the bytes that `safetensors.numpy.save` gives. (With more, the
 * Python library's order varies; here they are sorted.) Without metadata there is no `__metadata__`.
 *
 * @param tensors pairs of name and tensor, such as a Map
 * @param metadata strings by name; PEFT requires `{ format: 'pt' }`
 * @throws ShapeError when a shape does not fit its data
 * @throws RangeError when a name appears twice, is `__metadata__` or has a lone surrogate, when a size is
 *   not a non-negative integer, a dtype is not F32, F16 or BF16, or the header would be above 100,000,000 bytes
 * @see https://github.com/huggingface/safetensors#format
 */
export function serializeSafetensors(
  tensors: Iterable<readonly [string, WritableTensor]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  return wholeOf(safetensorsParts(tensors, metadata));
}

/**
 * The file in parts, the header and then each tensor, of which only one is made at a time.
 * @see {@link serializeSafetensors}
 */
export function safetensorsParts(
  tensors: Iterable<readonly [string, WritableTensor]>,
  metadata: Readonly<Record<string, string>> = {},
): Iterable<Uint8Array> {
  const sorted = inOrder(tensors);
  for (const [name, tensor] of sorted) checkWritable(name, tensor);
  const first = headerOf(sorted, metadata);
  return {
    *[Symbol.iterator]() {
      yield first;
      for (const [, { data, dtype }] of sorted) yield floatBytes(data, dtype);
    },
  };
}

/**
 * The file in parts, with tensors whose bytes are made one after the other.
 * @throws as {@link serializeSafetensors}; also, while it is iterated, ShapeError for too many or too few bytes
 */
export function safetensorsPartsLater(
  tensors: Iterable<readonly [string, LaterTensor]>,
  metadata: Readonly<Record<string, string>> = {},
): AsyncIterable<Uint8Array> {
  const sorted = inOrder(tensors);
  for (const [name, tensor] of sorted) checkSizes(name, tensor);
  const first = headerOf(sorted, metadata);
  return {
    async *[Symbol.asyncIterator]() {
      yield first;
      for (const [name, { dtype, shape, bytes }] of sorted) {
        const made = await bytes();
        const wanted = widthOf(dtype) * elementsOf(shape);
        if (made.length !== wanted)
          throw new ShapeError(
            `serializeSafetensors: tensor ${JSON.stringify(name)}: ${dtype} [${shape.join(', ')}] needs ${wanted} bytes: got ${made.length}`,
          );
        yield made;
      }
    },
  };
}

type Described = Pick<LaterTensor, 'dtype' | 'shape'>;

/** The tensors in the order of the Python library: by alignment, then name. */
function inOrder<T extends Described>(tensors: Iterable<readonly [string, T]>): (readonly [string, T])[] {
  return sortByName([...tensors]).sort(([, a], [, b]) => widthOf(b.dtype) - widthOf(a.dtype));
}

function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** The header. @param sorted  in the order of the file */
function headerOf(
  sorted: readonly (readonly [string, Described])[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const parts: string[] = [];
  if (Object.keys(metadata).length > 0) {
    const pairs = sortByName(Object.entries(metadata)).map(([key, value]) => `${quote(key)}:${quote(value)}`);
    parts.push(`"__metadata__":{${pairs.join(',')}}`);
  }
  let position = 0;
  for (const [name, { dtype, shape }] of sorted) {
    const end = position + widthOf(dtype) * elementsOf(shape);
    const place = `"shape":[${shape.join(',')}],"data_offsets":[${position},${end}]`;
    parts.push(`${quote(name)}:{"dtype":"${dtype}",${place}}`);
    position = end;
  }
  const header = new TextEncoder().encode(`{${parts.join(',')}}`);
  // Padded to 8, the data begin aligned and a reader needs no copy.
  const padded = Math.ceil(header.length / 8) * 8;
  if (padded > MAX_HEADER_BYTES) {
    throw new RangeError(`serializeSafetensors: header above ${MAX_HEADER_BYTES} bytes: ${padded}`);
  }
  const first = new Uint8Array(8 + padded).fill(0x20);
  const view = new DataView(first.buffer);
  view.setUint32(0, padded, true);
  view.setUint32(4, 0);
  first.set(header, 8);
  return first;
}

function widthOf(dtype: FloatType): number {
  return FLOAT_BYTES.get(dtype) ?? 4;
}

function checkSizes(name: string, { dtype, shape }: Described): void {
  const where = `serializeSafetensors: tensor ${JSON.stringify(name)}`;
  if (name === '__metadata__') throw new RangeError(`${where}: the name is reserved`);
  if (!FLOAT_BYTES.has(dtype))
    throw new RangeError(`${where}: dtype must be F32, F16 or BF16: found ${String(dtype)}`);
  if (shape.some((size) => !Number.isSafeInteger(size) || size < 0)) {
    throw new RangeError(`${where}: sizes must be non-negative integers: [${shape.join(', ')}]`);
  }
}

function checkWritable(name: string, tensor: WritableTensor): void {
  checkSizes(name, tensor);
  const { shape, data } = tensor;
  const where = `serializeSafetensors: tensor ${JSON.stringify(name)}`;
  if (!(data instanceof Float32Array || data instanceof Float64Array)) {
    const found = Object.prototype.toString.call(data).slice('[object '.length, -1);
    throw new TypeError(`${where}: data must be a Float32Array or Float64Array: got ${found}`);
  }
  const elements = elementsOf(shape);
  if (elements !== data.length) {
    throw new ShapeError(
      `${where}: shape and data differ: [${shape.join(', ')}] needs ${elements} values, found ${data.length}`,
    );
  }
}

/** Sorts by UTF-8 bytes, as Rust orders strings; JavaScript's own order puts U+1F600 before U+FFFD. */
function sortByName<T>(pairs: readonly (readonly [string, T])[]): (readonly [string, T])[] {
  const encoder = new TextEncoder();
  const keyed = pairs.map((pair) => ({ pair, key: encoder.encode(pair[0]) }));
  keyed.sort((a, b) => {
    const difference = a.key.findIndex((byte, i) => byte !== b.key[i]);
    if (difference < 0) return a.key.length - b.key.length;
    return a.key[difference] - (b.key[difference] ?? -1);
  });
  const sorted = keyed.map(({ pair }) => pair);
  const twice = sorted.find(([name], i) => i > 0 && sorted[i - 1][0] === name);
  if (twice) throw new RangeError(`serializeSafetensors: name given twice: ${JSON.stringify(twice[0])}`);
  return sorted;
}

/** JSON of a string; serde_json and `JSON.stringify` write the same bytes for well-formed text. */
function quote(text: string): string {
  if (/\p{Surrogate}/u.test(text)) {
    throw new RangeError(`serializeSafetensors: lone surrogate in text: ${JSON.stringify(text)}`);
  }
  return JSON.stringify(text);
}
