/** What an adapter was taught, in words. */
import { count } from './format.js';
import type { Taught } from './lab/views.js';

const LIST = new Intl.ListFormat('en-GB', { type: 'conjunction' });

/** `Taught 0 from 1 drawing in 0.4 s.`; undefined for an adapter of unknown origin. */
export function taughtSentence({ digits, iterations, seconds, drawingCount }: Taught): string | undefined {
  if (digits.length === 0) return undefined;
  const from = drawingCount ? ` from ${count(drawingCount, 'drawing')}` : '';
  const time = seconds === undefined ? count(iterations, 'step') : secondsOf(seconds);
  return `Taught ${LIST.format(digits.map(String))}${from} in ${time}.`;
}

/** `0.4 s`; never `0.0 s`. */
export function secondsOf(seconds: number): string {
  return `${seconds < 10 ? Math.max(0.1, seconds).toFixed(1) : Math.round(seconds)} s`;
}
