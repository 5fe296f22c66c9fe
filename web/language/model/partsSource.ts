/** A file of which parts may still be on their way: reads wait for those that they touch. */
import { type ByteSource, blobSource, DataError } from 'lowrank';

/** A part stays in memory for so long after it was last read: the weights of a model are read one after the other. */
const KEPT_MS = 1000;

/**
 * @param sizes   bytes of each part, in order
 * @param partOf  resolves when the part is there; rejects when it cannot be had
 */
export function partsSource(
  sizes: readonly number[],
  partOf: (index: number) => Promise<Blob>,
  name: string,
): ByteSource {
  const length = sizes.reduce((sum, bytes) => sum + bytes, 0);
  const bytesOf = lastPart(async (index) => {
    const part = blobSource(await partOf(index), `${name}, part ${index + 1}`);
    return part.read(0, part.length);
  });
  const read = async (offset: number, count: number): Promise<Uint8Array> => {
    if (offset < 0 || count < 0 || offset + count > length)
      throw new DataError(`${name}: bytes ${offset} to ${offset + count} are wanted of ${length}`);
    const bytes = new Uint8Array(count);
    let begin = 0;
    for (const [index, size] of sizes.entries()) {
      const [from, to] = [Math.max(offset, begin), Math.min(offset + count, begin + size)];
      if (from < to) bytes.set((await bytesOf(index)).subarray(from - begin, to - begin), from - offset);
      begin += size;
    }
    return bytes;
  };
  return { length, read };
}

/** Weight by weight a browser takes three times as long as for a part as a whole: the last one is kept for a moment. */
function lastPart(read: (index: number) => Promise<Uint8Array>): (index: number) => Promise<Uint8Array> {
  let last: { readonly index: number; readonly bytes: Promise<Uint8Array> } | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  return async (index) => {
    clearTimeout(timer);
    const part = last?.index === index ? last : { index, bytes: read(index) };
    last = part;
    try {
      return await part.bytes;
    } catch (error) {
      if (last === part) last = undefined;
      throw error;
    } finally {
      clearTimeout(timer);
      timer = setTimeout(() => {
        last = undefined;
      }, KEPT_MS);
    }
  };
}
