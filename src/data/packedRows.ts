/** Tokenized examples, packed into rows, as batches in device memory. */
import type { Backend, DType } from '../backends/backend.js';
import { Random } from '../base/random.js';
import { Tensor } from '../tensor.js';
import type { TokenExample } from '../text/examples.js';
import type { PackedRow } from '../text/packedRow.js';
import { Packing, type PackingOptions, type PackingReport, trainedTokensOf } from '../text/packing.js';
import {
  type AnyBatch,
  type Batches,
  type Batching,
  type BatchOptions,
  type Draw,
  resolveBatching,
} from './batches.js';

/**
 * One row of tokens, which `model.hiddenStates(batch.ids, batch)` reads. Valid until the next batch is asked for, which is written
 * into the same memory.
 */
export interface PackedBatch extends AnyBatch {
  /** i32 [tokens] */
  readonly ids: Tensor;
  /** i32 [tokens], starting from 0 for each example. */
  readonly positions: Tensor;
  /** i32 [tokens, 4]: a token sees the tokens from ≤ j < to and prefixFrom ≤ j < prefixTo. */
  readonly ranges: Tensor;
  /** An upper bound of all positions of all batches. */
  readonly length: number;
  /** The sliding window that the ranges were made for; undefined: none. */
  readonly window: number | undefined;
  /** i32 [labels]: the rows of the tokens that predict; one in a shared prefix appears once for each example. */
  readonly labelRows: Tensor;
  /** i32 [labels]: the tokens that they predict; −1 in the padding. */
  readonly targets: Tensor;
  /** Rows and positions of the tokens that predict, and what they see, for `requested` of a model's context; padding sees nothing. */
  readonly labelled: { readonly rows: Tensor; readonly positions: Tensor; readonly ranges: Tensor };
  /** i32 [labels]: 0, 1, 2, …, the rows of the labels among themselves. */
  readonly labelOrder: Tensor;
  /** A scalar that the loss of each row is multiplied by: 1 / trained tokens of the whole step. */
  readonly scale: Tensor;
  /** Trained tokens of this batch. */
  readonly rows: number;
  /** Trained tokens of the step that the batch belongs to. */
  readonly lossTokens: number;
  /** The examples in the batch, by their number among those that are used. */
  readonly examples: readonly number[];
}

/** An example in a row. */
export interface RowMember {
  /** Number of the example among those that are used. */
  readonly example: number;
  readonly trainedTokens: number;
}

/** A batch that is about to be written. */
export interface PackedDraw extends Draw<PackedBatch> {
  /** Whether it is the last of its step. */
  readonly endsStep: boolean;
  /** The examples in its row; their labels follow each other in this order. */
  readonly members: readonly RowMember[];
  /** The row to write, on the host. */
  readonly row: PackedRow;
}

/**
 * Batches of one row each. The options given here decide how large rows and steps are; `batchSize` is not used. `dropLast`
 * leaves out the last step of an epoch if it has fewer than `batchTokens` trained tokens; `skip` counts batches. The sum of
 * the losses of a step's rows, each multiplied by `scale`, is the mean of the step; without `batchTokens` each row is a step.
 */
export class PackedRows implements Batches<PackedBatch> {
  readonly #packing: Packing;

  /** @throws as `Packing`, for examples that cannot be packed */
  constructor(
    readonly device: Backend,
    examples: readonly TokenExample[],
    options: PackingOptions = {},
  ) {
    this.#packing = new Packing(examples, options);
  }

  /** Number of examples that are used. */
  get length(): number {
    return this.#packing.length;
  }

  /** Number of tokens that it has memory for. */
  get maxTokens(): number {
    return this.#packing.maxTokens;
  }

  get report(): PackingReport {
    return this.#packing.report;
  }

  /** Number of batches that `batches` gives, without those that it skips. @throws as `batches` does */
  batchCount(options: BatchOptions): number {
    return this.#counts(options).batches;
  }

  /** Number of optimizer steps that these make up; a step whose first rows are skipped counts. @throws as `batches` does */
  stepCount(options: BatchOptions): number {
    return this.#counts(options).steps;
  }

  async digest(): Promise<string> {
    return this.#packing.digest();
  }

  /** @throws RangeError for options out of range, TypeError for an option that does not exist */
  *batches(options: BatchOptions): Generator<PackedBatch, void> {
    for (const draw of this.draws(options)) yield draw.take();
  }

  draws(options: BatchOptions): Generator<PackedDraw, void> {
    return this.#draws(resolveBatching(options));
  }

