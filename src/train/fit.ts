import type { Dataset } from '../data/dataset.js';
import type { Module } from '../nn/module.js';
import { crossEntropy } from '../ops/crossEntropy.js';
import type { Optimizer } from '../optim/optimizer.js';
import { Random } from '../random.js';
import type { Tensor } from '../tensor.js';
import { eventLoopTurns } from './eventLoop.js';

/** What `onStep` is told after each iteration. */
export interface StepReport {
  /** From 1 on, over all epochs. */
  readonly iteration: number;
  /** How many there will be. */
  readonly iterations: number;
  /** From 1 on. */
  readonly epoch: number;
  readonly loss: number;
  /** Over all iterations so far. */
  readonly meanLoss: number;
}

export interface FitOptions {
  readonly optimizer: Optimizer;
  /** Times through the data; default 1. */
  readonly epochs?: number;
  /** At most so many iterations in all; default no limit. */
  readonly limit?: number;
  /** Default 10. */
  readonly batchSize?: number;
  /** Default true. */
  readonly shuffle?: boolean;
  /** Leaves out a last, smaller batch; default false. */
  readonly dropLast?: boolean;
  /** Of the shuffling; default 0. */
  readonly seed?: number;
  /** Of logits and targets, a scalar; default the mean cross-entropy. */
  readonly loss?: (logits: Tensor, targets: Tensor) => Tensor;
  readonly onStep?: (report: StepReport) => void;
  /** Stops at the end of an iteration. */
  readonly signal?: AbortSignal;
}

export interface FitResult {
  readonly iterations: number;
  /** Over all iterations; NaN when there was none. */
  readonly meanLoss: number;
  readonly iterationsPerSecond: number;
  /** Whether `signal` ended it. */
  readonly stopped: boolean;
}

/**
 * Trains a model: for each batch forward, backward and a step of the optimizer.
 * @throws RangeError for options out of range, Error with the iteration's number when the loss is not
 *   finite (the weights are then those before that iteration)
 */
export async function fit(model: Module, data: Dataset, options: FitOptions): Promise<FitResult> {
  const { optimizer, batchSize = 10, dropLast, loss: lossOf = crossEntropy, onStep, signal } = options;
  const { epochs = 1, limit = Number.POSITIVE_INFINITY, shuffle = true, seed = 0 } = options;
  checkCount('epochs', epochs);
  checkCount('batchSize', batchSize);
  if (limit !== Number.POSITIVE_INFINITY) checkCount('limit', limit);

  const random = shuffle ? new Random(seed).split('shuffle') : undefined;
  const batching = { batchSize, random, dropLast };
  const iterations = Math.min(limit, epochs * data.batchCount(batching));
  const begun = performance.now();
  const turn = eventLoopTurns();
  let iteration = 0;
  let lossSum = 0;
  let stopped = signal?.aborted ?? false;
  model.train();
  for (let epoch = 1; iteration < iterations && !stopped; epoch++) {
    for (const { x, y } of data.batches(batching)) {
      optimizer.zeroGrad();
      const loss = lossOf(model.forward(x), y);
      loss.backward();
      const value = await loss.item();
      iteration += 1;
      if (!Number.isFinite(value)) throw new Error(`fit: the loss is ${value} at iteration ${iteration}`);
      optimizer.step();
      lossSum += value;
      onStep?.({ iteration, iterations, epoch, loss: value, meanLoss: lossSum / iteration });
      await turn();
      stopped = signal?.aborted ?? false;
      if (stopped || iteration >= iterations) break;
    }
  }
  await optimizer.sync();
  const seconds = (performance.now() - begun) / 1000;
  return {
    iterations: iteration,
    meanLoss: lossSum / iteration,
    iterationsPerSecond: iteration / seconds,
    stopped,
  };
}

function checkCount(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) {
    throw new RangeError(`fit: ${name} must be an integer from 1 on: ${value}`);
  }
}
