import type { Dataset } from '../data/dataset.js';
import type { Module } from '../nn/module.js';
import { crossEntropy } from '../ops/crossEntropy.js';
import type { Optimizer } from '../optim/optimizer.js';
import { checkSchedule, learningRateFactor, type Schedule } from '../optim/schedule.js';
import { Random } from '../random.js';
import type { Tensor } from '../tensor.js';
import { eventLoopTurns } from './eventLoop.js';
import { TrainingStep } from './trainingStep.js';

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
  /** Of the learning rate, over all iterations of this call; default as the optimizer has it. */
  readonly schedule?: Schedule;
  /** Shortens the gradient of all parameters together to at most this length; default not. */
  readonly clipNorm?: number;
  /**
   * Whether kernel calls may be recorded once and repeated, where the device can; default true. The weights are the
   * same bits either way. `model.forward` and `loss` run in each step all the same, so a model may branch.
   */
  readonly record?: boolean;
  readonly onStep?: (report: StepReport) => void;
  /** Stops at the end of an iteration. */
  readonly signal?: AbortSignal;
}

export interface FitResult {
  readonly iterations: number;
  /** Those of them whose kernel calls were repeated from a recording. */
  readonly repeated: number;
  /** Over all iterations; NaN when there was none. */
  readonly meanLoss: number;
  readonly iterationsPerSecond: number;
  /** Whether `signal` ended it. */
  readonly stopped: boolean;
}

/**
 * Trains a model: for each batch forward, backward and a step of the optimizer.
 * The losses stay on the device and are read every `device.stepsPerRead` steps; `onStep` is then told of each.
 * @throws RangeError for options out of range, Error with the iteration's number when the loss is not
 *   finite (where every step is read, the weights are then those before that iteration)
 */
export async function fit(model: Module, data: Dataset, options: FitOptions): Promise<FitResult> {
  const { optimizer, batchSize = 10, dropLast, loss: lossOf = crossEntropy, record = true, signal } = options;
  const { epochs = 1, limit = Number.POSITIVE_INFINITY, shuffle = true, seed = 0 } = options;
  checkCount('epochs', epochs);
  checkCount('batchSize', batchSize);
  if (limit !== Number.POSITIVE_INFINITY) checkCount('limit', limit);
  const { schedule = { kind: 'constant' }, clipNorm } = options;
  checkSchedule(schedule);
  if (clipNorm !== undefined && !(clipNorm > 0))
    throw new RangeError(`fit: clipNorm must be above 0: ${clipNorm}`);

  const random = shuffle ? new Random(seed).split('shuffle') : undefined;
  const batching = { batchSize, random, epochs, dropLast };
  const count = data.batchCount(batching);
  const log = new TrainingLog(Math.min(limit, count), count / epochs, options.onStep);
  const batches = data.batches(batching);
  const forward = () => {
    const { value: batch } = batches.next();
    if (!batch) throw new Error('fit: there are fewer batches than were counted');
    return lossOf(model.forward(batch.x), batch.y);
  };
  const { device } = data;
  const onLosses = (losses: readonly number[]) => log.add(losses);
  const step = new TrainingStep({ device, optimizer, forward, onLosses, clipNorm, record });
  const begun = performance.now();
  const turn = eventLoopTurns();
  let iteration = 0;
  let stopped = signal?.aborted ?? false;
  model.train();
  try {
    while (iteration < log.iterations && !stopped) {
      optimizer.learningRateFactor = learningRateFactor(schedule, iteration, log.iterations);
      iteration += 1;
      await step.run(iteration === log.iterations);
      log.report();
      await turn();
      stopped = signal?.aborted ?? false;
    }
    await step.readLosses();
    log.report();
    await device.sync();
  } finally {
    batches.return();
    step.dispose();
    optimizer.learningRateFactor = 1;
  }
  const seconds = (performance.now() - begun) / 1000;
  const { meanLoss } = log;
  const { repeated } = step;
  return { iterations: iteration, repeated, meanLoss, iterationsPerSecond: iteration / seconds, stopped };
}

/** Counts the losses that were read, and tells of each once its step is done. */
class TrainingLog {
  #count = 0;
  #sum = 0;
  #untold: StepReport[] = [];

  constructor(
    readonly iterations: number,
    readonly perEpoch: number,
    readonly onStep: ((report: StepReport) => void) | undefined,
  ) {}

  get meanLoss(): number {
    return this.#sum / this.#count;
  }

  /** @throws Error with the iteration's number when a loss is not finite */
  add(losses: readonly number[]): void {
    for (const loss of losses) {
      this.#count += 1;
      this.#sum += loss;
      const iteration = this.#count;
      if (!Number.isFinite(loss)) throw new Error(`fit: the loss is ${loss} at iteration ${iteration}`);
      if (!this.onStep) continue;
      const { iterations, meanLoss } = this;
      const epoch = Math.ceil(iteration / this.perEpoch);
      this.#untold.push({ iteration, iterations, epoch, loss, meanLoss });
    }
  }

  report(): void {
    for (const report of this.#untold) this.onStep?.(report);
    this.#untold = [];
  }
}

function checkCount(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) {
    throw new RangeError(`fit: ${name} must be an integer from 1 on: ${value}`);
  }
}
