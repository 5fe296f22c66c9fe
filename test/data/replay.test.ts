import { describe, expect, it } from 'vitest';
import { Dataset } from '../../src/data/dataset.js';
import { mixReplay } from '../../src/data/replay.js';
import { allDevices } from '../support/devices.js';

describe.each(await allDevices())('mixReplay on %s', (_, device) => {
  /** Example i is the byte i, with the label i mod 4. */
  const make = (count: number) =>
    Dataset.fromBytes(
      device,
      Uint8Array.from({ length: count }, (__, i) => i),
      Uint8Array.from({ length: count }, (__, i) => i % 4),
      { features: 1, classes: 4, mean: 0, std: 1 },
    );
  const bytesOf = async (data: Dataset) => {
    const bytes: number[] = [];
    for (const { x } of data.batches({ batchSize: 7 })) {
      bytes.push(...Array.from(await x.read(), (value) => Math.round(255 * value)));
    }
    return bytes;
  };

  it('takes all chosen examples and others of the wanted share, each once', async () => {
    const data = make(200);
    const chosen = data.subset([0]);
    const mixed = mixReplay(chosen, data.subset([1, 2, 3]), 1 / 3, 5);
    expect(mixed.classCounts[0]).toBe(50);
    expect(mixed.length).toBe(75);
    const bytes = await bytesOf(mixed);
    expect(new Set(bytes).size).toBe(75);
    expect(await bytesOf(mixReplay(chosen, data.subset([1, 2, 3]), 1 / 3, 5))).toEqual(bytes);
    expect(await bytesOf(mixReplay(chosen, data.subset([1, 2, 3]), 1 / 3, 6))).not.toEqual(bytes);
    expect(mixReplay(chosen, data.subset([1, 2, 3]), 0, 5)).toBe(chosen);
    data.dispose();
  });

  it('keeps the share where there are too few others', () => {
    const data = make(200);
    const mixed = mixReplay(data.subset([0, 1, 2]), data.subset([3]), 0.5, 0);
    expect(mixed.classCounts[3]).toBe(50);
    expect(mixed.length).toBe(100);
    data.dispose();
  });

  it('has at least one of each', () => {
    const data = make(80);
    const few = data.subset([0]).take(3);
    expect(mixReplay(few, data.subset([1]), 0.1, 0)).toHaveLength(4);
    data.dispose();
  });

  it('refuses a fraction out of range, and examples of two datasets', () => {
    const [data, other] = [make(8), make(8)];
    for (const fraction of [-0.1, 1, Number.NaN]) {
      expect(() => mixReplay(data.subset([0]), data.subset([1]), fraction, 0)).toThrow(
        `mixReplay: fraction must be at least 0 and below 1: ${fraction}`,
      );
    }
    expect(() => mixReplay(data.subset([0]), other.subset([1]), 0.5, 0)).toThrow('must be of one dataset');
    expect(() => Dataset.join([[data.take(2), Int32Array.of(2)]])).toThrow('positions must be 0 to 1: 2');
    expect(() => Dataset.join([])).toThrow('there are no examples');
    data.dispose();
    other.dispose();
  });
});
