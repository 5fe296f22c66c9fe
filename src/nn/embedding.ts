import type { Backend } from '../backends/backend.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import { Random } from '../base/random.js';
import { checkShape } from '../ops/check.js';
import { embedding } from '../ops/embedding.js';
import { parameter, type Tensor } from '../tensor.js';
import { normal } from './init.js';
import { Layer } from './module.js';

export interface EmbeddingOptions {
  /**
   * Random generator for the initial values; default a generator of seed 0. An explicit `undefined` leaves the memory
   * uninitialized, for values that are about to be written.
   */
  readonly random?: Random | undefined;
  /** Existing weight to use, [numEmbeddings, embeddingDim]. Default: a new one. */
  readonly weight?: Tensor;
}

const NAMES: OptionNames<EmbeddingOptions> = { random: true, weight: true };

/**
 * `y = E[i]`: rows of a table by index, initially standard normal.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html
 */
export class Embedding extends Layer {
  /** [numEmbeddings, embeddingDim] */
  weight: Tensor;

  constructor(
    device: Backend,
    readonly numEmbeddings: number,
    readonly embeddingDim: number,
    options: EmbeddingOptions = {},
  ) {
    super();
    checkOptions('Embedding', options, NAMES);
    if (!(numEmbeddings >= 1 && embeddingDim >= 1)) {
      throw new RangeError(`Embedding: sizes must be at least 1: ${numEmbeddings} by ${embeddingDim}`);
    }
    const random = 'random' in options ? options.random : new Random(0);
    const { weight } = options;
    if (weight) checkShape('Embedding', 'weight', weight, [numEmbeddings, embeddingDim]);
    const values = () => random && normal(numEmbeddings * embeddingDim, 1, random);
    this.weight = weight ?? parameter(device, values(), [numEmbeddings, embeddingDim]);
  }

  /** @param x  [...], indices (i32) from 0 to numEmbeddings − 1, others give NaN @returns [..., embeddingDim] */
  forward(x: Tensor): Tensor {
    return embedding(x, this.weight);
  }
}
