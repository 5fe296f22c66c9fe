/** Merges in a table; oracle: a Map of texts. */
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { Merges } from '../../src/text/merges.js';

describe('merges', () => {
  it('are found by their two ids, in the order in which they were added', () => {
    const random = new Random(1);
    const below = (end: number) => Math.floor(random.uniform() * end);
    const merges = new Merges(20_000);
    const known = new Map<string, number>();
    // Some rounds have few ids, so that many merges are repeated.
    for (let i = 0; i < 20_000; i++) {
      const end = i % 2 === 0 ? 150 : 2 ** 22;
      const [left, right] = [below(end), below(end)];
      const key = `${left} ${right}`;
      expect(merges.add(left, right)).toBe(!known.has(key));
      if (!known.has(key)) known.set(key, known.size);
    }
    expect(merges.count).toBe(known.size);
    for (const [key, rank] of known) {
      const [left, right] = key.split(' ').map(Number);
      expect(merges.rank(left, right)).toBe(rank);
      expect(merges.rank(right, left)).toBe(known.get(`${right} ${left}`));
    }
  });

  it('are pairs of texts again', () => {
    const merges = new Merges(3);
    merges.add(0, 1);
    merges.add(2, 0);
    expect(merges.pairs(['a', 'b', 'ab'])).toEqual([
      ['a', 'b'],
      ['ab', 'a'],
    ]);
    expect(merges.rank(1, 0)).toBeUndefined();
    expect(new Merges(0).rank(0, 0)).toBeUndefined();
  });
});
