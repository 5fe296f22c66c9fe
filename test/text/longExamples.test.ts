/** Shortened examples. Oracle: counted by hand, and compared with packing. */
import { describe, expect, it } from 'vitest';
import { type TokenExample, UNTRAINED } from '../../src/text/examples.js';
import { computedLength, shortenExamples } from '../../src/text/longExamples.js';
import { Packing } from '../../src/text/packing.js';

/** An example whose tokens in `trained` are trained. */
function example(line: number, tokens: number, trained: readonly number[]): TokenExample & { line: number } {
  const ids = Int32Array.from({ length: tokens }, (_, i) => 10 + i);
  return { line, ids, labels: ids.map((id, i) => (trained.includes(i) ? id : UNTRAINED)) };
}

const EXAMPLES = [
  example(1, 6, [2, 3]), // 4 tokens are computed
  example(2, 8, [2, 6]), // 7, of which 4 hold a trained one
  example(3, 8, [6, 7]), // 8, of which 4 hold none
  example(5, 4, [3]), // 4
];

describe('shortenExamples', () => {
  it('counts tokens up to the last trained one', () => {
    expect(EXAMPLES.map(computedLength)).toEqual([4, 7, 8, 4]);
    expect(computedLength(example(1, 3, []))).toBe(0);
  });

  it('cuts, and leaves out examples that have no trained token then', () => {
    const { examples, cut, dropped } = shortenExamples(EXAMPLES, 4, 'cut');
    expect({ cut, dropped }).toEqual({ cut: 1, dropped: 1 });
    expect(examples.map(({ line }) => line)).toEqual([1, 2, 5]);
    expect(examples[0]).toBe(EXAMPLES[0]);
    expect([...examples[1].ids]).toEqual([10, 11, 12, 13]);
    expect([...examples[1].labels]).toEqual([-1, -1, 12, -1]);
  });

  it('leaves out', () => {
    const { examples, cut, dropped } = shortenExamples(EXAMPLES, 4, 'drop');
    expect({ cut, dropped }).toEqual({ cut: 0, dropped: 2 });
    expect(examples).toEqual([EXAMPLES[0], EXAMPLES[3]]);
    expect(shortenExamples(EXAMPLES, 8, 'drop')).toEqual({ examples: EXAMPLES, cut: 0, dropped: 0 });
  });

  it.each(['cut', 'drop'] as const)('keeps the same as packing: %s', (long) => {
    for (const maxLength of [2, 3, 4, 7, 8]) {
      const { examples, cut, dropped } = shortenExamples(EXAMPLES, maxLength, long);
      if (examples.length === 0) continue;
      const { report } = new Packing(EXAMPLES, { maxLength, long });
      expect({ cut, dropped }).toEqual({ cut: report.cut, dropped: report.dropped });
      expect(new Packing(examples, { maxLength }).digest()).toBe(
        new Packing(EXAMPLES, { maxLength, long }).digest(),
      );
    }
  });
});
