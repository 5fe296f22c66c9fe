import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';

describe('Random', () => {
  it('is xoshiro128** seeded by splitmix32: the same numbers for ever', () => {
    // Oracle: the authors' C code, run with the state (1, 2, 3, 4).
    const random = new Random(0);
    random.state = [1, 2, 3, 4];
    expect(Array.from({ length: 4 }, () => random.uint32())).toEqual([11520, 0, 5927040, 70819200]);
  });

  it('continues from a saved state', () => {
    const random = new Random(5);
    random.normal();
    const { state } = random;
    const next = [random.uniform(), random.normal()];
    random.state = state;
    expect([random.uniform(), random.normal()]).toEqual(next);
  });

  it('gives every purpose a stream of its own', () => {
    const seed = new Random(1);
    const streams = [seed.split('init'), seed.split('shuffle'), new Random(2).split('init'), seed];
    const first = streams.map((random) => random.uint32());
    expect(new Set(first).size).toBe(streams.length);
    expect(new Random(1).split('init').uint32()).toBe(first[0]);
  });

  it('draws uniform and normal numbers with the right moments', () => {
    const random = new Random(3);
    const count = 100_000;
    const moments = (draw: () => number) => {
      let [sum, square, fourth] = [0, 0, 0];
      for (let i = 0; i < count; i++) {
        const x = draw();
        sum += x;
        square += x * x;
        fourth += x ** 4;
      }
      return [sum / count, square / count, fourth / count];
    };
    // Five standard errors of each mean.
    const near = (actual: number, expected: number, variance: number) =>
      expect(Math.abs(actual - expected)).toBeLessThan(5 * Math.sqrt(variance / count));
    const uniform = moments(() => random.uniform());
    near(uniform[0], 1 / 2, 1 / 12);
    near(uniform[1], 1 / 3, 4 / 45);
    const normal = moments(() => random.normal());
    near(normal[0], 0, 1);
    near(normal[1], 1, 2);
    near(normal[2], 3, 96);
  });

  it('takes its logarithm without Math.log, within a few units of the last place', () => {
    // Through normal(): a pair (u, v) is rebuilt from the same stream and put into Math.log.
    const random = new Random(11);
    const twin = new Random(11);
    for (let i = 0; i < 1000; i++) {
      const actual = random.normal();
      let [u, v, s] = [0, 0, 0];
      do {
        u = 2 * twin.uniform() - 1;
        v = 2 * twin.uniform() - 1;
        s = u * u + v * v;
      } while (s <= 0 || s >= 1);
      expect(actual).toBeCloseTo(u * Math.sqrt((-2 * Math.log(s)) / s), 13);
    }
  });

  it('permutes', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.integer(), (length, seed) => {
        const order = new Random(seed | 0).permutation(length);
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length }, (_, i) => i));
      }),
    );
    expect([...new Random(1).permutation(10)]).not.toEqual([...new Random(2).permutation(10)]);
  });

  it('requires an integer seed', () => {
    expect(() => new Random(1.5)).toThrow('Random: seed must be an integer: 1.5');
  });
});
