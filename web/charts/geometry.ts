/** Positions of the lines, bars and ticks of the charts in a square of 100 × 100 whose y points down. */
import { DIGITS, integer } from '../format.js';
import type { Progress } from '../lab/views.js';

export interface Tick {
  /** Position along its axis, from 0 to 1. */
  readonly at: number;
  readonly text: string;
  readonly isMarked?: boolean;
}

/** At most five round numbers from 0 up, spaced by 1, 2 or 5 times a power of ten; the last is `most` or the next above it. */
export function roundTicks(most: number): number[] {
  if (!(most > 0)) return [0, 1];
  const power = 10 ** Math.floor(Math.log10(most / 4));
  const step = power * ([1, 2, 5].find((each) => 4 * each * power >= most) ?? 10);
  // Multiplied, since a sum of steps of 0.1 drifts.
  return Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, i) =>
    Number((i * step).toPrecision(12)),
  );
}

const textOf = (value: number) => (value >= 1000 ? integer(value) : `${value}`);

const ticksUp = (values: readonly number[], top: number): Tick[] =>
  values.map((value) => ({ at: value / top, text: textOf(value) }));

/**
 * The loss curve of a training run.
 * @param points  points in the order of their steps, at least one
 * @param steps  number of steps that the axis covers; by default up to the last point
 */
export function lossCurve(points: Progress['losses'], steps = 0) {
  const values = roundTicks(Math.max(...points.map(([, loss]) => loss)));
  const top = values[values.length - 1];
  const [last, now] = points[points.length - 1];
  const end = Math.max(last, steps);
  const across = roundTicks(end)
    .filter((step) => step <= end)
    .map((step): Tick => ({ at: step / end, text: integer(step) }));
  const line = points.map(([step, loss]) => `${(100 * step) / end},${100 - (100 * loss) / top}`).join(' ');
  return { line, across, up: ticksUp(values, top), now: lossText(now) };
}

function lossText(loss: number): string {
  if (loss > 0 && loss < 0.001) return '<0.001';
  return loss < 1000 ? loss.toFixed(3) : integer(loss);
}

/** Width of a bar, within the tenth of the plot that each digit has. */
const BAR = 3.4;
const GAP = 0.2;

export interface Bar {
  readonly kind: 'base' | 'adapted';
  readonly digit: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Bars of counts by digit, base and adapted side by side. @param marked  digits to mark */
export function barsOf(
  base: readonly number[],
  adapted: readonly number[] | undefined,
  marked: readonly number[],
) {
  const values = roundTicks(Math.max(...base, ...(adapted ?? [])));
  const top = values[values.length - 1];
  const side = (kind: Bar['kind'], counts: readonly number[], from: number) =>
    counts.map((each, digit): Bar => {
      const height = (100 * each) / top;
      return { kind, digit, x: 10 * digit + 5 + from, y: 100 - height, width: BAR, height };
    });
  const bars = adapted
    ? [...side('base', base, -BAR - GAP), ...side('adapted', adapted, GAP)]
    : side('base', base, -BAR / 2);
  const across = DIGITS.map((digit): Tick => {
    const isMarked = marked.includes(digit);
    return { at: (digit + 0.5) / 10, text: `${digit}${isMarked ? '★' : ''}`, isMarked };
  });
  return { bars, across, up: ticksUp(values, top) };
}
