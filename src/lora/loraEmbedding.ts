import type { Embedding } from '../nn/embedding.js';
import { add } from '../ops/add.js';
import type { LowRankWithBias } from '../ops/addLowRank.js';
import { addLowRankAt } from '../ops/addLowRankAt.js';
import { doraScale } from '../ops/doraScale.js';
import { matmul } from '../ops/matmul.js';
import { scaleColumns } from '../ops/scale.js';
import { copyParameter, isFrozenWeight, type Parameter, type Tensor, tensor } from '../tensor.js';
import { baseParameter } from './baseParameter.js';
import { EMBEDDING } from './layerKind.js';
import { LoraLayer } from './loraLayer.js';
import type { Product } from './updates.js';

/**
 * A wrapper around a frozen Embedding: `y = E[i] + Σ s Aᵀ[i] Bᵀ` over the active adapters, A `[rank, num]` and
 * B `[dim, rank]`; with DoRA `y = g ⊙ (E[i] + s Aᵀ[i] Bᵀ)`, g = magnitude / ‖E + s Aᵀ Bᵀ‖ by columns.
 * @see https://arxiv.org/abs/2106.09685, https://arxiv.org/abs/2402.09353
 */
export class LoraEmbedding extends LoraLayer {
  readonly kind = EMBEDDING;
  /** 0 … dim − 1: the indices for reading the table by columns. */
  readonly #columns: Tensor;

  /** Freezes `base` and wraps it. */
  constructor(readonly base: Embedding) {
    super();
    base.requiresGrad(false);
    const { weight, embeddingDim } = base;
    const columns = Int32Array.from({ length: embeddingDim }, (_, i) => i);
    this.#columns = tensor(weight.device, columns, [embeddingDim], 'i32');
    this.nonPersistent.add(this.#columns);
  }

  get inFeatures(): number {
    return this.base.numEmbeddings;
  }

  get outFeatures(): number {
    return this.base.embeddingDim;
  }

  get baseWeight(): Parameter {
    return baseParameter(this.base, 'weight');
  }

  get baseBias(): undefined {
    return undefined;
  }

  override get columns(): Tensor {
    return this.#columns;
  }

  addProduct(y: Tensor, indices: Tensor, product: LowRankWithBias): Tensor {
    return addLowRankAt(y, indices, product);
  }

  baseProduct(indices: Tensor): Tensor {
    return this.base.forward(indices);
  }

  addBaseBias(y: Tensor): Tensor {
    return y;
  }

  scaleOutputs(y: Tensor, factors: Tensor): Tensor {
    return scaleColumns(y, factors);
  }

  addToWeight(weight: Tensor, { loraA, loraB, scaling }: Product): Tensor {
    const product = matmul(loraA, loraB, { transA: true, transB: true, alpha: scaling });
    if (!isFrozenWeight(weight)) return add(weight, product);
    const floats = copyParameter(weight, false);
    const sum = add(floats, product);
    floats.dispose();
    return sum;
  }

  doraFactors(magnitude: Tensor, updates: readonly Product[]): Tensor {
    return doraScale(magnitude, { weight: this.base.weight, updates, columns: this.#columns });
  }

  scaleWeight(weight: Tensor, factors: Tensor): Tensor {
    return scaleColumns(weight, factors);
  }
}
