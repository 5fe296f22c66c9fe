import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { Dataset } from '../../src/data/dataset.js';
import { allDevices } from '../support/devices.js';

const OPTIONS = { features: 3, classes: 4, mean: 0.5, std: 0.25 };

describe.each(await allDevices())('Dataset on %s', (_, device) => {
  /** Example i is [i, i + 1, i + 2] with the label i mod 4. */
  const make = (count: number) =>
    Dataset.fromBytes(
      device,
      Uint8Array.from({ length: 3 * count }, (__, i) => Math.floor(i / 3) + (i % 3)),
      Uint8Array.from({ length: count }, (__, i) => i % 4),
      OPTIONS,
    );
  /** The example numbers of each batch, from the first feature. */
  const examples = async (data: Dataset, options: Parameters<Dataset['batches']>[0]) => {
    const batches: number[][] = [];
    for (const { x, y, rows } of data.batches(options)) {
      const [pixels, labels] = [await x.read(), await y.read()];
      expect(x.shape).toEqual([rows, 3]);
      const numbers = Array.from({ length: rows }, (__, r) => Math.round((pixels[3 * r] * 0.25 + 0.5) * 255));
      expect(Array.from(labels)).toEqual(numbers.map((i) => i % 4));
      batches.push(numbers);
    }
    return batches;
  };

  it('normalises as (x/255 − mean)/std', async () => {
    const data = make(1);
    for (const { x } of data.batches({ batchSize: 1 })) {
      const expected = [0, 1, 2].map((byte) => (byte / 255 - 0.5) / 0.25);
      Array.from(await x.read()).forEach((value, i) => {
        expect(value).toBeCloseTo(expected[i], 6);
      });
    }
    data.dispose();
  });

  it('gives batches in order, and a smaller last one or none', async () => {
    const data = make(7);
    expect(await examples(data, { batchSize: 3 })).toEqual([[0, 1, 2], [3, 4, 5], [6]]);
    expect(await examples(data, { batchSize: 3, dropLast: true })).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    expect(await examples(data, { batchSize: 100 })).toEqual([[0, 1, 2, 3, 4, 5, 6]]);
    expect(data.batchCount({ batchSize: 3 })).toBe(3);
    expect(data.batchCount({ batchSize: 3, dropLast: true })).toBe(2);
    data.dispose();
  });

  it('shuffles by its generator, each example once', async () => {
    const data = make(20);
    const shuffled = (seed: number) => examples(data, { batchSize: 6, random: new Random(seed) });
    const first = await shuffled(1);
    expect(await shuffled(1)).toEqual(first);
    expect(await shuffled(2)).not.toEqual(first);
    expect(first.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (__, i) => i));
    data.dispose();
  });

  it('has subsets by label and by count, over the same bytes', async () => {
    const data = make(10);
    const before = device.memory().liveBytes;
    expect(await examples(data.subset([1, 3]), { batchSize: 10 })).toEqual([[1, 3, 5, 7, 9]]);
    expect(await examples(data.subset([1, 3]).take(2), { batchSize: 10 })).toEqual([[1, 3]]);
    expect(data.subset([0]).classCounts).toEqual([3, 0, 0, 0]);
    expect(device.memory().liveBytes).toBe(before);
    data.dispose();
  });

  it('holds the memory of one batch while it is used, and none afterwards', () => {
    const data = make(10);
    const before = device.memory().liveStorages;
    const sizes = Array.from(data.batches({ batchSize: 4 }), () => device.memory().liveStorages);
    expect(new Set(sizes).size).toBe(1);
    for (const __ of data.batches({ batchSize: 4 })) break;
    expect(device.memory().liveStorages).toBe(before);
    data.dispose();
  });

  it('covers every example for any sizes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 50 }),
        async (count, batchSize) => {
          const data = make(count);
          const batches = await examples(data, { batchSize });
          expect(batches.length).toBe(data.batchCount({ batchSize }));
          expect(batches.flat()).toEqual(Array.from({ length: count }, (__, i) => i));
          data.dispose();
        },
      ),
      { numRuns: 20 },
    );
  });
});

describe('Dataset refuses', async () => {
  const [[, device]] = await allDevices();
  const bytes = (length: number, value = 0) => new Uint8Array(length).fill(value);
  const data = Dataset.fromBytes(device, bytes(6), Uint8Array.of(0, 1), OPTIONS);

  it.each([
    [
      'dataset: 2 labels of 3 features require 6 bytes: got 5',
      () => Dataset.fromBytes(device, bytes(5), bytes(2), OPTIONS),
    ],
    [
      'dataset: label 0 must be 0 to 3: got 4',
      () => Dataset.fromBytes(device, bytes(3), bytes(1, 4), OPTIONS),
    ],
    ['dataset: there are no examples', () => Dataset.fromBytes(device, bytes(0), bytes(0), OPTIONS)],
    [
      'dataset: std must be finite and above 0: 0',
      () => Dataset.fromBytes(device, bytes(3), bytes(1), { ...OPTIONS, std: 0 }),
    ],
    [
      'dataset: std must be finite and above 0: Infinity',
      () => Dataset.fromBytes(device, bytes(3), bytes(1), { ...OPTIONS, std: Number.POSITIVE_INFINITY }),
    ],
    [
      'dataset: mean must be finite: NaN',
      () => Dataset.fromBytes(device, bytes(3), bytes(1), { ...OPTIONS, mean: Number.NaN }),
    ],
    [
      'dataset: features must be a positive integer: 1.5',
      () => Dataset.fromBytes(device, bytes(3), bytes(2), { ...OPTIONS, features: 1.5 }),
    ],
    [
      'dataset: classes must be a positive integer: 0',
      () => Dataset.fromBytes(device, bytes(3), bytes(1), { ...OPTIONS, classes: 0 }),
    ],
    [
      'dataset: images must be bytes, such as a Uint8Array: got a Float32Array',
      () => Dataset.fromBytes(device, Float32Array.of(1, 0.5, 0) as never, bytes(1), OPTIONS),
    ],
    [
      'dataset: labels must be bytes, such as a Uint8Array: got a Int8Array',
      () => Dataset.fromBytes(device, bytes(3), Int8Array.of(-1) as never, OPTIONS),
    ],
    [
      // As a byte, 299 would be 43.
      'dataset: labels must be bytes, such as a Uint8Array: got a Int32Array',
      () => Dataset.fromBytes(device, bytes(3), Int32Array.of(299) as never, { ...OPTIONS, classes: 300 }),
    ],
    ['batches: epochs must be a positive integer: 0', () => data.batches({ batchSize: 1, epochs: 0 })],
    ['batches: skip must be a non-negative integer: -1', () => data.batches({ batchSize: 1, skip: -1 })],
    ['batches: batchSize must be a positive integer: NaN', () => data.batchCount({ batchSize: Number.NaN })],
    ['subset: labels must be 0 to 3: 4', () => data.subset([4])],
    ['subset: labels must be 0 to 3: 1.5', () => data.subset([1.5])],
    ['subset: no example has a label of [2, 3]', () => data.subset([2, 3])],
    ['subset: no example has a label of []', () => data.subset([])],
    ['take: count must be at least 1: 0', () => data.take(0)],
    ['batches: batchSize must be a positive integer: 0', () => data.batches({ batchSize: 0 }).next()],
  ])('%s', (message, run) => {
    expect(run).toThrow(message);
  });
});
