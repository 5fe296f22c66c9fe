/**
 * The safetensors format, read strictly and written byte-stably. It knows no file system and no PEFT.
 *
 *     8 bytes    header length N, unsigned 64 bit, little-endian
 *     N bytes    JSON, UTF-8: {"__metadata__": {…}, "name": {"dtype", "shape", "data_offsets"}, …}
 *     the rest   the tensors, little-endian, row-major, without holes
 *
 * @see https://github.com/huggingface/safetensors#format
 */
import { DataError, ShapeError } from './errors.js';
import { FLOAT_BYTES, type FloatType, readFloats, writeFloats } from './safetensorsFloats.js';
import { type HeaderEntry, readHeader } from './safetensorsHeader.js';

export type { FloatType } from './safetensorsFloats.js';

/** A tensor of a file. */
export interface SafeTensor {
  /** `F32`, `BF16`, `I64`, … */
  dtype: string;
  /** `[]` for a scalar. */
  shape: number[];
  /** The elements, little-endian, row-major: a view of the file's bytes, at any alignment. */
  bytes: Uint8Array;
}

/** What a safetensors file holds. */
export interface SafeTensors {
  /** By name, in the order of the file's bytes. */
  tensors: Map<string, SafeTensor>;
  metadata: Record<string, string>;
}

/** A tensor to be written; its values are rounded to the nearest of the type. */
export interface WritableTensor {
  readonly dtype: FloatType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array;
}

const MAX_HEADER_BYTES = 100_000_000;

/** Bits of one element; only the types below a byte are no multiple of 8. */
const DTYPE_BITS: ReadonlyMap<string, number> = new Map([
  ['BOOL', 8],
  ['F4', 4],
  ['F6_E2M3', 6],
  ['F6_E3M2', 6],
  ['U8', 8],
  ['I8', 8],
  ['F8_E5M2', 8],
  ['F8_E4M3', 8],
  ['F8_E8M0', 8],
  ['F8_E4M3FNUZ', 8],
  ['F8_E5M2FNUZ', 8],
  ['I16', 16],
  ['U16', 16],
  ['F16', 16],
  ['BF16', 16],
  ['I32', 32],
  ['U32', 32],
  ['F32', 32],
  ['C64', 64],
  ['F64', 64],
  ['I64', 64],
  ['U64', 64],
]);

/**
 * Reads a safetensors file. It is stricter than the Python library: duplicate keys, unknown fields and
 * anything but spaces after the header's JSON are refused too.
 *
 * @param bytes the whole file; the tensors are views of it
 * @param name what errors call the file
 * @throws DataError when a rule of the format is broken
 * @see https://github.com/huggingface/safetensors#format
 */
