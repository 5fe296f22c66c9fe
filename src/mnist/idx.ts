/**
 * The IDX format of the MNIST files: a shape and bytes, raw or gzipped. It knows no file system and no
 * MNIST; every error is a `DataError` that begins with the name it was given.
 *
 *     offset 0   two zero bytes
 *     offset 2   element type, 0x08 = unsigned byte
 *     offset 3   number of dimensions, n
 *     offset 4   n dimensions, unsigned 32 bit, big-endian
 *     then       the elements, row-major, to the end of the file
 */

import { DataError } from '../base/errors.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import { asBytes, type Bytes } from '../files/bytes.js';
import { describeFile } from '../files/fileKind.js';
import { gunzip, isGzip, MAX_DECOMPRESSED_BYTES } from './gzip.js';

/** The contents of an IDX file. */
export interface IdxArray {
  /** Sizes of at least one dimension, the outermost first. */
  shape: number[];
  /** The elements, row-major; a view of the input, or of what was decompressed from it. */
  data: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;

/** Element types that IDX has and this reader refuses. */
const OTHER_TYPES: ReadonlyMap<number, string> = new Map([
  [0x09, 'int8'],
  [0x0b, 'int16'],
  [0x0c, 'int32'],
  [0x0d, 'float32'],
  [0x0e, 'float64'],
]);

export interface ParseIdxOptions {
  /** Maximum unpacked size of a gzipped file in bytes. Default 1 GiB, twenty times MNIST's largest file. */
  readonly limit?: number;
  /** Called with the shape before the elements are unpacked; what it throws is thrown. */
  readonly check?: (shape: readonly number[]) => void;
}

const NAMES: OptionNames<ParseIdxOptions> = { limit: true, check: true };

/**
 * Reads an IDX file of unsigned bytes, decompressing it first when it begins with gzip's 1f 8b. It is unpacked no further
 * than its own header says.
 *
 * @param bytes the whole file
 * @param name name of the file in errors
 * @returns the shape, and exactly the number of bytes that it requires
 * @throws DataError when the stream is not gzip, or the magic, type, dimensions or length are wrong
 * @see http://yann.lecun.com/exdb/mnist/ (section "The IDX file format")
 */
export async function parseIdx(bytes: Bytes, name: string, options: ParseIdxOptions = {}): Promise<IdxArray> {
  checkOptions('parseIdx', options, NAMES);
  const { limit = MAX_DECOMPRESSED_BYTES, check } = options;
  const given = asBytes(bytes, 'parseIdx: the file');
  const sizeOf = (start: Uint8Array) => {
    if (start.length < headerLength(start)) return undefined;
    const shape = readShape(start, name);
    check?.(shape);
    return { length: lengthOf(shape, name), what: `[${shape.join(', ')}]` };
  };
  const file = isGzip(given) ? await gunzip(given, name, limit, sizeOf) : given;
  const shape = readShape(file, name);
  check?.(shape);
  const expected = lengthOf(shape, name);
  if (file.length !== expected) {
    const rule = file.length < expected ? 'truncated' : 'oversized';
    const values = `[${shape.join(', ')}] needs ${expected} bytes, found ${file.length}`;
    throw new DataError(`${name}: ${rule}: ${values}`);
  }
  return { shape, data: file.subarray(headerLength(file)) };
}

/** Number of bytes before the elements, as far as the beginning states it. */
function headerLength(start: Uint8Array): number {
  return 4 + 4 * (start[3] ?? 0);
}

/** Bytes of the whole file. */
function lengthOf(shape: readonly number[], name: string): number {
  const expected = shape.reduce((product, size) => product * size, 1) + 4 + 4 * shape.length;
  // Products of 32-bit sizes lose no bits below 2^53, and stay above it once they have passed it.
  if (Number.isSafeInteger(expected)) return expected;
  throw new DataError(`${name}: dimensions overflow: [${shape.join(', ')}]`);
}

function readShape(file: Uint8Array, name: string): number[] {
  if (file.length < 4) {
    throw new DataError(`${name}: truncated: the magic number needs 4 bytes, found ${file.length}`);
  }
  if (file[0] !== 0 || file[1] !== 0) {
    const mistake = describeFile(file) ?? `the first two bytes must be 00 00, found ${hex(file, 0, 2)}`;
    throw new DataError(`${name}: not an IDX file: ${mistake}`);
  }
  if (file[2] !== UNSIGNED_BYTE) {
    const found = OTHER_TYPES.get(file[2]) ?? 'an unknown type';
    throw new DataError(`${name}: elements must be uint8 (08): found ${found} (${hex(file, 2, 3)})`);
  }
  const rank = file[3];
  if (rank === 0) throw new DataError(`${name}: number of dimensions must be 1 or more: found 0`);
  const start = 4 + 4 * rank;
  if (file.length < start) {
    throw new DataError(`${name}: truncated: ${rank} dimensions need ${start} bytes, found ${file.length}`);
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  return Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
}

function hex(bytes: Uint8Array, start: number, end: number): string {
  return Array.from(bytes.subarray(start, end), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
