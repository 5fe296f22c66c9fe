import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { Embedding } from '../../src/nn/embedding.js';
import { tensor } from '../../src/tensor.js';
import { allDevices, reference } from '../support/devices.js';

describe.each(await allDevices())('Embedding on %s', (_, device) => {
  it('gives rows of its table, and adds their gradients at equal indices', async () => {
    const embedding = new Embedding(device, 4, 3);
    embedding.weight.write([0, 1, 2, 10, 11, 12, 20, 21, 22, 30, 31, 32]);
    const out = embedding.forward(tensor(device, [3, 1, 3, 0], [2, 2], 'i32'));
    expect(out.shape).toEqual([2, 2, 3]);
    expect(Array.from(await out.read())).toEqual([30, 31, 32, 10, 11, 12, 30, 31, 32, 0, 1, 2]);
    out.backward(tensor(device, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [2, 2, 3]));
    const gradient = Array.from((await embedding.weight.grad?.read()) ?? []);
    expect(gradient).toEqual([10, 11, 12, 4, 5, 6, 0, 0, 0, 8, 10, 12]);
    embedding.dispose();
  });

  it('gives NaN for an index outside its table, and touches no other memory', async () => {
    const stretch = device.alloc('f32', 3 * 64);
    device.run('fill', { out: stretch, value: 7 });
    const [weight, gradient] = [64, 128].map((offset) => device.slice(stretch, offset, 6));
    const embedding = new Embedding(device, 3, 2);
    embedding.weight.write([0, 1, 10, 11, 20, 21]);
    embedding.weight.rehome(weight, gradient, []);
    const out = embedding.forward(tensor(device, [1, 3, -1, 2 ** 31 - 1, 2], [5], 'i32'));
    const nan = Number.NaN;
    expect(Array.from(await out.read())).toEqual([10, 11, nan, nan, nan, nan, nan, nan, 20, 21]);
    out.backward(tensor(device, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [5, 2]));
    expect(Array.from((await embedding.weight.grad?.read()) ?? [])).toEqual([0, 0, 1, 2, 9, 10]);
    const all = Array.from(await device.read(stretch));
    expect(all.slice(64, 72)).toEqual([0, 1, 10, 11, 20, 21, 7, 7]);
    expect(all.slice(134)).toEqual(new Array(58).fill(7));
    expect(all.slice(70, 128)).toEqual(new Array(58).fill(7));
  });
});

describe('Embedding', () => {
  it('is drawn from the standard normal distribution', async () => {
    const values = Array.from(
      await new Embedding(reference, 100, 40, { random: new Random(3) }).weight.read(),
    );
    const mean = values.reduce((sum, value) => sum + value, 0) / 4000;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 4000;
    // Five standard deviations of each.
    expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(4000));
    expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / 4000));
  });

  it('names its table weight', () => {
    const embedding = new Embedding(reference, 2, 3);
    expect([...embedding.namedParameters()].map(([name]) => name)).toEqual(['weight']);
    expect(embedding.weight.shape).toEqual([2, 3]);
  });

  it('takes no indices that are not i32 and no table without rows', () => {
    const embedding = new Embedding(reference, 2, 3);
    expect(() => embedding.forward(tensor(reference, [0], [1]))).toThrow(TypeError);
    expect(() => new Embedding(reference, 0, 3)).toThrow(RangeError);
  });
});
