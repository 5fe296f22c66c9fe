/** Reads a digit from probabilities. */
import { DIGITS } from './format.js';

/** The most likely digit; undefined if several are equally likely. */
export function answerOf(probabilities: readonly number[] | undefined): number | undefined {
  if (!probabilities) return undefined;
  const most = Math.max(...probabilities);
  const likely = DIGITS.filter((digit) => probabilities[digit] > most - 1e-6);
  return likely.length === 1 ? likely[0] : undefined;
}
