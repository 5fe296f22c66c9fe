/** Oracles: files built here, and the real MNIST by the md5 sums of its files. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataError } from '../../src/base/errors.js';
import { type MnistFiles, type NamedBytes, parseMnist } from '../../src/mnist/mnist.js';
import { mnistFiles } from '../../src/node/mnist.js';

function idx(shape: number[], fill: (i: number) => number = () => 0): Uint8Array {
  const length = shape.reduce((product, size) => product * size, 1);
  const sizes = shape.flatMap((size) => [size >>> 24, (size >>> 16) & 255, (size >>> 8) & 255, size & 255]);
  return Uint8Array.from([0, 0, 8, shape.length, ...sizes, ...Array.from({ length }, (_, i) => fill(i))]);
}

const named = (name: string, bytes: Uint8Array): NamedBytes => ({ name, bytes });
const images = (count: number, rows = 3, cols = 2) => idx([count, rows, cols], (i) => i % 256);
const labels = (count: number) => idx([count], (i) => i % 10);

function filesWith(changes: Partial<MnistFiles> = {}): MnistFiles {
  return {
    trainImages: named('train-images', images(12)),
    trainLabels: named('train-labels', labels(12)),
    testImages: named('test-images', images(4)),
    testLabels: named('test-labels', labels(4)),
    ...changes,
  };
}

describe('parseMnist', () => {
  it('reads four files that belong together', async () => {
    const { train, test } = await parseMnist(filesWith());
    expect(train).toMatchObject({ count: 12, features: 6, rows: 3, cols: 2 });
    expect([...train.images]).toEqual(Array.from({ length: 72 }, (_, i) => i));
    expect([...train.labels]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
    expect(test).toMatchObject({ count: 4, features: 6, rows: 3, cols: 2 });
    expect([...test.labels]).toEqual([0, 1, 2, 3]);
  });

  it.each<[string, Partial<MnistFiles>, string]>([
    [
      'images for labels',
      { trainLabels: named('a', images(12)) },
      'a: holds images, labels were expected: [12, 3, 2]',
    ],
    [
      'labels for images',
      { testImages: named('a', labels(4)) },
      'a: holds labels, images were expected: [4]',
    ],
    [
      'images with 2 dimensions',
      { trainImages: named('a', idx([12, 6])) },
      'a: images must have 3 dimensions: found [12, 6]',
    ],
    [
      'images with 4 dimensions',
      { testImages: named('a', idx([4, 3, 2, 1])) },
      'a: images must have 3 dimensions: found [4, 3, 2, 1]',
    ],
    [
      'labels with 2 dimensions',
      { testLabels: named('a', idx([4, 1])) },
      'a: labels must have 1 dimension: found [4, 1]',
    ],
    [
      'too few labels',
      { trainLabels: named('a', labels(11)) },
      'a: counts of labels and images differ: 11 labels, train-images has 12 images',
    ],
    [
      'too many labels',
      { testLabels: named('a', labels(5)) },
      'a: counts of labels and images differ: 5 labels, test-images has 4 images',
    ],
    [
      'train labels with test images',
      { testLabels: named('a', labels(12)) },
      'a: counts of labels and images differ: 12 labels, test-images has 4 images',
    ],
    [
      'a label above 9',
      {
        testLabels: named(
          'a',
          idx([4], (i) => (i < 2 ? 9 : 8 + i)),
        ),
      },
      'a: labels must be 0 to 9: label 2 is 10',
    ],
    [
      'no images',
      { testImages: named('a', images(0)), testLabels: named('b', labels(0)) },
      'a: at least one image is needed: found 0',
    ],
    [
      'images without pixels',
      { trainImages: named('a', images(12, 0, 2)) },
      'a: an image needs pixels: found 0x2',
    ],
    [
      'test images of another size',
      { testImages: named('a', images(4, 2, 3)) },
      "a: image size differs from the training images': 2x3, train-images has 3x2",
    ],
    [
      'a truncated file',
      { testLabels: named('a', labels(4).subarray(0, -1)) },
      'a: truncated: [4] needs 12 bytes, found 11',
    ],
    [
      'a corrupt gzip file',
      { trainImages: named('a', Uint8Array.of(0x1f, 0x8b, 7)) },
      'a: not a valid gzip stream: ',
    ],
  ])('refuses %s', async (_, changes, message) => {
    const error = await parseMnist(filesWith(changes)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DataError);
    // The assertion above has made it one.
    const found = (error as DataError).message;
    expect(message.endsWith(': ') ? found.slice(0, message.length) : found).toBe(message);
    expect(found).not.toContain('\n');
  });

  it('reads the original MNIST', async () => {
    const files = await mnistFiles();
    const md5 = ({ bytes }: NamedBytes) => createHash('md5').update(bytes).digest('hex');
    expect(md5(files.trainImages)).toBe('6bbc9ace898e44ae57da46a324031adb');
    expect(md5(files.trainLabels)).toBe('a25bea736e30d166cdddb491f175f624');
    expect(md5(files.testImages)).toBe('2646ac647ad5339dbf082846283269ea');
    expect(md5(files.testLabels)).toBe('27ae3e4e09519cfbb04c329615203637');
    const { train, test } = await parseMnist(files);
    const size = { features: 784, rows: 28, cols: 28 };
    expect(train).toMatchObject({ count: 60_000, ...size });
    expect(test).toMatchObject({ count: 10_000, ...size });
    expect(train.images).toHaveLength(60_000 * 784);
    expect([...train.labels.subarray(0, 5)]).toEqual([5, 0, 4, 1, 9]);
    expect([...test.labels.subarray(0, 5)]).toEqual([7, 2, 1, 0, 4]);
    expect(new Set(train.labels)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
  });
});

describe('parseMnist, fuzzed', () => {
  async function check(files: MnistFiles): Promise<void> {
    try {
      const { train, test } = await parseMnist(files);
      for (const part of [train, test]) {
        expect(part.count).toBeGreaterThan(0);
        expect(part.features).toBe(train.rows * train.cols);
        expect(part.images.length).toBe(part.count * part.features);
        expect(part.labels.length).toBe(part.count);
        expect(part.labels.every((label) => label <= 9)).toBe(true);
      }
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      expect(error.message).not.toContain('\n');
    }
  }

  const keys = fc.constantFrom<(keyof MnistFiles)[]>(
    'trainImages',
    'trainLabels',
    'testImages',
    'testLabels',
  );

  it('survives random bytes in any file', async () => {
    await fc.assert(
      fc.asyncProperty(keys, fc.uint8Array({ maxLength: 60 }), (key, bytes) =>
        check(filesWith({ [key]: named('fuzz', bytes) })),
      ),
      { numRuns: 300 },
    );
  });

  it('survives valid files that were flipped, cut, stretched and swapped', async () => {
    const edit = fc.record({ kind: fc.nat(3), key: keys, other: keys, at: fc.nat(), byte: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
        const files = filesWith();
        for (const { kind, key, other, at, byte } of edits) {
          const bytes = [...files[key].bytes];
          const position = at % (bytes.length + 1);
          if (kind === 0) bytes.splice(position, 1, byte);
          else if (kind === 1) bytes.splice(position);
          else if (kind === 2) bytes.splice(position, 0, byte);
          files[key] = kind === 3 ? files[other] : named('fuzz', Uint8Array.from(bytes));
        }
        await check(files);
      }),
      { numRuns: 800 },
    );
  });
});
