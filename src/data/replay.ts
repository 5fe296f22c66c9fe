/** Replay: examples of what a model already knows among those that it adapts to, so that it forgets less. */
import { Random } from '../base/random.js';
import { Dataset } from './dataset.js';

/**
 * The chosen examples and as many of the others, drawn without replacement, as make up `fraction` of the whole; where
 * there are too few others for that, all of them and fewer of the chosen; of each at least one. Shuffled, a batch has that
 * fraction on average.
 * @param chosen  and `others`: subsets of one dataset, whose bytes the result shares
 * @param fraction  of the others, 0 ≤ fraction < 1; with 0 it is `chosen` itself
 * @throws RangeError for a fraction out of range, or subsets of different datasets
 */
export function mixReplay(chosen: Dataset, others: Dataset, fraction: number, seed: number): Dataset {
  if (!(fraction >= 0 && fraction < 1)) {
    throw new RangeError(`mixReplay: fraction must be from 0 to below 1: ${fraction}`);
  }
  if (fraction === 0) return chosen;
  const wanted = Math.max(1, Math.round((chosen.length * fraction) / (1 - fraction)));
  const enough = wanted <= others.length;
  const kept = enough ? chosen.length : Math.round((others.length * (1 - fraction)) / fraction);
  const random = new Random(seed).split('replay');
  return Dataset.join([
    [chosen, sample(chosen.length, Math.max(1, kept), random)],
    [others, sample(others.length, Math.min(wanted, others.length), random)],
  ]);
}

/** `count` of the numbers 0 … length−1, ascending. */
function sample(length: number, count: number, random: Random): Int32Array {
  return random.permutation(length).subarray(0, count).sort();
}