export function parseSafetensors(bytes: Uint8Array, name: string): SafeTensors {
  const start = 8 + headerLength(bytes, name);
  const { entries, metadata } = readHeader(decodeUtf8(bytes.subarray(8, start), name), name);
  const sorted = [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  const tensors = new Map<string, SafeTensor>();
  let position = 0;
  for (const [key, entry] of sorted) {
    checkEntry(entry, position, `${name}: tensor ${JSON.stringify(key)}`);
    position = entry.end;
    // A span outside the file makes a short view here; the length below then refuses the file.
    const view = bytes.subarray(start + entry.begin, start + entry.end);
    tensors.set(key, { dtype: entry.dtype, shape: entry.shape, bytes: view });
  }
  if (start + position !== bytes.length) {
    const rule = start + position > bytes.length ? 'truncated' : 'oversized';
    throw new DataError(
      `${name}: ${rule}: header and tensors need ${start + position} bytes, found ${bytes.length}`,
    );
  }
  return { tensors, metadata };
}

function headerLength(bytes: Uint8Array, name: string): number {
  if (bytes.length < 8) {
    throw new DataError(`${name}: truncated: the header's length needs 8 bytes, found ${bytes.length}`);
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) {
    throw new DataError(
      `${name}: header must be at most ${MAX_HEADER_BYTES} bytes: its length says ${length}`,
    );
  }
  if (8 + Number(length) > bytes.length) {
    throw new DataError(`${name}: truncated: the header needs ${8n + length} bytes, found ${bytes.length}`);
  }
  return Number(length);
}

function decodeUtf8(bytes: Uint8Array, name: string): string {
  try {
    // A byte order mark is kept, so that the header's first character is seen to be wrong.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new DataError(`${name}: header must be UTF-8: invalid bytes`);
  }
}

/** Checks one tensor's span against its dtype and shape, and against the end of the one before. */
function checkEntry({ dtype, shape, begin, end }: HeaderEntry, position: number, where: string): void {
  const bits = DTYPE_BITS.get(dtype);
  if (bits === undefined) throw new DataError(`${where}: unknown dtype: ${JSON.stringify(dtype)}`);
  if (end < begin) throw new DataError(`${where}: data_offsets must ascend: [${begin}, ${end}]`);
  if (begin !== position) {
    const rule = begin < position ? 'overlaps the tensor before it' : 'leaves a hole before it';
    throw new DataError(`${where}: ${rule}: begins at ${begin}, expected ${position}`);
  }
  const sizes = `${dtype} [${shape.join(', ')}]`;
  let total = bits;
  for (const size of shape) {
    total *= size;
    if (!Number.isSafeInteger(total)) throw new DataError(`${where}: size overflows: ${sizes}`);
  }
  if (total % 8 !== 0) throw new DataError(`${where}: must fill whole bytes: ${sizes} has ${total} bits`);
  if (end - begin !== total / 8) {
    const values = `${sizes} needs ${total / 8} bytes, data_offsets [${begin}, ${end}] give ${end - begin}`;
    throw new DataError(`${where}: size and data_offsets differ: ${values}`);
  }
}

/**
 * The elements of a floating-point tensor as float32: F32 bit for bit, F16 and BF16 exactly.
 *
 * @param tensor a tensor of {@link parseSafetensors}, at any alignment
 * @param name what errors call the tensor
 * @returns a copy, row-major
 * @throws DataError when the dtype is not F32, F16 or BF16
 */
export function toFloat32(tensor: SafeTensor, name: string): Float32Array {
  const { dtype, bytes } = tensor;
  if (!FLOAT_BYTES.has(dtype)) throw new DataError(`${name}: dtype must be F32, F16 or BF16: found ${dtype}`);
  return readFloats(bytes, dtype as FloatType);
}

/**
 * Writes a safetensors file: the same tensors and metadata give the same bytes in any order and on any
 * host, and with at most one metadata key the bytes that `safetensors.numpy.save` gives. (With more, the
 * Python library's order varies; here they are sorted.) Without metadata there is no `__metadata__`.
 *
 * @param tensors pairs of name and tensor, such as a Map
 * @param metadata strings by name; PEFT wants `{ format: 'pt' }`
 * @throws ShapeError when a shape does not fit its data
 * @throws RangeError when a name is twice there, is `__metadata__` or has a lone surrogate, when a size is
 *   no non-negative integer, a dtype is not F32, F16 or BF16, or the header would be above 100,000,000 bytes
 * @see https://github.com/huggingface/safetensors#format
 */
export function serializeSafetensors(
  tensors: Iterable<readonly [string, WritableTensor]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  // The library sorts by alignment, then name.
  const sorted = sortByName([...tensors]).sort(([, a], [, b]) => widthOf(b.dtype) - widthOf(a.dtype));
  const parts: string[] = [];
  if (Object.keys(metadata).length > 0) {
    const pairs = sortByName(Object.entries(metadata)).map(([key, value]) => `${quote(key)}:${quote(value)}`);
    parts.push(`"__metadata__":{${pairs.join(',')}}`);
  }
  let position = 0;
  for (const [name, tensor] of sorted) {
    checkWritable(name, tensor);
    const { dtype } = tensor;
    const end = position + widthOf(dtype) * tensor.data.length;
    const shape = `[${tensor.shape.join(',')}]`;
    parts.push(`${quote(name)}:{"dtype":"${dtype}","shape":${shape},"data_offsets":[${position},${end}]}`);
    position = end;
  }
  const header = new TextEncoder().encode(`{${parts.join(',')}}`);
  // Padded to 8, the data begin aligned and a reader needs no copy.
  const padded = Math.ceil(header.length / 8) * 8;
  if (padded > MAX_HEADER_BYTES) {
    throw new RangeError(`serializeSafetensors: header above ${MAX_HEADER_BYTES} bytes: ${padded}`);
  }
  const out = new Uint8Array(8 + padded + position);
  const view = new DataView(out.buffer);
  view.setUint32(0, padded, true);
  out.set(header, 8);
  out.fill(0x20, 8 + header.length, 8 + padded);
  let offset = 8 + padded;
  for (const [, { data, dtype }] of sorted) {
    writeFloats(view, offset, data, dtype);
    offset += widthOf(dtype) * data.length;
  }
  return out;
}

function widthOf(dtype: FloatType): number {
  return FLOAT_BYTES.get(dtype) ?? 4;
}

function checkWritable(name: string, { dtype, shape, data }: WritableTensor): void {
  const where = `serializeSafetensors: tensor ${JSON.stringify(name)}`;
  if (name === '__metadata__') throw new RangeError(`${where}: the name is reserved`);
  if (!FLOAT_BYTES.has(dtype))
    throw new RangeError(`${where}: dtype must be F32, F16 or BF16: found ${String(dtype)}`);
  const sizes = `[${shape.join(', ')}]`;
  if (shape.some((size) => !Number.isSafeInteger(size) || size < 0)) {
    throw new RangeError(`${where}: sizes must be non-negative integers: ${sizes}`);
  }
  const elements = shape.reduce((product, size) => product * size, 1);
  if (elements !== data.length) {
    throw new ShapeError(
      `${where}: shape and data differ: ${sizes} needs ${elements} values, found ${data.length}`,
    );
  }
}

/** By UTF-8 bytes, as Rust orders strings; JavaScript's own order puts U+1F600 before U+FFFD. */
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
