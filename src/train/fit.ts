import { pollOf } from '../base/polledSignal.js';
import { Random } from '../base/random.js';
import { type AnyBatch, type Batches, drawsOf } from '../data/batches.js';
import type { Batch } from '../data/dataset.js';
import { type FileStore, type WritablePlace, writablePlace } from '../files/fileStore.js';
import { trainingModes, withModes } from '../nn/mode.js';
import { type Layer, type Module, modelParts } from '../nn/module.js';
import { Use } from '../nn/use.js';
import type { Optimizer } from '../optim/optimizer.js';
import { checkSchedule, learningRateFactor, type Schedule } from '../optim/schedule.js';
import type { Tensor } from '../tensor.js';
import { checkFitOptions, checkIterations, checkOptimizer } from './checkFit.js';
import { keepCheckpoint, openCheckpoint, restoreCheckpoint, serializeCheckpoint } from './checkpoint.js';
import { eventLoopTurns } from './eventLoop.js';
import { type FingerprintParts, fingerprintOf, type Setting } from './fingerprint.js';
import { type LossFunction, lossOf } from './loss.js';
import { NonFiniteError } from './nonFinite.js';
import { TrainingStep } from './trainingStep.js';
import { Validation, type ValidationOptions, type ValidationReport } from './validation.js';

/** Report that `onStep` receives after each iteration. */
export interface StepReport {
  /** Number of the iteration, counted from 1 over all epochs. */
  readonly iteration: number;
  /** Total number of iterations. */
  readonly iterations: number;
  /** Number of the epoch, counted from 1. */
  readonly epoch: number;
  readonly loss: number;
  /** Mean loss over all iterations so far. */
  readonly meanLoss: number;
}

export interface CheckpointOptions {
  /** Files by name, or a store; in Node also the path of a directory, which no other training run may use meanwhile. */
  readonly dir: WritablePlace;
  /** Iterations between two checkpoints. */
  readonly every: number;
  /** Whether another one is written when the run ends, also by `signal`. Default true. */
  readonly atEnd?: boolean;
  /** Whether to continue from the checkpoint in `dir`, if there is one. Default false. */
  readonly resume?: boolean;
  /**
   * Additional settings that must be equal for a run to continue from a checkpoint. The options, the optimizer's
   * and the adapters' settings, the contents of the data and the frozen weights are compared in any case.
   */
  readonly settings?: Readonly<Record<string, Setting>>;
}

export interface FitOptions<M extends Module = Layer, B extends AnyBatch = Batch> {
  readonly optimizer: Optimizer;
  /** Number of passes through the data. Default 1. */
  readonly epochs?: number;
  /** Maximum number of iterations in total. Default: no limit. */
  readonly limit?: number;
  /** Number of examples of a batch. Default 10. */
  readonly batchSize?: number;
  /**
   * Number of batches of an iteration, whose gradients are averaged. The last iteration has the remaining ones. Default 1. It must
   * be 1 for data with steps of their own, such as `PackedRows`, where the gradients of a step's batches are added.
   */
  readonly accumulate?: number;
  /** Whether to shuffle the data in each epoch. Default true. */
  readonly shuffle?: boolean;
  /** Whether to leave out a last, smaller batch. Default false. */
  readonly dropLast?: boolean;
  /** Random seed for shuffling. Default 0. */
  readonly seed?: number;
  /**
   * Runs the model on a batch and returns its mean loss, a scalar; validation measures the same. Default, for a `Dataset`: the
   * mean cross-entropy of `model.forward(batch.x)`.
   */
  readonly loss?: LossFunction<M, B>;
  /**
   * Course of the learning rate over all iterations of this call, in addition to the optimizer's `learningRateFactor`. Default:
   * constant.
   */
  readonly schedule?: Schedule;
  /** Maximum norm of the gradient of all parameters together; a longer one is scaled down. Default: no limit. */
  readonly clipNorm?: number;
  /**
   * Whether kernel calls may be recorded once and repeated, where the device supports it. Default true. A recording exists for
   * each of the eight most recent shapes of batches. The weights are the
   * same bits either way. `loss` still runs in each step, so a model may branch.
   */
  readonly record?: boolean;
  readonly validation?: ValidationOptions<B>;
  /** Saves everything required to continue to the same bits: trained parameters, optimizer, dropout, position. */
  readonly checkpoint?: CheckpointOptions;
  readonly onStep?: (report: StepReport) => void;
  /**
   * Signal that stops the run at the end of an iteration. One from `polledSignal` also stops within an iteration of several batches,
   * or of data with steps of their own: the weights are then those before it. After such a signal no checkpoint is written.
   */
  readonly signal?: AbortSignal;
}

