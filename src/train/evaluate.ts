import { noGrad } from '../autograd.js';
import type { Dataset } from '../data/dataset.js';
import { evaluationModes, withModes } from '../nn/mode.js';
import { type Module, modelParts } from '../nn/module.js';
import { reading } from '../nn/use.js';
import { crossEntropy } from '../ops/crossEntropy.js';
import { eventLoopTurns } from './eventLoop.js';

export interface EvaluateOptions {
  /** Examples at a time; default 200, which stay in the caches. It does not change the counts. */
  readonly batchSize?: number;
  /** Told after each batch how many examples are done; what it throws ends the evaluation. */
  readonly onBatch?: (done: number) => void;
}

export interface Evaluation {
  /** Mean cross-entropy over the examples. */
  readonly loss: number;
  /** Fraction of the examples that are right, 0 to 1. */
  readonly accuracy: number;
  /** Right and wrong predictions, by the example's class. */
  readonly correct: number[];
  readonly wrong: number[];
}

/**
 * Measures a classifier, in evaluation mode and without a graph; what is counted stays on the device. The model is
 * measured as it is at one moment: a `fit` that trains it pauses between two iterations until this call ends, a `merge`,
 * or another change that takes time, waits for it too, and what changes adapters at once throws. Several calls may run side by side.
 */
export function evaluate(model: Module, data: Dataset, options: EvaluateOptions = {}): Promise<Evaluation> {
  return reading('evaluate', modelParts(model), () => measure(model, data, options));
}

async function measure(
  model: Module,
  data: Dataset,
  { batchSize = 200, onBatch }: EvaluateOptions,
): Promise<Evaluation> {
  const { device, classes } = data;
  const modes = evaluationModes(model);
  const counts = device.alloc('i32', 2 * classes);
  const lossSum = device.alloc('f32', 1);
  const turn = eventLoopTurns();
  let done = 0;
  try {
    device.fill(counts, 0);
    device.fill(lossSum, 0);
    for (const { x, y, rows } of data.batches({ batchSize })) {
      noGrad(() => {
        const logits = withModes(modes, () => model.forward(x));
        device.axpy(lossSum, crossEntropy(logits, y).storage, rows);
        device.countWrong(counts, logits.storage, y.storage, rows, classes);
      });
      done += rows;
      await turn();
      onBatch?.(done);
    }
    const [total] = await device.read(lossSum);
    const all = Array.from(await device.read(counts));
    const wrong = all.slice(classes);
    const correct = wrong.map((count, c) => all[c] - count);
    const right = correct.reduce((sum, count) => sum + count, 0);
    return { loss: total / data.length, accuracy: right / data.length, correct, wrong };
  } finally {
    device.free(counts);
    device.free(lossSum);
  }
}
