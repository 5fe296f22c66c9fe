/** Holds out a share of the examples, to measure how well others are learned. */
import { DataError } from '../base/errors.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import { Random } from '../base/random.js';

export interface SplitOptions {
  /** The share of the examples to hold out, above 0 and below 1; at least one example is held out. Default 0.1. */
  readonly share?: number | undefined;
  /** Random seed for choosing the examples. Default 0. */
  readonly seed?: number | undefined;
}

export interface SplitExamples<T> {
  readonly train: readonly T[];
  /** The examples that are held out. */
  readonly valid: readonly T[];
}

const NAMES: OptionNames<SplitOptions> = { share: true, seed: true };

/**
 * Holds out a random share of the examples; both parts keep the order.
 * @throws DataError where no example would be left to train on; RangeError for options
 */
export function splitExamples<T>(examples: readonly T[], options: SplitOptions = {}): SplitExamples<T> {
  checkOptions('splitExamples', options, NAMES);
  const { share = 0.1, seed = 0 } = options;
  if (!(share > 0 && share < 1))
    throw new RangeError(`splitExamples: share must be above 0 and below 1: ${share}`);
  const count = Math.max(1, Math.round(share * examples.length));
  if (count >= examples.length)
    throw new DataError(
      `splitExamples: there must be more examples than are held out: ${count} of ${examples.length}`,
    );
  const order = new Random(seed).split('held out').permutation(examples.length);
  const held = new Set(order.subarray(0, count));
  return {
    train: examples.filter((_, i) => !held.has(i)),
    valid: examples.filter((_, i) => held.has(i)),
  };
}