export interface FitResult {
  readonly iterations: number;
  /** Number of steps of this call whose kernel calls were repeated from a recording. */
  readonly repeated: number;
  /** Mean loss over all iterations; NaN when `signal` ended the run before the first. */
  readonly meanLoss: number;
  readonly iterationsPerSecond: number;
  /** Whether `signal` ended the run. */
  readonly stopped: boolean;
  /** Validation with the least loss; undefined without any. */
  readonly best: ValidationReport | undefined;
}

/**
 * Trains a model: for each batch forward, backward and a step of the optimizer.
 * The losses stay on the device and are read every `device.stepsPerRead` steps; `onStep` is then called for each.
 * Each pass is in training mode. Where the model is in training mode, each module keeps its own mode, so that a module in
 * evaluation mode stays so; otherwise modes are as `model.train()` sets them. The modes that are set are not changed.
 * Other models may be trained at the same time. Meanwhile, and from its callbacks, `evaluate` and `saveAdapter` of the model
 * wait for the end of an iteration, and the next iteration waits for them; a call that switches, adds, merges, moves or
 * frees its adapters or weights throws, and so does a second training run of the model or with the optimizer.
 * @throws RangeError for options out of range or without a batch, TypeError for an option that does not exist, ShapeError
 *   for a model with fewer outputs than the data have classes, Error for an optimizer that trains nothing of the model;
 *   DataError for a checkpoint of another run, NonFiniteError with the iteration's number when the loss, or the gradient of a
 *   step of several batches that `clipNorm` measures, is not finite (where every step is read, the weights are then those
 *   before that iteration), Error while another call changes, switches or trains
 *   the model
 */
export async function fit<M extends Module, B extends AnyBatch>(
  model: M,
  data: Batches<B>,
  options: FitOptions<M, B>,
): Promise<FitResult> {
  checkFitOptions(data, options);
  const loss = lossOf('fit', model, data, options.loss);
  const things = [...modelParts(model), options.optimizer, ...options.optimizer.parameters];
  const use = new Use('train', 'fit', things, 'the model or the optimizer');
  try {
    checkOptimizer(model, options.optimizer);
    const store = options.checkpoint && writablePlace('fit: checkpoint.dir', options.checkpoint.dir);
    const run = () => train(model, data, options, loss, use, store);
    return await (store?.exclusively?.(run) ?? run());
  } finally {
    use.end();
  }
}

