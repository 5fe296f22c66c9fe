/** Positions of a lesson's losses in its chart. */
import { describe, expect, it } from 'vitest';
import { lessonGeometry } from '../../../web/language/ui/teach/lessonGeometry.js';

const losses = Array.from({ length: 20 }, (_, i) => [i + 1, 3 - i / 10] as const);
const heldOut = [
  [0, 3.2],
  [10, 2],
  [20, 1.5],
] as const;

describe('the chart of a lesson', () => {
  it('has room for all of its steps, and the base’s loss as a line', () => {
    const { raw, before, heldOut: dots, across, up } = lessonGeometry({ losses, heldOut }, 40);
    expect(raw).toHaveLength(20);
    expect(raw[19].x).toBe(50);
    expect(up.map(({ text }) => text)).toEqual(['0', '1', '2', '3', '4']);
    expect(before).toBeCloseTo(100 - (100 * 3.2) / 4);
    expect(dots.map(({ x }) => x)).toEqual([0, 25, 50]);
    expect(across.at(-1)?.at).toBe(1);
  });

  it('leaves out what is not finite, and cuts off what has diverged', () => {
    const wild = [...losses, [21, 400] as const, [22, Number.NaN] as const];
    const { raw, mean, up, now } = lessonGeometry({ losses: wild, heldOut }, 40);
    expect(raw).toHaveLength(21);
    expect(raw[20].y).toBe(0);
    expect(mean).not.toContain('NaN');
    expect(Number(up.at(-1)?.text)).toBeLessThan(10);
    expect(now).toBeGreaterThan(10);
  });

  it('says nothing before the first step', () => {
    const { raw, mean, before, now } = lessonGeometry({ losses: [], heldOut: [] }, 0);
    expect({ raw, mean, before, now }).toEqual({ raw: [], mean: '', before: undefined, now: undefined });
  });
});
