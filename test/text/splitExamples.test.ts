/** Held-out examples. Oracle: counts, and that no example is lost. */
import { describe, expect, it } from 'vitest';
import { splitExamples } from '../../src/text/splitExamples.js';

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('a share that is held out', () => {
  it.each([
    [2, 1],
    [9, 1],
    [14, 1],
    [15, 2],
    [160, 16],
  ])('of %i examples has %i, and the order stays', (all, held) => {
    const { train, valid } = splitExamples(numbers(all));
    expect([train.length, valid.length]).toEqual([all - held, held]);
    expect([...train, ...valid].sort((a, b) => a - b)).toEqual(numbers(all));
    for (const part of [train, valid]) expect(part).toEqual([...part].sort((a, b) => a - b));
  });

  it('depends only on the seed', () => {
    const held = (seed: number) => splitExamples(numbers(100), { seed, share: 0.2 }).valid;
    expect(held(1)).toEqual(held(1));
    expect(held(1)).not.toEqual(held(2));
    expect(splitExamples(numbers(100)).valid).toEqual(splitExamples(numbers(100), { seed: 0 }).valid);
    expect(held(1).length).toBe(20);
  });

  it('is refused where no example would be left, and for an invalid share', () => {
    expect(() => splitExamples([])).toThrow('there must be more examples than are held out: 1 of 0');
    expect(() => splitExamples([1])).toThrow('1 of 1');
    expect(() => splitExamples([1, 2, 3], { share: 0.9 })).toThrow('3 of 3');
    for (const share of [0, 1, Number.NaN])
      expect(() => splitExamples([1, 2], { share })).toThrow('share must be above 0 and below 1');
    expect(() => splitExamples([1, 2], { valid: 1 } as object)).toThrow('unknown option "valid"');
  });
});
