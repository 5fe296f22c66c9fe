import type { Dataset } from '../data/dataset.js';
import { trainingModes, withModes } from '../nn/mode.js';
import { type Module, modelParts } from '../nn/module.js';
import { Use } from '../nn/use.js';
import { crossEntropy } from '../ops/crossEntropy.js';
import type { Optimizer } from '../optim/optimizer.js';
import { checkSchedule, learningRateFactor, type Schedule } from '../optim/schedule.js';
import { Random } from '../random.js';
import type { Tensor } from '../tensor.js';
import {
  type CheckpointFiles,
  type CheckpointStore,
  checkpointStore,
  type Fingerprint,
  restoreCheckpoint,
  serializeCheckpoint,
} from './checkpoint.js';
import { eventLoopTurns } from './eventLoop.js';
import { TrainingStep } from './trainingStep.js';
import { Validation, type ValidationOptions, type ValidationReport } from './validation.js';

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

export interface CheckpointOptions {
  /** Files by name, or a place of your own; in Node also the path of a directory. */
  readonly dir: CheckpointFiles | CheckpointStore;
  /** Iterations between two checkpoints; there is one at the end too, and when `signal` ends it. */
  readonly every: number;
  /** Goes on from the checkpoint in `dir`, if there is one; default false. */
  readonly resume?: boolean;
  /** More that two runs must have in common for one to go on with the other's checkpoint. */
  readonly settings?: Fingerprint;
}

export interface FitOptions {
  readonly optimizer: Optimizer;
  /** Times through the data; default 1. */
  readonly epochs?: number;
  /** At most so many iterations in all; default no limit. */
  readonly limit?: number;
  /** Default 10. */
  readonly batchSize?: number;
  /** Batches of an iteration, whose gradients are averaged; more than 1 is computed call by call. Default 1. */
  readonly accumulate?: number;
  /** Default true. */
  readonly shuffle?: boolean;
  /** Leaves out a last, smaller batch; default false. */
  readonly dropLast?: boolean;
  /** Of the shuffling; default 0. */
  readonly seed?: number;
  /** Of logits and targets, a scalar; default the mean cross-entropy. */
  readonly loss?: (logits: Tensor, targets: Tensor) => Tensor;
  /**
   * Course of the learning rate over all iterations of this call, beside the optimizer's `learningRateFactor`. Default:
   * constant.
   */
  readonly schedule?: Schedule;
  /** Shortens the gradient of all parameters together to at most this length; default not. */
  readonly clipNorm?: number;
  /**
   * Whether kernel calls may be recorded once and repeated, where the device can; default true. The weights are the
   * same bits either way. `model.forward` and `loss` run in each step all the same, so a model may branch.
   */
  readonly record?: boolean;
  readonly validation?: ValidationOptions;
  /** Saves all that is needed to go on to the same bits: trained parameters, optimizer, dropout, position. */
  readonly checkpoint?: CheckpointOptions;
  readonly onStep?: (report: StepReport) => void;
  /** Stops at the end of an iteration. */
  readonly signal?: AbortSignal;
}

export interface FitResult {
  readonly iterations: number;
  /** Those of this call whose kernel calls were repeated from a recording. */
  readonly repeated: number;
  /** Over all iterations; NaN when there was none. */
  readonly meanLoss: number;
  readonly iterationsPerSecond: number;
  /** Whether `signal` ended it. */
  readonly stopped: boolean;
  /** Where validation had the least loss; undefined without any. */
  readonly best: ValidationReport | undefined;
}

/**
 * Trains a model: for each batch forward, backward and a step of the optimizer.
 * The losses stay on the device and are read every `device.stepsPerRead` steps; `onStep` is then told of each.
 * Each pass is in training mode: of the modules' own where the model is in training mode, so that a module in
 * evaluation mode stays so, and as `model.train()` sets it otherwise. The modes that are set are not changed.
 * Other models may be trained at the same time. Beside it, and from its callbacks, `evaluate` and `saveAdapter` of the model
 * wait for the end of an iteration, and the next one waits for them; what switches, adds, merges, moves or
 * frees its adapters or weights throws, and so does a second training of the model or with the optimizer.
 * @throws RangeError for options out of range, DataError for a checkpoint of another run, Error with the iteration's
 *   number when the loss is not finite (where every step is read, the weights are then those before that iteration),
 *   Error while another call changes, switches or trains the model
 */
export async function fit(model: Module, data: Dataset, options: FitOptions): Promise<FitResult> {
  const things = [...modelParts(model), options.optimizer, ...options.optimizer.parameters];
  const use = new Use('train', 'fit', things, 'the model or the optimizer');
  try {
    return await train(model, data, options, use);
  } finally {
    use.end();
  }
}

