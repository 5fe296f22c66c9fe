/** Sources of batches that a model is trained and measured on. */
import type { Backend } from '../backends/backend.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import type { Random } from '../base/random.js';
import { Tensor } from '../tensor.js';

/** A batch, of whatever kind. */
export interface AnyBatch {
  /** Number of examples, or of whatever else its mean loss is a mean of: the weight of the batch among others. */
  readonly rows: number;
  /**
   * Factor that turns its loss into the sum over its rows. Default `rows`; it differs where the loss of a batch is a share of
   * the mean of a whole step.
   */
  readonly lossTokens?: number | undefined;
}

/** A batch that is to be gathered. */
export interface Draw<B extends AnyBatch> {
  /** Equal for batches of equal shapes, whose steps make the same kernel calls. */
  readonly shape: string;
  /** Whether it is the last of its step, where the data have steps of their own. */
  readonly endsStep?: boolean;
  /** Gathers the batch; may be called once. */
  take(): B;
}

/** Gives batches of a kind, such as a `Dataset` of labelled examples. */
export interface Batches<B extends AnyBatch = AnyBatch> {
  /** Device that holds the batches. */
  readonly device: Backend;
  /** Total number of examples. */
  readonly length: number;
  /** Number of batches that `batches` gives for the same options. */
  batchCount(options: BatchOptions): number;
  /**
   * Number of optimizer steps that these batches make up, for data that define which batches form a step (`endsStep`): the
   * losses of its batches are then added, each being a share of the step's mean.
   */
  stepCount?(options: BatchOptions): number;
  /** Generates the batches; each is valid until the next is asked for. Ending the generator early frees its memory. */
  batches(options: BatchOptions): Generator<B, void>;
  /**
   * Generates the same batches, each gathered only when it is taken: kernel calls that gather are then recorded and repeated
   * with the step. Without this method, `fit` takes each batch from `batches` before the step.
   */
  draws?(options: BatchOptions): Generator<Draw<B>, void>;
  /** SHA-256 of everything that a training run sees of the data. */
  digest(): Promise<string>;
}

export interface BatchOptions {
  readonly batchSize: number;
  /** Random generator for shuffling; without it the examples come in their order. */
  readonly random?: Random | undefined;
  /** Passes over the examples, shuffled again for each. Default 1. */
  readonly epochs?: number | undefined;
  /** Whether to leave out a last batch of fewer than `batchSize` examples. Default false. */
  readonly dropLast?: boolean | undefined;
  /** Number of batches to leave out at the beginning, as if they had been given already. Default 0. */
  readonly skip?: number | undefined;
}

const BATCH_NAMES: OptionNames<BatchOptions> = {
  batchSize: true,
  random: true,
  epochs: true,
  dropLast: true,
  skip: true,
};

export type Batching = {
  readonly [K in Exclude<keyof BatchOptions, 'random'>]-?: NonNullable<BatchOptions[K]>;
} & {
  readonly random: Random | undefined;
};

/** @throws RangeError for options out of range, TypeError for an option that does not exist */
export function resolveBatching(options: BatchOptions): Batching {
  checkOptions('batches', options, BATCH_NAMES);
  const { batchSize, random, epochs = 1, dropLast = false, skip = 0 } = options;
  for (const [name, value] of Object.entries({ batchSize, epochs })) {
    if (Number.isSafeInteger(value) && value >= 1) continue;
    throw new RangeError(`batches: ${name} must be a positive integer: ${value}`);
  }
  if (!Number.isSafeInteger(skip) || skip < 0) {
    throw new RangeError(`batches: skip must be a non-negative integer: ${skip}`);
  }
  return { batchSize, random, epochs, dropLast, skip };
}

/** @throws TypeError for a value that gives no batches */
export function checkBatches(what: string, name: string, data: Batches): void {
  const methods = ['batches', 'batchCount', 'digest'] as const;
  if (
    typeof data === 'object' &&
    data !== null &&
    methods.every((method) => typeof data[method] === 'function')
  )
    return;
  throw new TypeError(
    `${what}: ${name} must be a Dataset, or have ${methods.join(', ')}: got ${typeof data}`,
  );
}

/** The batches of data of any kind, as they can be drawn. */
export function drawsOf<B extends AnyBatch>(
  data: Batches<B>,
  options: BatchOptions,
): Generator<Draw<B>, void> {
  return data.draws?.(options) ?? taken(data.batches(options));
}

function* taken<B extends AnyBatch>(batches: Generator<B, void>): Generator<Draw<B>, void> {
  for (const batch of batches) {
    const shapes = Object.values(batch).map((each) => (each instanceof Tensor ? `[${each.shape}]` : ''));
    yield { shape: shapes.join(''), take: () => batch };
  }
}
