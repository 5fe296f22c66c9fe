/** What the page says that a network reads. */
import { computed } from '@preact/signals';
import { answerOf } from './reading.js';
import { adapter } from './saved.js';
import { adapterOn, prediction } from './state.js';
import { work } from './work.js';

/** Before: the network as it came. After: with the adapter. New: one that is being trained from scratch. */
export type Side = 'before' | 'after' | 'new';

export interface Answer {
  readonly side: Side;
  readonly isLearning: boolean;
  readonly probabilities: readonly number[] | undefined;
  /** Undefined where several digits are equally likely, or nothing is drawn. */
  readonly digit: number | undefined;
}

/** What is shown now: what learns, otherwise what was chosen. */
export const answer = computed<Answer>(() => {
  const { base, adapted, candidate } = prediction.value ?? {};
  const isLearning = work.value === 'teaching' || work.value === 'base';
  const shown = (side: Side, probabilities: readonly number[] | undefined) => ({
    ...{ side, isLearning, probabilities },
    digit: answerOf(probabilities),
  });
  if (work.value === 'base' && candidate) return shown('new', candidate);
  if (work.value === 'teaching' && adapted) return shown('after', adapted);
  return adapter.value && adapterOn.value ? shown('after', adapted) : shown('before', base);
});
