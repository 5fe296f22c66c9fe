/** The answer of a network as the page shows it. */
import { computed } from '@preact/signals';
import { answerOf } from './reading.js';
import { adapter } from './saved.js';
import { adapterOn, prediction } from './state.js';
import { work } from './work.js';

/** Before: the original network. After: with the adapter. New: a network that is being trained from scratch. */
export type Side = 'before' | 'after' | 'new';

export interface Answer {
  readonly side: Side;
  readonly isLearning: boolean;
  readonly probabilities: readonly number[] | undefined;
  /** The digit; undefined if several are equally likely or nothing is drawn. */
  readonly digit: number | undefined;
}

/** The answer to show: that of the network in training, otherwise the side that was chosen. */
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
