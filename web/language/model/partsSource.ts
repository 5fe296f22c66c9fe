/** A file whose parts may not have arrived yet: reads wait for the parts that they touch. */
import { type ByteSource, blobSource, DataError } from 'lowrank';

/** Time for which a part stays in memory after the last read: the weights of a model are read one after the other. */
const KEPT_MS = 1000;

/**
 * @param sizes   bytes of each part, in order
 * @param partOf  resolves when the part has arrived; rejects if it is not available
 */
export function partsSource(
  sizes: readonly number[],
  partOf: (index: number) => Promise<Blob>,
  name: string,
): ByteSource {
  const length = sizes.reduce((sum, bytes) => sum + bytes, 0);
  const bytesOf = keptParts(sizes.length, async (index) => {
    const part = blobSource(await partOf(index), `${name}, part ${index + 1}`);
    return part.read(0, part.length);
  });
  const read = async (offset: number, count: number): Promise<Uint8Array> => {
    if (offset < 0 || count < 0 || offset + count > length)
      throw new DataError(`${name}: bytes ${offset} to ${offset + count} are requested of ${length}`);
    const pieces: Uint8Array[] = [];
    let begin = 0;
    for (const [index, size] of sizes.entries()) {
      const [from, to] = [Math.max(offset, begin), Math.min(offset + count, begin + size)];
      if (from < to) pieces.push((await bytesOf(index)).subarray(from - begin, to - begin));
      begin += size;
    }
    return joined(pieces, count);
  };
  return { length, read };
}

/** Joins pieces; a single piece is not copied. */
function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  if (pieces.length === 1) return pieces[0];
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/**
 * Reads whole parts, since a browser takes three times as long for single weights. The last part is kept for a moment, and the
 * next one is read while it is used.
 */
function keptParts(
  count: number,
  read: (index: number) => Promise<Uint8Array>,
): (index: number) => Promise<Uint8Array> {
  const kept = new Map<number, Promise<Uint8Array>>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const begin = (index: number): Promise<Uint8Array> => {
    const bytes = kept.get(index) ?? read(index);
    kept.set(index, bytes);
    // A part that failed is read again on the next request.
    bytes.catch(() => kept.get(index) === bytes && kept.delete(index));
    return bytes;
  };
  return async (index) => {
    clearTimeout(timer);
    const bytes = begin(index);
    for (const each of kept.keys()) if (each !== index && each !== index + 1) kept.delete(each);
    try {
      const part = await bytes;
      if (index + 1 < count) begin(index + 1);
      return part;
    } finally {
      clearTimeout(timer);
      timer = setTimeout(() => kept.clear(), KEPT_MS);
    }
  };
}
