/** Which values a lesson falls back to. */
import { describe, expect, it } from 'vitest';
import { Watch } from '../../../web/language/lab/copies.js';

const after = (losses: readonly number[], first?: number) => {
  const watch = new Watch(first);
  watch.good = { step: 0, values: [] };
  const lost = losses.map((loss, i) => {
    const isLost = watch.after(i + 1, loss);
    if (watch.lacksValues) watch.offer({ step: i + 1, values: [] });
    return isLost;
  });
  return { lost: lost.indexOf(true) + 1, good: watch.good.step };
};

describe('a lesson', () => {
  it('is lost at three times its first loss, or without a number', () => {
    expect(after([3, 8.9, 9])).toMatchObject({ lost: 0 });
    expect(after([3, 2, 9.1])).toMatchObject({ lost: 3 });
    expect(after([3, Number.NaN])).toMatchObject({ lost: 2 });
    expect(after([9.1], 3)).toMatchObject({ lost: 1 });
    expect(after([0.1, 0.9])).toMatchObject({ lost: 0 });
  });

  it('falls back to the last values whose loss was no worse than initially', () => {
    // The loss of step 3 is that of the values after step 2.
    expect(after([3, 2, 1, 4, 10])).toEqual({ lost: 5, good: 2 });
    expect(after([3, 5, 10])).toEqual({ lost: 3, good: 0 });
    expect(after([3, 2, 2, 2])).toEqual({ lost: 0, good: 3 });
  });
});
