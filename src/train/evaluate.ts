import { noGrad } from '../autograd.js';
import type { Dataset } from '../data/dataset.js';
import type { Module } from '../nn/module.js';
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

/** Measures a classifier, in evaluation mode and without a graph; what is counted stays on the device. */
export async function evaluate(
  model: Module,
  data: Dataset,
  { batchSize = 200, onBatch }: EvaluateOptions = {},
): Promise<Evaluation> {
  const { device, classes } = data;
  const wasTraining = model.training;
  const counts = device.alloc('i32', 2 * classes);
  const lossSum = device.alloc('f32', 1);
  const turn = eventLoopTurns();
  let done = 0;
  try {
    model.eval();
    device.run('fill', { out: counts, value: 0 });
    device.run('fill', { out: lossSum, value: 0 });
    for (const { x, y, rows } of data.batches({ batchSize })) {
      noGrad(() => {
        const logits = model.forward(x);
        device.run('axpby', { out: lossSum, x: crossEntropy(logits, y).storage, alpha: rows, beta: 1 });
        device.run('countWrong', { counts, logits: logits.storage, targets: y.storage, rows, cols: classes });
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
    model.train(wasTraining);
    device.free(counts);
    device.free(lossSum);
  }
}
