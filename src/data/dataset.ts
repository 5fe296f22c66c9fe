/** Labelled examples that live on the device as bytes, and the batches that are gathered from them there. */
import type { Backend, DType } from '../backends/backend.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import { Sha256 } from '../base/sha256.js';
import { asBytes, asByteValues, type Bytes } from '../files/bytes.js';
import { Tensor } from '../tensor.js';
import {
  type AnyBatch,
  type Batches,
  type Batching,
  type BatchOptions,
  type Draw,
  resolveBatching,
} from './batches.js';
import { checkExamples, checkNumbers } from './checkExamples.js';

export interface DatasetOptions {
  /** Number of features per example. */
  readonly features: number;
  /** Number of classes; labels are 0 … classes−1. */
  readonly classes: number;
  /** Mean of the normalisation: a byte x becomes (x/255 − mean)/std. */
  readonly mean: number;
  readonly std: number;
}

const NAMES: OptionNames<DatasetOptions> = { features: true, classes: true, mean: true, std: true };
/** A batch of examples, valid until the next batch is asked for, which is written into the same memory. */
export interface Batch extends AnyBatch {
  /** [rows, features] */
  readonly x: Tensor;
  /** [rows], i32 */
  readonly y: Tensor;
  readonly rows: number;
}

/** The bytes on the device, shared by a dataset and its subsets. */
interface Examples {
  readonly images: Tensor;
  readonly labels: Tensor;
  /** Labels on the host, to choose examples by label. */
  readonly hostLabels: Uint8Array;
}

export class Dataset implements DatasetOptions, Batches<Batch> {
  readonly features: number;
  readonly classes: number;
  readonly mean: number;
  readonly std: number;
  readonly #examples: Examples;
  readonly #indices: Int32Array;
  #digest: Promise<string> | undefined;

  private constructor(
    readonly device: Backend,
    examples: Examples,
    indices: Int32Array,
    options: DatasetOptions,
  ) {
    this.features = options.features;
    this.classes = options.classes;
    this.mean = options.mean;
    this.std = options.std;
    this.#examples = examples;
    this.#indices = indices;
  }

  /**
   * Copies examples to the device.
   * @param imageBytes  [count, features]
   * @param labelBytes  [count], class indices
   * @param options     may be another dataset, whose sizes and normalisation these examples are to have
   * @throws DataError when the lengths differ, a label is out of range, or there is no example; RangeError
   *   for options out of range
   */
  static fromBytes(device: Backend, imageBytes: Bytes, labelBytes: Bytes, options: DatasetOptions): Dataset {
    const images = asByteValues(imageBytes, 'dataset: images');
    const labels = asByteValues(labelBytes, 'dataset: labels');
    if (!(options instanceof Dataset)) checkOptions('dataset', options, NAMES);
    checkNumbers(options);
    checkExamples(images, labels, options);
    const examples = {
      images: new Tensor(device, device.alloc('u8', images.length), [images.length]).own(),
      labels: new Tensor(device, device.alloc('u8', labels.length), [labels.length]).own(),
      hostLabels: Uint8Array.from(labels),
    };
    device.write(examples.images.storage, images);
    device.write(examples.labels.storage, labels);
    return new Dataset(device, examples, Int32Array.from(labels.keys()), options);
  }

  /** Number of examples. */
  get length(): number {
    return this.#indices.length;
  }

