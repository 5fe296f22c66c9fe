/**
 * Reads an untrusted zip: entries are listed without unpacking them, and each is unpacked piece by piece, so that it ends as
 * soon as it exceeds the limit.
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
import { Inflate } from 'fflate';
import { crc32 } from './crc32.js';

/** What is wrong with a zip, as it follows the name: `is damaged`. */
export class ZipError extends Error {}

const damaged = (cause?: unknown) => new ZipError('is not a zip file, or it is damaged', { cause });

export interface ZipEntry {
  readonly path: string;
  readonly isEncrypted: boolean;
  /** Unpacked size in bytes, according to the zip. */
  readonly size: number;
  readonly method: number;
  readonly crc: number;
  readonly packed: Uint8Array;
}

const END = 0x06054b50;
const END_64_PLACE = 0x07064b50;
const END_64 = 0x06064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const LONGEST_COMMENT = 0xffff;
/** Placeholder in a 32-bit field for a number in a 64-bit extra field. */
const ELSEWHERE = 0xffffffff;

/** Packed bytes per piece: each unpacks to at most 1,032, which bounds a piece before it is counted. */
const PIECE = 8192;

/**
 * Lists the entries of a zip from its directory.
 * @param most  largest number of entries
 * @throws ZipError when it is not a zip, is damaged, or has more entries
 */
export function entriesOf(zip: Uint8Array, most: number): ZipEntry[] {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  try {
    let { count, place } = directoryOf(view);
    if (count > most) throw new ZipError(`contains more than ${most} files`);
    const entries: ZipEntry[] = [];
    for (; count > 0; count--) {
      const { entry, next } = entryAt(view, zip, place);
      entries.push(entry);
      place = next;
    }
    return entries;
  } catch (error) {
    if (error instanceof ZipError) throw error;
    throw damaged(error);
  }
}

function directoryOf(view: DataView): { count: number; place: number } {
  const first = Math.max(0, view.byteLength - END_BYTES - LONGEST_COMMENT);
  let end = view.byteLength - END_BYTES;
  while (end >= first && !isEnd(view, end)) end--;
  if (end < first) throw damaged();
  const [count, place] = [view.getUint16(end + 10, true), view.getUint32(end + 16, true)];
  if (count !== 0xffff && place !== ELSEWHERE) return { count, place };
  if (view.getUint32(end - 20, true) !== END_64_PLACE) return { count, place };
  const end64 = numberAt(view, end - 12);
  if (view.getUint32(end64, true) !== END_64) throw damaged();
  return { count: numberAt(view, end64 + 32), place: numberAt(view, end64 + 48) };
}

function isEnd(view: DataView, place: number): boolean {
  return (
    view.getUint32(place, true) === END &&
    place + END_BYTES + view.getUint16(place + 20, true) <= view.byteLength
  );
}

function entryAt(view: DataView, zip: Uint8Array, place: number): { entry: ZipEntry; next: number } {
  if (view.getUint32(place, true) !== CENTRAL) throw damaged();
  const short = (offset: number) => view.getUint16(place + offset, true);
  const long = (offset: number) => view.getUint32(place + offset, true);
  const [nameBytes, extraBytes, commentBytes] = [short(28), short(30), short(32)];
  const extra = place + 46 + nameBytes;
  const path = new TextDecoder().decode(zip.subarray(place + 46, extra));
  const [size, packedSize, local] = fullNumbers(view, extra, extra + extraBytes, [
    long(24),
    long(20),
    long(42),
  ]);
  if (view.getUint32(local, true) !== LOCAL) throw damaged();
  const begin = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
  if (begin + packedSize > zip.length) throw damaged();
  const entry = {
    path,
    isEncrypted: (short(8) & 1) === 1,
    size,
    method: short(10),
    crc: long(16),
    packed: zip.subarray(begin, begin + packedSize),
  };
  return { entry, next: extra + extraBytes + commentBytes };
}

/** Reads numbers that do not fit 32 bits: they follow each other in an extra field of kind 1. */
function fullNumbers(view: DataView, begin: number, end: number, numbers: readonly number[]): number[] {
  if (!numbers.includes(ELSEWHERE)) return [...numbers];
  for (let at = begin; at + 4 <= end; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue;
    let next = at + 4;
    return numbers.map((number) => {
      if (number !== ELSEWHERE) return number;
      next += 8;
      return numberAt(view, next - 8);
    });
  }
  throw damaged();
}

/** Reads a 64-bit number. */
const numberAt = (view: DataView, place: number) => Number(view.getBigUint64(place, true));

/**
 * Unpacks entries.
 * @param most  largest number of bytes for all of them together
 * @throws ZipError as soon as there are more, or when it is damaged or packed in another way
 */
export function unpack(entries: readonly ZipEntry[], most: number): Uint8Array[] {
  const size = entries.reduce((sum, each) => sum + each.size, 0);
  if (size > most) throw new ZipError(`unpacks to more than ${(most / 2 ** 20).toFixed(0)} MB`);
  return entries.map(contentsOf);
}

function contentsOf({ size, method, crc, packed, isEncrypted }: ZipEntry): Uint8Array {
  if (isEncrypted) throw new ZipError('is protected by a password');
  if (method !== 0 && method !== 8)
    throw new ZipError(`is packed in a way that this page cannot read (method ${method})`);
  const bytes = method === 0 ? packed.slice(0, size) : inflated(packed, size);
  if (bytes.length !== size || crc32(bytes) !== crc) throw damaged();
  return bytes;
}

function inflated(packed: Uint8Array, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let length = 0;
  const inflate = new Inflate((piece) => {
    if (length + piece.length > size) throw new ZipError('unpacks to more than it says');
    bytes.set(piece, length);
    length += piece.length;
  });
  try {
    for (let at = 0; at < packed.length; at += PIECE) {
      inflate.push(packed.subarray(at, at + PIECE), at + PIECE >= packed.length);
    }
  } catch (error) {
    if (error instanceof ZipError) throw error;
    throw damaged(error);
  }
  return bytes.subarray(0, length);
}
