/** Replay: mixes examples of what a model already knows into those that it adapts to, so that it forgets less. */
import { Random } from '../base/random.js';
import { Dataset } from './dataset.js';

/**
 * The chosen examples together with others, drawn without replacement, so that the others make up `fraction` of the whole;
 * where there are too few others for that, all of them and fewer of the chosen; at least one of each. When shuffled, a
 * batch has that fraction on average.
 * @param chosen  and `others`: subsets of one dataset, whose bytes the result shares
 * @param fraction  share of the others, 0 ≤ fraction < 1; with 0 the result is `chosen` itself
 * @throws RangeError for a fraction out of range, or subsets of different datasets
 */
export function mixReplay(chosen: Dataset, others: Dataset, fraction: number, seed: number): Dataset {
  if (!(fraction >= 0 && fraction < 1)) {
    throw new RangeError(`mixReplay: fraction must be at least 0 and below 1: ${fraction}`);
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
