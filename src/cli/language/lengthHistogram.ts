/** A histogram of example lengths, in ranges that double. */
import { integer } from '../format.js';

/** Lengths from ≤ length ≤ to. */
export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

const FIRST = 16;
const MAX_BAR = 40;

/** Counts of lengths from the shortest to the longest range that has any; one range ends at `limit`. */
export function histogramOf(lengths: readonly number[], limit: number): readonly Bin[] {
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0);
  const ends: number[] = [];
  for (let end = FIRST; ends.length === 0 || ends[ends.length - 1] < longest; end *= 2) {
    if (limit < end && limit > end / 2 && limit < longest) ends.push(limit);
    ends.push(end);
  }
  const counts = ends.map(() => 0);
  for (const length of lengths) counts[ends.findIndex((end) => length <= end)]++;
  const bins = ends.map((to, i) => ({ from: i === 0 ? 1 : ends[i - 1] + 1, to, count: counts[i] }));
  const isFilled = (bin: Bin) => bin.count > 0;
  const first = bins.findIndex(isFilled);
  return first < 0 ? [] : bins.slice(first, bins.length - [...bins].reverse().findIndex(isFilled));
}

/** A line with a bar for each range; those above `limit` are marked. */
export function renderHistogram(bins: readonly Bin[], limit: number): readonly string[] {
  const labels = bins.map(({ from, to }) => `${integer(from)}–${integer(to)}`);
  const counts = bins.map(({ count }) => integer(count));
  const width = (texts: readonly string[]) => texts.reduce((most, { length }) => Math.max(most, length), 0);
  const most = bins.reduce((highest, { count }) => Math.max(highest, count), 1);
  return bins.map(({ from, count }, i) => {
    const bar = count === 0 ? '' : '█'.repeat(Math.max(1, Math.round((MAX_BAR * count) / most)));
    const mark = from > limit && count > 0 ? ' too long' : '';
    return `  ${labels[i].padStart(width(labels))}  ${counts[i].padStart(width(counts))}  ${bar}${mark}`.trimEnd();
  });
}