async function train(model: Module, data: Dataset, options: FitOptions, use: Use): Promise<FitResult> {
  const { optimizer, signal, checkpoint } = options;
  const plan = planOf(data, options);
  const log = new TrainingLog(plan.iterations, plan.perEpoch, options.onStep);
  const validation = new Validation(model, options.validation);
  const store = checkpoint && checkpointStore(checkpoint.dir);
  const saved = checkpoint?.resume ? await store?.read() : undefined;
  if (saved) {
    await use.alone(() => {
      const restored = restoreCheckpoint(saved, model, optimizer, plan.fingerprint);
      log.restore(restored.iteration, restored.lossSum);
      validation.restore(restored);
    });
  }
  let iteration = log.count;
  const first = iteration;
  const step = trainingStep(model, data, options, plan, first, log);
  const save = async () => {
    await step.readLosses();
    const state = { iteration, lossSum: log.sum, ...validation.state };
    await store?.write(await serializeCheckpoint(model, optimizer, plan.fingerprint, state));
  };
  const begun = performance.now();
  const turn = eventLoopTurns();
  let stopped = signal?.aborted ?? false;
  try {
    while (iteration < log.iterations && !stopped && !validation.isOver) {
      optimizer.scheduleFactor = learningRateFactor(plan.schedule, iteration, log.iterations);
      iteration += 1;
      await use.alone(() => step.run(iteration === log.iterations));
      log.report();
      await validation.after(iteration, iteration === log.iterations);
      if (checkpoint && iteration % checkpoint.every === 0) await save();
      await turn();
      stopped = signal?.aborted ?? false;
    }
    await step.readLosses();
    log.report();
    if (iteration > first) await save();
    if (!stopped) await use.alone(() => validation.finish());
    await data.device.sync();
  } finally {
    step.dispose();
    optimizer.scheduleFactor = 1;
  }
  const iterationsPerSecond = (1000 * (iteration - first)) / (performance.now() - begun);
  const facts = { iterations: iteration, repeated: step.repeated, meanLoss: log.meanLoss };
  return { ...facts, iterationsPerSecond, stopped, best: validation.best };
}

/** What the options come to. */
interface Plan {
  readonly iterations: number;
  readonly perEpoch: number;
  readonly accumulate: number;
  readonly schedule: Schedule;
  readonly batching: { batchSize: number; random: Random | undefined; epochs: number; dropLast: boolean };
  readonly fingerprint: Fingerprint;
}

/** @throws RangeError for options out of range */
function planOf(data: Dataset, options: FitOptions): Plan {
  const { batchSize = 10, dropLast = false, epochs = 1, limit = Number.POSITIVE_INFINITY } = options;
  const { shuffle = true, seed = 0, accumulate = 1, schedule = { kind: 'constant' }, clipNorm } = options;
  checkCounts({ epochs, batchSize, accumulate, 'checkpoint.every': options.checkpoint?.every ?? 1 });
  if (limit !== Number.POSITIVE_INFINITY) checkCounts({ limit });
  checkSchedule(schedule);
  if (clipNorm !== undefined && !(clipNorm > 0)) {
    throw new RangeError(`fit: clipNorm must be above 0: ${clipNorm}`);
  }
  const batching = {
    batchSize,
    random: shuffle ? new Random(seed).split('shuffle') : undefined,
    epochs,
    dropLast,
  };
  const count = Math.floor(data.batchCount(batching) / accumulate);
  const fingerprint = {
    ...{ examples: data.length, batchSize, accumulate, epochs, limit: `${limit}`, shuffle, seed, dropLast },
    schedule: `${schedule.kind}, ${schedule.warmup ?? 0} of warm-up`,
    clipNorm: clipNorm ?? 'none',
    optimizer: options.optimizer.name,
    learningRate: options.optimizer.learningRate,
    ...options.checkpoint?.settings,
  };
  return {
    iterations: Math.min(limit, count),
    perEpoch: count / epochs,
    accumulate,
    schedule,
    batching,
    fingerprint,
  };
}

/** @param first  iterations that were made before, whose batches are left out */
function trainingStep(
  model: Module,
  data: Dataset,
  { optimizer, clipNorm, record = true, loss: lossOf = crossEntropy }: FitOptions,
  { accumulate, batching }: Plan,
  first: number,
  log: TrainingLog,
): TrainingStep {
  const batches = data.batches({ ...batching, skip: first * accumulate });
  const modes = trainingModes(model);
  const forward = () => {
    const { value: batch } = batches.next();
    if (!batch) throw new Error('fit: there are fewer batches than were counted');
    return withModes(modes, () => lossOf(model.forward(batch.x), batch.y));
  };
  const onLosses = (losses: readonly number[]) => log.add(losses);
  const onDispose = () => void batches.return();
  const { device } = data;
  return new TrainingStep({ device, optimizer, forward, onLosses, onDispose, accumulate, clipNorm, record });
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

  get count(): number {
    return this.#count;
  }

  get sum(): number {
    return this.#sum;
  }

  get meanLoss(): number {
    return this.#sum / this.#count;
  }

  /** Goes on from the losses of a checkpoint. */
  restore(count: number, sum: number): void {
    this.#count = count;
    this.#sum = sum;
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

function checkCounts(counts: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(counts)) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new RangeError(`fit: ${name} must be an integer from 1 on: ${value}`);
  }
}
