/** The work of training contenders. */

/** Settings of the optimizer, for all. */
export const TRAINING = { learningRate: 2e-4, weightDecay: 0, clipNorm: 1 };

interface AnyWork {
  /** Optimizer steps of a slice. */
  readonly steps: number;
  /** Optimizer steps before the first slice, whose losses are compared. */
  readonly checkSteps: number;
}

/** Examples from a file of token ids and labels, a fixed number per step; slices continue where the last ended, and wrap around. */
export interface JobWork extends AnyWork {
  readonly kind: 'job';
  /** Path of JSON with `[{ ids, labels }]`, −1 where nothing is trained. */
  readonly examples: string;
  readonly batchSize: number;
}

/** The same row in every step: `examples` of `tokens` each, random and all trained. */
export interface RowWork extends AnyWork {
  readonly kind: 'row';
  readonly tokens: number;
  readonly examples: number;
  /** Unit of the metric. Default: tokens. */
  readonly unit?: 'steps';
}

export type TrainingWork = JobWork | RowWork;

/** Which of `count` examples the slice of a round takes; without one, those of the checked steps, which come before the first. */
export function jobIndices(
  { batchSize, steps, checkSteps }: JobWork,
  count: number,
  round: number | undefined,
): number[] {
  const [first, length] = round === undefined ? [0, checkSteps] : [checkSteps + round * steps, steps];
  return Array.from({ length: length * batchSize }, (_, i) => (first * batchSize + i) % count);
}

/** Words that are one token each, with a space before them. */
const WORDS = ['one', 'day', 'people', 'world', 'water', 'school', 'time', 'house'];

/** A text with the given number of tokens, for contenders that do not accept token ids. */
export function wordsOf(tokens: number): string {
  return Array.from({ length: tokens }, (_, i) => ` ${WORDS[i % WORDS.length]}`).join('');
}

/** Token ids without meaning, equal in all contenders. */
export function randomIds(length: number, start = 0): Int32Array {
  return Int32Array.from({ length }, (_, i) => 500 + (((start + i) * 37) % 20000));
}
