/**
 * The header of a GGUF file, read strictly. The file's length bounds every count before anything is allocated for it.
 *
 *     "GGUF", u32 version, u64 tensors, u64 entries
 *     entries    string key, u32 type, value; an array is u32 type, u64 count, values
 *     tensors    string name, u32 dimensions, u64 sizes (`in` first), u32 type, u64 offset
 *
 * A string is u64 length, then UTF-8. Everything is little-endian.
 *
 * @see https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
import { DataError } from '../base/errors.js';
import type { ByteSource } from '../files/byteSource.js';
import { describeFile } from '../files/fileKind.js';
import { HeaderBytes } from './headerBytes.js';
import type { WritableValue } from './headerWriter.js';
import {
  type GgufScalarType,
  MAGIC,
  MAX_DIMENSIONS,
  MAX_KEY_BYTES,
  VALUE_BYTES,
  VALUE_TYPES,
} from './types.js';
import { readNumber, readNumbers } from './values.js';

/** A tensor's description, unchecked against its type and the others. */
export interface HeaderTensor {
  readonly name: string;
  /** Shape in torch's order: blocks lie along the last dimension. */
  readonly shape: readonly number[];
  readonly typeId: number;
  /** Bytes from the beginning of the data. */
  readonly offset: number;
}

export interface Header {
  readonly version: number;
  /** Values with their types in the file. */
  readonly entries: ReadonlyMap<string, WritableValue>;
  readonly tensors: readonly HeaderTensor[];
  /** Number of bytes of the header, before its padding. */
  readonly byteLength: number;
}

/** Maximum number of tensors or entries, above that of any model. */
const MAX_ITEMS = 100_000;
/** Minimum bytes of an entry (an empty key and one byte) and of a tensor (an empty name without dimensions). */
const [LEAST_ENTRY, LEAST_TENSOR] = [13, 24];

/**
 * Reads the header.
 * @param name  name of the file in errors
 * @throws DataError when a rule of the format is broken; it identifies a file of another known format
 */
export async function readHeader(source: ByteSource, name: string): Promise<Header> {
  const bytes = new HeaderBytes(source, name);
  await bytes.fill(Math.min(4, source.length));
  checkKind(bytes.rest, name);
  await bytes.fill(24);
  bytes.u32();
  const version = readVersion(bytes);
  const tensorCount = readCount(bytes, 'tensors', LEAST_TENSOR);
  const entryCount = readCount(bytes, 'metadata', LEAST_ENTRY);
  const entries = await readEntries(bytes, entryCount);
  const tensors = await readTensors(bytes, tensorCount);
  return { version, entries, tensors, byteLength: bytes.position };
}

function checkKind(start: Uint8Array, name: string): void {
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  if (start.length >= 4 && view.getUint32(0, true) === MAGIC) return;
  const first = JSON.stringify(new TextDecoder('latin1').decode(start.subarray(0, 4)));
  throw new DataError(`${name}: is not a GGUF file: ${describeFile(start) ?? `begins with ${first}`}`);
}

function readVersion(bytes: HeaderBytes): number {
  const version = bytes.u32();
  if (version === 2 || version === 3) return version;
  bytes.where = 'version';
  // The magic is the same in either byte order.
  if ((version & 0xffff) === 0 && version !== 0)
    throw bytes.error(
      'big-endian files are not supported: convert the file to little-endian (gguf-convert-endian)',
    );
  throw bytes.error(`must be 2 or 3: ${version}`);
}

function readCount(bytes: HeaderBytes, what: string, leastBytes: number): number {
  bytes.where = `number of ${what}`;
  const count = bytes.u64();
  if (count > MAX_ITEMS) throw bytes.error(`must be at most ${MAX_ITEMS}: ${count}`);
  return bytes.expectItems(count, leastBytes);
}

async function readEntries(bytes: HeaderBytes, count: number): Promise<Map<string, WritableValue>> {
  const entries = new Map<string, WritableValue>();
  for (let i = 0; i < count; i++) {
    bytes.where = `key ${i} of the metadata`;
    const key = await bytes.string(MAX_KEY_BYTES);
    bytes.where = `key ${JSON.stringify(key)}`;
    if (entries.has(key)) throw bytes.error('appears twice');
    await bytes.fill(4);
    const id = bytes.u32();
    // Other programs read this number as u32, regardless of its stated type.
    if (key === 'general.alignment' && VALUE_TYPES[id] !== 'u32')
      throw bytes.error(`type must be u32: ${VALUE_TYPES[id] ?? id}`);
    entries.set(key, await readValue(bytes, id));
  }
  return entries;
}

async function readValue(bytes: HeaderBytes, id: number): Promise<WritableValue> {
  const type = VALUE_TYPES[id];
  if (type === undefined) throw bytes.error(`unknown type of value: ${id}`);
  if (type === 'string') return { type, value: await bytes.string() };
  if (type === 'array') return readArray(bytes);
  const size = VALUE_BYTES[type];
  await bytes.fill(size);
  return { type, value: readNumber(bytes, type) } as WritableValue;
}

async function readArray(bytes: HeaderBytes): Promise<WritableValue> {
  await bytes.fill(12);
  const id = bytes.u32();
  const type = VALUE_TYPES[id];
  if (type === undefined) throw bytes.error(`unknown type of an array's values: ${id}`);
  if (type === 'array') throw bytes.error('arrays of arrays are not supported');
  const count = bytes.expectItems(bytes.u64(), VALUE_BYTES[type]);
  if (type === 'string') return { type: 'string[]', value: await bytes.strings(count) };
  await bytes.fill(count * VALUE_BYTES[type as GgufScalarType]);
  return { type: `${type}[]`, value: readNumbers(bytes, type, count) } as WritableValue;
}

async function readTensors(bytes: HeaderBytes, count: number): Promise<HeaderTensor[]> {
  const tensors = new Map<string, HeaderTensor>();
  for (let i = 0; i < count; i++) {
    bytes.where = `name of tensor ${i}`;
    const name = await bytes.string(MAX_KEY_BYTES);
    bytes.where = `tensor ${JSON.stringify(name)}`;
    if (tensors.has(name)) throw bytes.error('appears twice');
    await bytes.fill(4);
    const dimensions = bytes.u32();
    if (dimensions > MAX_DIMENSIONS)
      throw bytes.error(`must have at most ${MAX_DIMENSIONS} dimensions: ${dimensions}`);
    await bytes.fill(8 * dimensions + 12);
    const sizes = Array.from({ length: dimensions }, () => readSafe(bytes, 'size'));
    const typeId = bytes.u32();
    const offset = readSafe(bytes, 'offset');
    tensors.set(name, { name, shape: sizes.reverse(), typeId, offset });
  }
  return [...tensors.values()];
}

function readSafe(bytes: HeaderBytes, what: string): number {
  const value = bytes.u64();
  if (typeof value === 'bigint') throw bytes.error(`${what} overflows: ${value}`);
  return value;
}