async function train<M extends Module, B extends AnyBatch>(
  model: M,
  data: Batches<B>,
  options: FitOptions<M, B>,
  loss: (batch: B) => Tensor,
  use: Use,
  store: FileStore | undefined,
): Promise<FitResult> {
  const { optimizer, signal, checkpoint } = options;
  const plan = planOf(data, options);
  const log = new TrainingLog(plan, options.onStep);
  const validation = new Validation(model, options.validation, options.loss);
  const fingerprint = checkpoint ? await fingerprintOf(fingerprintPartsOf(model, data, options)) : new Map();
  const kept = store && checkpoint?.resume ? await openCheckpoint(store) : undefined;
  let { stepCounts: stepsBefore } = optimizer;
  if (kept) {
    await use.alone(() => {
      const restored = restoreCheckpoint(kept, model, optimizer, fingerprint, plan.iterations);
      log.restore(restored.iteration, restored.lossSum);
      validation.restore(restored);
      stepsBefore = restored.stepsBefore;
    });
  }
  let iteration = log.count;
  const first = iteration;
  const step = trainingStep({ model, data, loss }, options, plan, first, log);
  const turn = eventLoopTurns();
  const isLeft = () => pollOf(signal)?.() ?? false;
  const goesOn = async () => {
    await turn();
    return !isLeft();
  };
  const save = async () => {
    await step.readLosses();
    if (!store || isLeft()) return;
    const state = { iteration, lossSum: log.sum, stepsBefore, ...validation.state };
    const content = await serializeCheckpoint(model, optimizer, fingerprint, state, goesOn);
    if (!isLeft()) await keepCheckpoint(store, content);
  };
  const begun = performance.now();
  const isAborted = () => isLeft() || (signal?.aborted ?? false);
  let stopped = isAborted();
  try {
    while (iteration < log.iterations && !stopped && !validation.isOver) {
      optimizer.scheduleFactor = learningRateFactor(plan.schedule, iteration, log.iterations);
      await use.alone(async () => {
        stopped = !(await step.run(iteration + 1 === log.iterations));
      });
      if (stopped) break;
      iteration += 1;
      log.report();
      await validation.after(iteration, iteration === log.iterations);
      if (checkpoint && iteration % checkpoint.every === 0) await save();
      await turn();
      stopped = isAborted();
    }
    await step.readLosses();
    log.report();
    if (iteration > first && checkpoint?.atEnd !== false) await save();
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

/** The values that follow from the options. */
interface Plan {
  readonly iterations: number;
  /** Number of batches in all epochs; of steps, where the data have steps of their own. */
  readonly batches: number;
  readonly accumulate: number;
  /** Whether the data define which batches form one step. */
  readonly hasSteps: boolean;
  readonly schedule: Schedule;
  readonly batching: { batchSize: number; random: Random | undefined; epochs: number; dropLast: boolean };
}

/** Options that do not depend on the kinds of model and batches. */
type Schedulable = Omit<FitOptions, 'loss' | 'validation'>;

/** Plans a run. @throws RangeError for options out of range, or when there is no batch */
function planOf(data: Batches, options: Schedulable): Plan {
  const { batchSize = 10, dropLast = false, epochs = 1, limit = Number.POSITIVE_INFINITY } = options;
  const { shuffle = true, seed = 0, accumulate = 1, schedule = { kind: 'constant' }, clipNorm } = options;
  checkCounts({ epochs, batchSize, accumulate });
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
  const hasSteps = data.stepCount !== undefined;
  if (hasSteps && accumulate > 1)
    throw new RangeError(`fit: accumulate must be 1 for data that have steps of their own: ${accumulate}`);
  const batches = data.stepCount?.(batching) ?? data.batchCount(batching);
  const iterations = Math.min(limit, Math.ceil(batches / accumulate));
  checkIterations(iterations, { examples: data.length, batchSize, schedule });
  return { iterations, batches, accumulate, hasSteps, schedule, batching };
}

/** Everything that determines the course of a training run. */
function fingerprintPartsOf<M extends Module, B extends AnyBatch>(
  model: M,
  data: Batches<B>,
  options: FitOptions<M, B>,
): FingerprintParts {
  const { batchSize = 10, dropLast = false, epochs = 1, limit = Number.POSITIVE_INFINITY } = options;
  const { shuffle = true, seed = 0, accumulate = 1, schedule = { kind: 'constant' }, clipNorm } = options;
  const { optimizer, validation, checkpoint, loss } = options;
  const all: Record<string, Setting> = {
    ...{ examples: data.length, batchSize, accumulate, epochs, limit: `${limit}`, shuffle, seed, dropLast },
    schedule: `${schedule.kind}, ${schedule.warmup ?? 0} of warm-up`,
    clipNorm: clipNorm ?? 'none',
    loss: loss ? 'a function of the caller' : 'crossEntropy',
    'validation.every': validation?.every ?? 'none',
    'validation.patience': validation?.patience ?? 'none',
  };
  const { settings = {} } = checkpoint ?? {};
  return { options: all, model, data, optimizer, validationData: validation?.data, settings };
}

/** Computes iterations. @param first  number of earlier iterations, whose batches are left out */
function trainingStep<B extends AnyBatch>(
  { model, data, loss }: { model: Module; data: Batches<B>; loss: (batch: B) => Tensor },
  { optimizer, clipNorm, record = true, signal }: Schedulable,
  { accumulate, batches: all, hasSteps, batching }: Plan,
  first: number,
  log: TrainingLog,
): TrainingStep {
  const { device } = data;
  const modes = trainingModes(model);
  let left = Math.max(0, all - first * accumulate);
  const draws = drawsOf(data, { ...batching, skip: hasSteps ? 0 : all - left });
  // The batches of earlier steps are known only by iterating over them; none is gathered.
  for (let steps = 0; hasSteps && steps < first; ) {
    const { value: draw, done } = draws.next();
    if (done || draw.endsStep) steps += 1;
  }
  const next = () => {
    const { value: draw } = draws.next();
    if (!draw) throw new Error('fit: there are fewer batches than were counted');
    left -= 1;
    const endsStep = draw.endsStep ?? true;
    return { shape: draw.shape, endsStep, forward: () => withModes(modes, () => loss(draw.take())) };
  };
  const group = () => Math.min(accumulate, left);
  const onLosses = (losses: readonly number[]) => log.add(losses);
  const onDispose = () => void draws.return();
  const onNorm = (norm: number, step: number) => {
    if (Number.isFinite(norm)) return;
    const iteration = first + step;
    throw new NonFiniteError(`fit: the gradient is ${norm} at iteration ${iteration}`, 'gradient', iteration);
  };
  const tell = { onLosses, onNorm, onDispose };
  const grouping = { accumulate, group, isSummed: hasSteps };
  return new TrainingStep({ device, optimizer, next, ...tell, ...grouping, clipNorm, record, signal });
}

/** Counts the losses that were read, and reports each when its step is done. */
class TrainingLog {
  #count = 0;
  #sum = 0;
  #unreported: StepReport[] = [];

  constructor(
    readonly plan: Plan,
    readonly onStep: ((report: StepReport) => void) | undefined,
  ) {}

  get iterations(): number {
    return this.plan.iterations;
  }

  get count(): number {
    return this.#count;
  }

  get sum(): number {
    return this.#sum;
  }

  get meanLoss(): number {
    return this.#sum / this.#count;
  }

  /** Continues from the losses of a checkpoint. */
  restore(count: number, sum: number): void {
    this.#count = count;
    this.#sum = sum;
  }

  /** Adds losses. @throws NonFiniteError with the iteration's number when a loss is not finite */
  add(losses: readonly number[]): void {
    for (const loss of losses) {
      this.#count += 1;
      this.#sum += loss;
      const iteration = this.#count;
      if (!Number.isFinite(loss))
        throw new NonFiniteError(`fit: the loss is ${loss} at iteration ${iteration}`, 'loss', iteration);
      if (!this.onStep) continue;
      const { iterations, meanLoss } = this;
      const epoch = this.#epochOf(iteration);
      this.#unreported.push({ iteration, iterations, epoch, loss, meanLoss });
    }
  }

  /** The epoch of the iteration's last batch. */
  #epochOf(iteration: number): number {
    const { batches, accumulate, batching } = this.plan;
    return Math.ceil((Math.min(iteration * accumulate, batches) * batching.epochs) / batches);
  }

  report(): void {
    for (const report of this.#unreported) this.onStep?.(report);
    this.#unreported = [];
  }
}

function checkCounts(counts: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(counts)) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new RangeError(`fit: ${name} must be a positive integer: ${value}`);
  }
}
