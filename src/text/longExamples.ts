/** Examples that are longer than what is computed of them. */
import { type TokenExample, UNTRAINED } from './examples.js';

/** What becomes of long examples: `cut` keeps their beginning, `drop` leaves them out, `refuse` is an error. */
export const LONG = ['cut', 'drop', 'refuse'] as const;
export type Long = (typeof LONG)[number];

/** Examples of at most so many tokens, and what became of the others. */
export interface ShortenedExamples<E> {
  readonly examples: readonly E[];
  /** How many lost their end, and how many were left out. */
  readonly cut: number;
  readonly dropped: number;
}

/** Tokens up to the last trained one: what stands behind it is never computed. */
export function computedLength({ labels }: TokenExample): number {
  let length = labels.length;
  while (length > 0 && labels[length - 1] === UNTRAINED) length--;
  return length;
}

/**
 * Cuts or leaves out what is too long, as `PackedRows` does with `long`, but before: so that others see the same examples.
 * @param maxLength  most tokens of an example, up to its last trained one
 * @param long       `cut` leaves out examples of which no trained token is left
 */
export function shortenExamples<E extends TokenExample>(
  examples: readonly E[],
  maxLength: number,
  long: 'cut' | 'drop',
): ShortenedExamples<E> {
  let [cut, dropped] = [0, 0];
  const kept = examples.flatMap((example) => {
    if (computedLength(example) <= maxLength) return [example];
    const ids = example.ids.subarray(0, maxLength);
    const labels = example.labels.subarray(0, maxLength);
    if (long === 'drop' || labels.every((label) => label === UNTRAINED)) {
      dropped++;
      return [];
    }
    cut++;
    return [{ ...example, ids, labels }];
  });
  return { examples: kept, cut, dropped };
}
