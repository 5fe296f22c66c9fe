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
import { DataError } from '../errors.js';

/** What an IDX file holds. */
export interface IdxArray {
  /** At least one dimension, the outermost first. */
  shape: number[];
  /** The elements, row-major; a view of the input, or of what was decompressed from it. */
  data: Uint8Array;
}

/** The most bytes that a gzip stream may grow to, 1 GiB: twenty times MNIST's largest file. */
export const MAX_DECOMPRESSED_BYTES = 2 ** 30;

const UNSIGNED_BYTE = 0x08;

/** Element types that IDX has and this reader refuses. */
const OTHER_TYPES: ReadonlyMap<number, string> = new Map([
  [0x09, 'int8'],
  [0x0b, 'int16'],
  [0x0c, 'int32'],
  [0x0d, 'float32'],
  [0x0e, 'float64'],
]);

/**
 * Reads an IDX file of unsigned bytes, decompressing it first when it begins with gzip's 1f 8b.
 *
 * @param bytes the whole file
 * @param name what errors call the file
 * @returns the shape, and exactly as many bytes as it says
 * @throws DataError when the stream is not gzip, or the magic, type, dimensions or length are wrong
 * @see http://yann.lecun.com/exdb/mnist/ (section "The IDX file format")
 */
export async function parseIdx(bytes: Uint8Array, name: string): Promise<IdxArray> {
  const file = isGzip(bytes) ? await gunzip(bytes, name) : bytes;
  const shape = readShape(file, name);
  const start = 4 + 4 * shape.length;
  const elements = shape.reduce((product, size) => product * size, 1);
  const expected = start + elements;
  // Products of 32-bit sizes lose no bits below 2^53, and stay above it once they have passed it.
  if (!Number.isSafeInteger(expected)) {
    throw new DataError(`${name}: dimensions overflow: [${shape.join(', ')}]`);
  }
  if (file.length !== expected) {
    const rule = file.length < expected ? 'truncated' : 'oversized';
    const values = `[${shape.join(', ')}] needs ${expected} bytes, found ${file.length}`;
    throw new DataError(`${name}: ${rule}: ${values}`);
  }
  return { shape, data: file.subarray(start) };
}

function readShape(file: Uint8Array, name: string): number[] {
  if (file.length < 4) {
    throw new DataError(`${name}: truncated: the magic number needs 4 bytes, found ${file.length}`);
  }
  if (file[0] !== 0 || file[1] !== 0) {
    throw new DataError(
      `${name}: not an IDX file: the first two bytes must be 00 00, found ${hex(file, 0, 2)}`,
    );
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

/** Whether the bytes begin with gzip's 1f 8b. */
function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Decompresses one gzip member that must fill `bytes` exactly.
 *
 * Runtimes differ on what follows a member: browsers refuse it, Node takes further members and ignores
 * zeros. The length that the last four bytes state (modulo 2^32) therefore has to be the output's.
 *
 * @param bytes the whole gzip file
 * @param name what errors call the file
 * @param limit bytes of output at which decompression stops
 * @throws DataError when the stream is corrupt, truncated, followed by anything, or larger than `limit`
 * @see https://www.rfc-editor.org/rfc/rfc1952
 */
export async function gunzip(
  bytes: Uint8Array,
  name: string,
  limit: number = MAX_DECOMPRESSED_BYTES,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = decompressed(bytes).getReader();
  for (;;) {
    const { done, value } = await reader.read().catch((error: unknown) => {
      throw new DataError(`${name}: not a valid gzip stream: ${messageOf(error)}`);
    });
    if (done) break;
    length += value.length;
    if (length > limit) {
      // What cancelling has to say is of no interest: the stream is given up.
      await reader.cancel().catch(() => undefined);
      throw new DataError(`${name}: gzip stream too large: more than ${limit} bytes of output`);
    }
    chunks.push(value);
  }
  const stated = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(
    bytes.length - 4,
    true,
  );
  if (stated !== length % 2 ** 32) {
    const values = `its last 4 bytes state ${stated} bytes, found ${length}`;
    throw new DataError(`${name}: gzip stream must end with the file: ${values}`);
  }
  return concat(chunks, length);
}

function decompressed(bytes: Uint8Array): ReadableStream<Uint8Array> {
  const source = new ReadableStream<BufferSource>({
    start(controller) {
      // The DOM types ask for a view that is not shared; streams copy what they are given.
      controller.enqueue(bytes as Uint8Array<ArrayBuffer>);
      controller.close();
    },
  });
  return source.pipeThrough(new DecompressionStream('gzip'));
}

function concat(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const out = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    out.set(chunk, offset);
    offset += chunk.length;
  }
  return out;
}

function hex(bytes: Uint8Array, start: number, end: number): string {
  return Array.from(bytes.subarray(start, end), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

/** Some runtimes leave the message empty, or put it into the cause. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message !== '') return error.message;
  return error.cause instanceof Error && error.cause.message !== ''
    ? error.cause.message
    : 'corrupt or truncated';
}
