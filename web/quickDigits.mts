/** A few MNIST images, so that a page does not have to wait for all 70,000. */
import type { LabelledBytes } from '../src/mnist/mnist.js';

/** The first images of each digit, in the order of the file. */
export function firstOfEachDigit(
  { images, labels, features }: LabelledBytes,
  each: number,
): { images: Uint8Array; labels: Uint8Array } {
  const seen = new Map<number, number>();
  const chosen: number[] = [];
  for (const [i, label] of labels.entries()) {
    const before = seen.get(label) ?? 0;
    if (before === each) continue;
    seen.set(label, before + 1);
    chosen.push(i);
  }
  const taken = new Uint8Array(chosen.length * features);
  for (const [place, i] of chosen.entries()) {
    taken.set(images.subarray(i * features, (i + 1) * features), place * features);
  }
  return { images: taken, labels: Uint8Array.from(chosen, (i) => labels[i]) };
}

/**
 * Bytes as an IDX file: two zeros, 8 for unsigned bytes, the number of dimensions, each of them in four bytes, the data.
 * @see http://yann.lecun.com/exdb/mnist/
 */
export function idxOf(data: Uint8Array, shape: readonly number[]): Uint8Array {
  const file = new Uint8Array(4 + 4 * shape.length + data.length);
  const view = new DataView(file.buffer);
  view.setUint32(0, 0x800 + shape.length);
  for (const [i, size] of shape.entries()) view.setUint32(4 + 4 * i, size);
  file.set(data, 4 + 4 * shape.length);
  return file;
}
