/** Examples that are longer than the limit. */
import { type TokenExample, UNTRAINED } from './examples.js';

/** What to do with long examples: `cut` keeps their beginning, `drop` leaves them out, `refuse` is an error. */
export const LONG = ['cut', 'drop', 'refuse'] as const;
export type Long = (typeof LONG)[number];

/** Examples up to a maximum length, and the numbers of those that were cut or left out. */
export interface ShortenedExamples<E> {
  readonly examples: readonly E[];
  /** Number of examples that lost their end. */
  readonly cut: number;
  /** Number of examples that were left out. */
  readonly dropped: number;
}

/** Number of tokens up to the last trained one: those after it are never computed. */
export function computedLength({ labels }: TokenExample): number {
  let length = labels.length;
  while (length > 0 && labels[length - 1] === UNTRAINED) length--;
  return length;
}

/**
 * Cuts or leaves out examples that are too long, as `PackedRows` does with `long`, but earlier, so that other code sees the same
 * examples.
 * @param maxLength  maximum tokens of an example, up to its last trained one
 * @param long       `cut` leaves out examples that would have no trained token left
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