  /** Number of examples per class. */
  get classCounts(): number[] {
    const counts = new Array<number>(this.classes).fill(0);
    for (const index of this.#indices) counts[this.#examples.hostLabels[index]] += 1;
    return counts;
  }

  /**
   * The examples with one of these labels, in their order; the bytes are shared with this dataset.
   * @throws RangeError when a label is out of range or no example is left
   */
  subset(labels: readonly number[]): Dataset {
    for (const label of labels) {
      if (!Number.isInteger(label) || label < 0 || label >= this.classes) {
        throw new RangeError(`subset: labels must be 0 to ${this.classes - 1}: ${label}`);
      }
    }
    const indices = this.#indices.filter((index) => labels.includes(this.#examples.hostLabels[index]));
    if (indices.length === 0)
      throw new RangeError(`subset: no example has a label of [${labels.join(', ')}]`);
    return new Dataset(this.device, this.#examples, indices, this);
  }

  /** The first `count` examples, or all; the bytes are shared with this dataset. */
  take(count: number): Dataset {
    if (!Number.isInteger(count) || count < 1)
      throw new RangeError(`take: count must be at least 1: ${count}`);
    return new Dataset(this.device, this.#examples, this.#indices.slice(0, count), this);
  }

  /**
   * One dataset of chosen examples of several subsets of one dataset; the bytes are shared with them.
   * @param parts  subsets, each with the positions in it that are taken
   * @throws RangeError when the bytes are not shared, a position is out of range, or there is no example
   */
  static join(parts: readonly (readonly [subset: Dataset, positions: Int32Array])[]): Dataset {
    const first = parts[0]?.[0];
    const indices = parts.flatMap(([part, positions]) => {
      if (part.#examples !== first.#examples) throw new RangeError('join: the parts must be of one dataset');
      const outside = positions.find((position) => !(position >= 0 && position < part.length));
      if (outside === undefined) return Array.from(positions, (position) => part.#indices[position]);
      throw new RangeError(`join: positions must be 0 to ${part.length - 1}: ${outside}`);
    });
    if (indices.length === 0) throw new RangeError('join: there are no examples');
    return new Dataset(first.device, first.#examples, Int32Array.from(indices), first);
  }

  /**
   * SHA-256 of everything that a training run sees of the data: the images and labels in their order, how they are normalised, and
   * the number of classes. The bytes are read from the device once.
   */
  digest(): Promise<string> {
    this.#digest ??= this.#hash();
    return this.#digest;
  }

  async #hash(): Promise<string> {
    const { features, classes, mean, std } = this;
    const { images, hostLabels } = this.#examples;
    const bytes = asBytes(await images.read(), 'dataset: images');
    const hash = new Sha256().update(JSON.stringify({ length: this.length, features, classes, mean, std }));
    hash.update(Uint8Array.from(this.#indices, (index) => hostLabels[index]));
    for (const index of this.#indices) hash.update(bytes.subarray(index * features, (index + 1) * features));
    return hash.hex();
  }

  /** Number of batches that `batches` gives, without those that it skips. @throws as `batches` does */
  batchCount(options: BatchOptions): number {
    const { batchSize, epochs, dropLast, skip } = resolveBatching(options);
    const count = this.length / batchSize;
    return Math.max(0, epochs * (dropLast ? Math.floor(count) : Math.ceil(count)) - skip);
  }

  /**
   * Goes through the examples. Each batch is gathered on the device, into the same memory.
   * @throws RangeError for options out of range, TypeError for an option that does not exist
   */
  batches(options: BatchOptions): Generator<Batch, void> {
    return taken(this.draws(options));
  }

  draws(options: BatchOptions): Generator<Draw<Batch>, void> {
    return this.#draws(resolveBatching(options));
  }

  *#draws({ batchSize, random, epochs, dropLast, skip }: Batching): Generator<Draw<Batch>, void> {
    const gatherer = new Gatherer(this, this.#examples, Math.min(batchSize, this.length));
    let left = skip;
    try {
      for (let epoch = 0; epoch < epochs; epoch++) {
        const order = random ? random.permutation(this.length).map((i) => this.#indices[i]) : this.#indices;
        for (let start = 0; start < order.length; start += batchSize) {
          const chosen = order.subarray(start, start + batchSize);
          if (chosen.length < batchSize && dropLast) continue;
          left -= 1;
          if (left < 0) yield { shape: `${chosen.length}`, take: () => gatherer.gather(chosen) };
        }
      }
    } finally {
      gatherer.dispose();
    }
  }

  /** Frees the bytes, for all subsets too; twice is harmless. */
  dispose(): void {
    this.#examples.images.release('dispose() of the dataset');
    this.#examples.labels.release('dispose() of the dataset');
  }
}

/** @throws TypeError for a value that is not a dataset */
export function checkDataset(what: string, name: string, data: Dataset): void {
  if (!(data instanceof Dataset))
    throw new TypeError(`${what}: ${name} must be a Dataset: got ${typeof data}`);
}

function* taken(draws: Generator<Draw<Batch>, void>): Generator<Batch, void> {
  for (const draw of draws) yield draw.take();
}

/** Memory for one batch, and for a smaller last one in the same place. */
class Gatherer {
  readonly #dataset: Dataset;
  readonly #examples: Examples;
  readonly #indices: Tensor;
  readonly #x: Tensor;
  readonly #y: Tensor;
  #tensors: Batch | undefined;

  constructor(dataset: Dataset, examples: Examples, batchSize: number) {
    const { device, features } = dataset;
    this.#dataset = dataset;
    this.#examples = examples;
    // Tensors, so that the memory of batches that were not asked for to the end goes with them.
    const make = (dtype: DType, length: number) =>
      new Tensor(device, device.alloc(dtype, length), [length]).own();
    this.#indices = make('i32', batchSize);
    this.#x = make('f32', batchSize * features);
    this.#y = make('i32', batchSize);
  }

  gather(chosen: Int32Array): Batch {
    const { device, features, mean, std } = this.#dataset;
    const rows = chosen.length;
    const batch = this.#batchOf(rows);
    device.write(this.#indices.storage, chosen);
    const scale = 1 / (255 * std);
    device.run('gatherRows', {
      out: batch.x.storage,
      bytes: this.#examples.images.storage,
      indices: this.#indices.storage,
      rows,
      cols: features,
      scale,
      shift: -mean / std,
    });
    device.run('gatherLabels', {
      out: batch.y.storage,
      labels: this.#examples.labels.storage,
      indices: this.#indices.storage,
    });
    return batch;
  }

  dispose(): void {
    this.#release();
    for (const tensor of [this.#indices, this.#x, this.#y]) tensor.dispose();
  }

  #batchOf(rows: number): Batch {
    if (this.#tensors?.rows === rows) return this.#tensors;
    this.#release();
    const { device, features } = this.#dataset;
    this.#tensors = {
      x: new Tensor(device, device.slice(this.#x.storage, 0, rows * features), [rows, features]).own(),
      y: new Tensor(device, device.slice(this.#y.storage, 0, rows), [rows]).own(),
      rows,
    };
    return this.#tensors;
  }

  #release(): void {
    this.#tensors?.x.release('the next batch');
    this.#tensors?.y.release('the next batch');
    this.#tensors = undefined;
  }
}
