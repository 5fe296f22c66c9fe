/** A file of which parts may still be on their way: reads wait for those that they touch. */
import { type ByteSource, blobSource, DataError } from 'lowrank';

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
  const read = async (offset: number, count: number): Promise<Uint8Array> => {
    if (offset < 0 || count < 0 || offset + count > length)
      throw new DataError(`${name}: bytes ${offset} to ${offset + count} are wanted of ${length}`);
    const bytes = new Uint8Array(count);
    let begin = 0;
    for (const [index, size] of sizes.entries()) {
      const [from, to] = [Math.max(offset, begin), Math.min(offset + count, begin + size)];
      if (from < to) {
        const part = blobSource(await partOf(index), `${name}, part ${index + 1}`);
        bytes.set(await part.read(from - begin, to - from), from - offset);
      }
      begin += size;
    }
    return bytes;
  };
  return { length, read };
}
