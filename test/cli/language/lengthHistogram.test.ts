/** Counts of lengths. Oracle: counted by hand. */
import { describe, expect, it } from 'vitest';
import { histogramOf, renderHistogram } from '../../../src/cli/language/lengthHistogram.js';

describe('a histogram of lengths', () => {
  it('has ranges that double, from the shortest to the longest', () => {
    expect(histogramOf([17, 32, 33, 129], 1024)).toEqual([
      { from: 17, to: 32, count: 2 },
      { from: 33, to: 64, count: 1 },
      { from: 65, to: 128, count: 0 },
      { from: 129, to: 256, count: 1 },
    ]);
    expect(histogramOf([1, 16], 1024)).toEqual([{ from: 1, to: 16, count: 2 }]);
    expect(histogramOf([], 1024)).toEqual([]);
  });

  it('ends a range at the limit, after which all are too long', () => {
    const bins = histogramOf([40, 48, 49, 64, 65], 48);
    expect(bins).toEqual([
      { from: 33, to: 48, count: 2 },
      { from: 49, to: 64, count: 2 },
      { from: 65, to: 128, count: 1 },
    ]);
    expect(renderHistogram(bins, 48)).toEqual([
      `   33–48  2  ${'█'.repeat(40)}`,
      `   49–64  2  ${'█'.repeat(40)} too long`,
      `  65–128  1  ${'█'.repeat(20)} too long`,
    ]);
    expect(histogramOf([64, 65], 64).map(({ to }) => to)).toEqual([64, 128]);
  });
});
