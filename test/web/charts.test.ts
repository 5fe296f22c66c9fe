/** Positions of the lines, bars and ticks of the charts. */
import { describe, expect, it } from 'vitest';
import { barsOf, lossCurve, roundTicks, type Tick } from '../../web/charts/geometry.js';

const placed = (ticks: readonly Tick[]) => ticks.map(({ text, at }) => [text, at]);

describe('roundTicks', () => {
  it.each([
    [3.2, [0, 1, 2, 3, 4]],
    [60, [0, 20, 40, 60]],
    [0.35, [0, 0.1, 0.2, 0.3, 0.4]],
    [1, [0, 0.5, 1]],
    [5, [0, 2, 4, 6]],
    [200, [0, 50, 100, 150, 200]],
    [2.5e8, [0, 1e8, 2e8, 3e8]],
    [0, [0, 1]],
  ])('up to %d', (most, expected) => {
    expect(roundTicks(most)).toEqual(expected);
  });

  it('are few and reach the most, whatever that is', () => {
    for (let most = 0.001; most < 1e6; most *= 1.07) {
      const found = roundTicks(most);
      expect(found.length).toBeLessThanOrEqual(5);
      expect(found.at(-1)).toBeGreaterThanOrEqual(most * (1 - 1e-9));
      expect(found.at(-2)).toBeLessThan(most);
    }
  });
});

describe('the curve of the loss', () => {
  it('has each loss at its step, and says the last', () => {
    const { line, now, up, across } = lossCurve([
      [50, 4],
      [100, 1],
      [200, 0.04],
    ]);
    expect(line).toBe('25,0 50,75 100,99');
    expect(now).toBe('0.040');
    expect(placed(up)).toEqual([
      ['0', 0],
      ['1', 0.25],
      ['2', 0.5],
      ['3', 0.75],
      ['4', 1],
    ]);
    expect(placed(across)).toEqual([
      ['0', 0],
      ['50', 0.25],
      ['100', 0.5],
      ['150', 0.75],
      ['200', 1],
    ]);
  });

  it('has no tick beyond the last step', () => {
    const { across } = lossCurve([[230, 1]]);
    expect(placed(across)).toEqual([
      ['0', 0],
      ['100', 100 / 230],
      ['200', 200 / 230],
    ]);
  });

  it('leaves room for the steps to come', () => {
    const { line, across } = lossCurve([[50, 4]], 100);
    expect(line).toBe('50,0');
    expect(placed(across).at(-1)).toEqual(['100', 1]);
  });

  it.each([
    [0, '0.000'],
    [0.0004, '<0.001'],
    [2.5e8, '250,000,000'],
  ])('says %d as a person can read it', (loss, text) => {
    expect(lossCurve([[10, loss]]).now).toBe(text);
  });
});

describe('the bars of wrong answers', () => {
  const base = [2, 1, 5, 9, 10, 17, 9, 9, 16, 21];
  const adapted = [5, 1, 11, 10, 7, 17, 13, 6, 60, 21];

  it('stand side by side as high as their counts', () => {
    const { bars } = barsOf(base, adapted, []);
    const before = bars.filter(({ kind }) => kind === 'base');
    const after = bars.filter(({ kind }) => kind === 'adapted');
    for (const digit of base.keys()) {
      expect(before[digit].height).toBeCloseTo((base[digit] / 60) * 100, 9);
      expect(after[digit].height).toBeCloseTo((adapted[digit] / 60) * 100, 9);
      expect(after[digit].y + after[digit].height).toBeCloseTo(100, 9);
      expect(before[digit].x).toBeGreaterThan(10 * digit);
      expect(before[digit].x + before[digit].width).toBeLessThan(after[digit].x);
      expect(after[digit].x + after[digit].width).toBeLessThan(10 * digit + 10);
    }
  });

  it('of only the base stand above their digits', () => {
    const { bars, across } = barsOf(base, undefined, []);
    expect(bars.length).toBe(10);
    expect(bars[3].x + bars[3].width / 2).toBeCloseTo(100 * across[3].at, 9);
  });

  it('have a star at the digits that are marked', () => {
    const { across } = barsOf(base, adapted, [0, 8]);
    expect(across.map(({ text }) => text)).toEqual(['0★', '1', '2', '3', '4', '5', '6', '7', '8★', '9']);
  });
});
