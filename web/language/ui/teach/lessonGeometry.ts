/** Positions of a lesson's losses in a square of 100 × 100 whose y points down. */
import { roundTicks, type Tick } from '../../../charts/geometry.js';
import { integer } from '../../../format.js';
import { type Course, lossBefore, meanLosses } from '../../curve.js';

interface Place {
  readonly x: number;
  readonly y: number;
}

/** @param steps  number of steps of the whole lesson, which the axis covers */
export function lessonGeometry({ losses, heldOut }: Pick<Course, 'losses' | 'heldOut'>, steps: number) {
  const before = lossBefore({ losses, heldOut });
  const finite = [...losses, ...heldOut].filter(([, loss]) => Number.isFinite(loss));
  // Losses far above the first have diverged; cutting them off keeps the rest readable.
  const most = Math.min(Math.max(0, ...finite.map(([, loss]) => loss)), 1.5 * (before ?? Infinity));
  const values = roundTicks(most);
  const top = values[values.length - 1];
  const end = Math.max(1, steps, ...finite.map(([step]) => step));
  const place = ([step, loss]: readonly [number, number]): Place => ({
    x: (100 * step) / end,
    y: 100 - 100 * Math.min(1, loss / top),
  });
  const across = roundTicks(end)
    .filter((step) => step <= end)
    .map((step): Tick => ({ at: step / end, text: integer(step) }));
  const mean = meanLosses(losses.filter(([, loss]) => Number.isFinite(loss)));
  return {
    raw: finite.filter((point) => losses.includes(point)).map(place),
    mean: mean
      .map(place)
      .map(({ x, y }) => `${x},${y}`)
      .join(' '),
    heldOut: heldOut.filter((point) => finite.includes(point)).map(place),
    before: before !== undefined && Number.isFinite(before) ? place([0, before]).y : undefined,
    now: mean.at(-1)?.[1],
    across,
    up: values.map((value): Tick => ({ at: value / top, text: `${value}` })),
  };
}