  *#draws(batching: Batching): Generator<PackedDraw, void> {
    const writer = new RowWriter(this.device, this.#packing);
    let left = batching.skip;
    try {
      for (const step of this.#steps(batching)) {
        const stepTokens = trainedTokensOf(step);
        for (const [i, plan] of step.entries()) {
          left -= 1;
          if (left >= 0) continue;
          const row = this.#packing.row(plan);
          const shape = `${row.ids.length} tokens, ${row.targets.length} labels`;
          const endsStep = i === step.length - 1;
          const members = this.#packing.members(plan);
          const examples = members.map(({ example }) => example);
          const take = () => ({ ...writer.write(row, stepTokens), examples });
          yield { shape, endsStep, members, row, take };
        }
      }
    } finally {
      writer.dispose();
    }
  }

  /** The steps of all epochs, of which none spans two. */
  *#steps({ random, epochs, dropLast }: Batching) {
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = random?.permutation(this.length) ?? Int32Array.from({ length: this.length }, (_, i) => i);
      for (const step of this.#packing.steps(order)) {
        if (!dropLast || this.#packing.isWhole(step)) yield step;
      }
    }
  }

  /** Goes through the plans with a copy of the generator: how many rows there are depends on the order. */
  #counts(options: BatchOptions): { batches: number; steps: number } {
    const batching = resolveBatching(options);
    const random = batching.random && new Random(batching.random.seed);
    if (random && batching.random) random.state = batching.random.state;
    let left = batching.skip;
    let [batches, steps] = [0, 0];
    for (const step of this.#steps({ ...batching, random })) {
      const given = Math.max(0, step.length - left);
      left = Math.max(0, left - step.length);
      batches += given;
      if (given > 0) steps += 1;
    }
    return { batches, steps };
  }
}

type Lists = Omit<PackedRow, 'trainedTokens'>;
type WrittenRow = Omit<PackedBatch, 'examples'>;

/** Memory for the largest row, which also holds all others. */
class RowWriter {
  readonly #device: Backend;
  readonly #length: number;
  readonly #window: number | undefined;
  readonly #whole: { readonly [K in keyof Lists]: Tensor };
  /** i32 [maxLabels]: 0, 1, 2, … */
  readonly #order: Tensor;
  readonly #scale: Tensor;
  #views: Tensor[] = [];
  #batch: WrittenRow | undefined;

  constructor(device: Backend, { longest, maxTokens, maxLabels, window }: Packing) {
    const make = (dtype: DType, length: number) =>
      new Tensor(device, device.alloc(dtype, length), [length]).own();
    this.#device = device;
    this.#length = longest;
    this.#window = window;
    this.#whole = {
      ids: make('i32', maxTokens),
      positions: make('i32', maxTokens),
      ranges: make('i32', 4 * maxTokens),
      labelRows: make('i32', maxLabels),
      targets: make('i32', maxLabels),
      labelPositions: make('i32', maxLabels),
      labelRanges: make('i32', 4 * maxLabels),
    };
    this.#order = make('i32', maxLabels);
    this.#order.write(Int32Array.from({ length: maxLabels }, (_, i) => i));
    this.#scale = new Tensor(device, device.alloc('f32', 1), []).own();
  }

  write(row: PackedRow, stepTokens: number): WrittenRow {
    const batch = this.#batchOf(row, stepTokens);
    for (const name of Object.keys(this.#whole) as (keyof Lists)[])
      this.#device.write(this.#whole[name].storage, row[name]);
    this.#device.write(batch.scale.storage, [1 / stepTokens]);
    return batch;
  }

  dispose(): void {
    this.#release();
    for (const tensor of [...Object.values(this.#whole), this.#order, this.#scale]) tensor.dispose();
  }

  /** The tensors of a row, shared by rows of the same lengths. */
  #batchOf(row: PackedRow, stepTokens: number): WrittenRow {
    const { trainedTokens: rows, ids, targets } = row;
    const numbers = { rows, lossTokens: stepTokens };
    const old = this.#batch;
    if (old?.ids.length === ids.length && old.targets.length === targets.length)
      return { ...old, ...numbers };
    this.#release();
    const view = (whole: Tensor, shape: readonly number[]) => {
      const length = shape.reduce((product, size) => product * size, 1);
      const part = new Tensor(this.#device, this.#device.slice(whole.storage, 0, length), shape).own();
      this.#views.push(part);
      return part;
    };
    const [tokens, labels] = [ids.length, targets.length];
    const whole = this.#whole;
    const labelRows = view(whole.labelRows, [labels]);
    this.#batch = {
      ids: view(whole.ids, [tokens]),
      positions: view(whole.positions, [tokens]),
      ranges: view(whole.ranges, [tokens, 4]),
      length: this.#length,
      window: this.#window,
      labelRows,
      targets: view(whole.targets, [labels]),
      labelled: {
        rows: labelRows,
        positions: view(whole.labelPositions, [labels]),
        ranges: view(whole.labelRanges, [labels, 4]),
      },
      labelOrder: view(this.#order, [labels]),
      scale: this.#scale,
      ...numbers,
    };
    return this.#batch;
  }

  #release(): void {
    for (const tensor of this.#views) tensor.release('the next batch');
    this.#views = [];
    this.#batch = undefined;
  }
}
