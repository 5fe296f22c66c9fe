/**
 * The places of a safetensors file's tensors, only from its header: nothing is read or allocated for a tensor before the
 * header has been checked against the file's length.
 */
import { DataError } from '../base/errors.js';
import { describeFile } from '../files/fileKind.js';
import { type HeaderEntry, readHeader } from './header.js';

export const MAX_HEADER_BYTES = 100_000_000;

/** Bits of one element; a multiple of 8 except for the types smaller than a byte. */
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

/** The place of a tensor in a file. */
export interface TensorPlace {
  readonly dtype: string;
  readonly shape: number[];
  /** First byte, counted from the file's beginning. */
  readonly begin: number;
  /** End, exclusive, in bytes counted from the file's beginning. */
  readonly end: number;
}

/**
 * Number of bytes of a file's beginning that {@link parseSafetensorsHeader} requires.
 * @param start at least the first 8 bytes, or the whole file
 */
export function safetensorsHeaderLength(start: Uint8Array): number {
  if (start.length < 8) return start.length;
  const length = new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true);
  return length > MAX_HEADER_BYTES ? start.length : 8 + Number(length);
}

/**
 * Reads the header of a safetensors file and checks that it describes a file of this length.
 *
 * @param start the beginning of the file, at least {@link safetensorsHeaderLength} bytes
 * @param fileLength number of bytes of the whole file
 * @param name name of the file in error messages
 * @throws DataError when a rule of the format is broken; it identifies a file of another known format
 */
export function parseSafetensorsHeader(
  start: Uint8Array,
  fileLength: number,
  name: string,
): { places: Map<string, TensorPlace>; metadata: Record<string, string> } {
  const dataStart = 8 + headerLength(start, fileLength, name);
  const { entries, metadata } = readHeader(decodeUtf8(start.subarray(8, dataStart), name), name);
  const sorted = [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  const places = new Map<string, TensorPlace>();
  let position = 0;
  for (const [key, entry] of sorted) {
    checkEntry(entry, position, `${name}: tensor ${JSON.stringify(key)}`);
    position = entry.end;
    const { dtype, shape, begin, end } = entry;
    places.set(key, { dtype, shape, begin: dataStart + begin, end: dataStart + end });
  }
  if (dataStart + position !== fileLength) {
    const rule = dataStart + position > fileLength ? 'truncated' : 'oversized';
    throw new DataError(
      `${name}: ${rule}: header and tensors need ${dataStart + position} bytes, found ${fileLength}`,
    );
  }
  return { places, metadata };
}

function headerLength(start: Uint8Array, fileLength: number, name: string): number {
  const length =
    start.length < 8 ? 0n : new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true);
  const fits = start.length >= 8 && length <= MAX_HEADER_BYTES && 8 + Number(length) <= fileLength;
  // For a file that does not begin as the format does, the error says what it is, where that is known.
  const mistake = fits && start[8] === 0x7b ? undefined : describeFile(start, 'safetensors');
  if (mistake !== undefined) {
    throw new DataError(`${name}: is not a safetensors file: ${mistake}`);
  }
  if (fits) return Number(length);
  if (start.length < 8) {
    throw new DataError(`${name}: truncated: the header's length needs 8 bytes, found ${start.length}`);
  }
  if (length > MAX_HEADER_BYTES) {
    throw new DataError(
      `${name}: header must be at most ${MAX_HEADER_BYTES} bytes: its length says ${length}`,
    );
  }
  throw new DataError(`${name}: truncated: the header needs ${8n + length} bytes, found ${fileLength}`);
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
