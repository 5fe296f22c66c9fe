/** Labelled examples that live on the device as bytes, and the batches that are gathered from them there. */
import type { Backend, Storage } from '../backends/backend.js';
import { asBytes, asByteValues, type Bytes } from '../bytes.js';
import { DataError } from '../errors.js';
import type { Random } from '../random.js';
import { Sha256 } from '../sha256.js';
import { Tensor } from '../tensor.js';

export interface DatasetOptions {
  /** Numbers per example. */
  readonly features: number;
  /** Labels are 0 … classes−1. */
  readonly classes: number;
  /** A byte x becomes (x/255 − mean)/std. */
  readonly mean: number;
  readonly std: number;
}

export interface BatchOptions {
  readonly batchSize: number;
  /** Shuffles; without it the examples come in their order. */
  readonly random?: Random | undefined;
  /** Times through the examples, shuffled anew each time; default 1. */
  readonly epochs?: number | undefined;
  /** Leaves out a last batch of fewer than `batchSize` examples; default false. */
  readonly dropLast?: boolean | undefined;
  /** Batches that are left out at the beginning, as if they had been given already; default 0. */
  readonly skip?: number | undefined;
}

/** Valid until the next batch is asked for, which is written into the same memory. */
export interface Batch {
  /** [rows, features] */
  readonly x: Tensor;
  /** [rows], i32 */
  readonly y: Tensor;
  readonly rows: number;
}

/** The bytes on the device, shared by a dataset and its subsets. */
interface Examples {
  readonly images: Storage;
  readonly labels: Storage;
  /** On the host, to choose by label. */
  readonly hostLabels: Uint8Array;
}

export class Dataset implements DatasetOptions {
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
   * @throws DataError when the lengths differ, a label is out of range, or there is no example
   */
  static fromBytes(device: Backend, imageBytes: Bytes, labelBytes: Bytes, options: DatasetOptions): Dataset {
    const { features, classes, std } = options;
    const images = asByteValues(imageBytes, 'dataset: images');
    const labels = asByteValues(labelBytes, 'dataset: labels');
    if (!(std > 0)) throw new RangeError(`dataset: std must be above 0: ${std}`);
    if (labels.length === 0) throw new DataError('dataset: there are no examples');
    if (images.length !== labels.length * features) {
      throw new DataError(
        `dataset: ${labels.length} labels of ${features} features want ${labels.length * features} bytes: got ${images.length}`,
      );
    }
    const bad = labels.findIndex((label) => label >= classes);
    if (bad >= 0)
      throw new DataError(`dataset: label ${bad} must be 0 to ${classes - 1}: got ${labels[bad]}`);
    const examples = {
      images: device.alloc('u8', images.length),
      labels: device.alloc('u8', labels.length),
      hostLabels: labels.slice(),
    };
    device.write(examples.images, images);
    device.write(examples.labels, labels);
    return new Dataset(device, examples, Int32Array.from(labels.keys()), options);
  }

  /** Examples. */
  get length(): number {
    return this.#indices.length;
  }

  /** Examples per class. */
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
   * SHA-256 of all that a training sees of the data: the images and labels in their order, how they are normalised, and
   * the number of classes. The bytes are read from the device once.
   */
  digest(): Promise<string> {
    this.#digest ??= this.#hash();
    return this.#digest;
  }

  async #hash(): Promise<string> {
    const { features, classes, mean, std } = this;
    const { images, hostLabels } = this.#examples;
    const bytes = asBytes(await this.device.read(images), 'dataset: images');
    const hash = new Sha256().update(JSON.stringify({ length: this.length, features, classes, mean, std }));
    hash.update(Uint8Array.from(this.#indices, (index) => hostLabels[index]));
    for (const index of this.#indices) hash.update(bytes.subarray(index * features, (index + 1) * features));
    return hash.hex();
  }

  /** How many batches `batches` gives. */
  batchCount({ batchSize, epochs = 1, dropLast = false }: BatchOptions): number {
    const count = this.length / batchSize;
    return epochs * (dropLast ? Math.floor(count) : Math.ceil(count));
  }

  /** Goes through the examples. Each batch is gathered on the device, into the same memory. */
  *batches({
    batchSize,
    random,
    epochs = 1,
    dropLast = false,
    skip = 0,
  }: BatchOptions): Generator<Batch, void> {
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw new RangeError(`batches: batchSize must be an integer from 1 on: ${batchSize}`);
    }
    const gatherer = new Gatherer(this, this.#examples, Math.min(batchSize, this.length));
    let left = skip;
    try {
      for (let epoch = 0; epoch < epochs; epoch++) {
        const order = random ? random.permutation(this.length).map((i) => this.#indices[i]) : this.#indices;
        for (let start = 0; start < order.length; start += batchSize) {
          const chosen = order.subarray(start, start + batchSize);
          if (chosen.length < batchSize && dropLast) continue;
          left -= 1;
          if (left < 0) yield gatherer.gather(chosen);
        }
      }
    } finally {
      gatherer.dispose();
    }
  }

  /** Frees the bytes, for all subsets too. */
  dispose(): void {
    this.device.free(this.#examples.images);
    this.device.free(this.#examples.labels);
  }
}

/** Memory for one batch, and for a smaller last one in the same place. */
class Gatherer {
  readonly #dataset: Dataset;
  readonly #examples: Examples;
  readonly #indices: Storage;
  readonly #x: Storage;
  readonly #y: Storage;
  #tensors: Batch | undefined;

  constructor(dataset: Dataset, examples: Examples, batchSize: number) {
    const { device, features } = dataset;
    this.#dataset = dataset;
    this.#examples = examples;
    this.#indices = device.alloc('i32', batchSize);
    this.#x = device.alloc('f32', batchSize * features);
    this.#y = device.alloc('i32', batchSize);
  }

  gather(chosen: Int32Array): Batch {
    const { device, features, mean, std } = this.#dataset;
    const rows = chosen.length;
    const batch = this.#batchOf(rows);
    device.write(this.#indices, chosen);
    const scale = 1 / (255 * std);
    device.gatherRows(
      batch.x.storage,
      this.#examples.images,
      this.#indices,
      rows,
      features,
      scale,
      -mean / std,
    );
    device.gatherLabels(batch.y.storage, this.#examples.labels, this.#indices, rows);
    return batch;
  }

  dispose(): void {
    const { device } = this.#dataset;
    this.#release();
    device.free(this.#indices);
    device.free(this.#x);
    device.free(this.#y);
  }

  #batchOf(rows: number): Batch {
    if (this.#tensors?.rows === rows) return this.#tensors;
    this.#release();
    const { device, features } = this.#dataset;
    this.#tensors = {
      x: new Tensor(device, device.slice(this.#x, 0, rows * features), [rows, features]),
      y: new Tensor(device, device.slice(this.#y, 0, rows), [rows]),
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
