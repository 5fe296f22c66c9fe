/** Messages about a training run that went wrong. */
import { count, integer } from './format.js';
import type { TeachOptions } from './lab/teaching.js';
import type { Divergence } from './lab/views.js';
import { GUESSING } from './lab/watch.js';

/** @param iterations  the iteration whose values were kept; 0 if none were */
export function whatDiverged(
  { iteration, loss }: Divergence,
  iterations: number,
  { learningRate, alpha, rank }: Pick<TeachOptions, 'learningRate' | 'alpha' | 'rank'>,
): string {
  const what = whatHappened({ iteration, loss }, iterations);
  return `The training went wrong: ${what} A learning rate of ${learningRate} is too high with alpha ${alpha} and rank ${rank}.`;
}

/** @param iterations  the iteration whose values were kept; 0 if none were */
export function whatHappened({ iteration, loss }: Divergence, iterations: number): string {
  const what =
    Math.abs(loss - GUESSING) < 1e-2
      ? 'the network now gave every digit the same probability'
      : `the loss ${Number.isFinite(loss) ? `rose to ${amount(loss)}` : 'was no longer a number'}`;
  const kept =
    iterations > 0
      ? `The values of iteration ${integer(iterations)}, before it went wrong, are kept.`
      : 'Nothing has changed.';
  return `after ${count(iteration, 'iteration')} ${what}. ${kept}`;
}

const amount = (loss: number) =>
  loss < 100 ? loss.toFixed(2) : loss < 1e15 ? integer(loss) : loss.toExponential(1);
