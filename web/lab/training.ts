/** One training run, which returns only values that are better than before. */
import { Adam, DataError, type Dataset, evaluate, type FitOptions, fit, type Layer } from 'lowrank';
import { BATCH_SIZE } from './teaching.js';
import type { Outcome } from './views.js';
import { GUESSING, Watch } from './watch.js';

/** Number of examples on which a training run is judged. */
const JUDGED = 500;

export interface TrainOptions extends Pick<FitOptions, 'epochs' | 'limit' | 'seed' | 'onStep'> {
  readonly learningRate: number;
  readonly signal: AbortSignal;
}

/**
 * Trains, and ends early if the loss explodes. The model then has the values of the last good iteration, or `iterations` is
 * 0 and the model is of no use.
 * @throws DataError when it is stopped before the first iteration
 */
export async function train(model: Layer, data: Dataset, options: TrainOptions): Promise<Outcome> {
  const sample = data.take(Math.min(JUDGED, data.length));
  const lossNow = async () => (await evaluate(model, sample)).loss;
  const before = await lossNow();
  const watch = new Watch(data.device, model.parameters(), before);
  try {
    const done = await watchedFit(model, data, options, watch);
    const after = await lossNow();
    const isBroken = watch.diverged !== undefined || isWorse(after, before);
    const stopped = options.signal.aborted;
    if (!isBroken) return { iterations: done, diverged: undefined, stopped };
    const diverged = watch.diverged ?? { iteration: done, loss: after };
    if (watch.goodIteration > 0) watch.restore();
    const isKept = watch.goodIteration > 0 && isBetter(await lossNow(), before);
    return { iterations: isKept ? watch.goodIteration : 0, diverged, stopped };
  } finally {
    watch.dispose();
  }
}

/** Whether every digit gets the same ten percent, a state from which no gradient leads away. */
const isDead = (after: number, before: number) =>
  Math.abs(after - GUESSING) < 1e-3 && Math.abs(before - GUESSING) > 0.05;

const isWorse = (after: number, before: number) => isDead(after, before) || !(after <= 1.1 * before + 0.1);

const isBetter = (after: number, before: number) => after < before && !isDead(after, before);

/** @returns number of iterations */
async function watchedFit(
  model: Layer,
  data: Dataset,
  { learningRate, signal, onStep, ...length }: TrainOptions,
  watch: Watch,
): Promise<number> {
  const optimizer = new Adam(model.parameters(), { learningRate });
  try {
    const { iterations } = await fit(model, data, {
      ...length,
      optimizer,
      batchSize: BATCH_SIZE,
      signal,
      onStep: (report) => {
        watch.add(report);
        if (watch.diverged) throw new Error('the training diverged');
        onStep?.(report);
      },
    });
    if (iterations === 0) throw new DataError('stopped before the first iteration: nothing has changed');
    return iterations;
  } catch (error) {
    if (watch.diverged) return watch.diverged.iteration;
    const found = /^fit: the loss is (\S+) at iteration (\d+)/.exec(
      error instanceof Error ? error.message : '',
    );
    if (!found) throw error;
    watch.diverged = { iteration: Number(found[2]), loss: Number(found[1]) };
    return Number(found[2]);
  } finally {
    optimizer.dispose();
  }
}
