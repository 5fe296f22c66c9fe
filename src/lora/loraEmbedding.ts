import type { Embedding } from '../nn/embedding.js';
import { add } from '../ops/add.js';
import { doraScale } from '../ops/doraScale.js';
import { loraEmbedding } from '../ops/loraEmbedding.js';
import { matmul } from '../ops/matmul.js';
import { scaleColumns } from '../ops/scale.js';
import { type Parameter, type Tensor, tensor } from '../tensor.js';
import { AdaptedLayer } from './adaptedLayer.js';
import { baseParameter } from './baseParameter.js';
import type { LoraFactors } from './factors.js';

/**
 * A wrapper around a frozen Embedding: `y = E[i] + Σ s Aᵀ[i] Bᵀ` over the active adapters, A `[rank, num]` and
 * B `[dim, rank]`; with DoRA `y = g ⊙ (E[i] + s Aᵀ[i] Bᵀ)`, g = magnitude / ‖E + s Aᵀ Bᵀ‖ by columns.
 * @see https://arxiv.org/abs/2106.09685, https://arxiv.org/abs/2402.09353
 */
export class LoraEmbedding extends AdaptedLayer {
  /** 0 … dim − 1: by which the table is read in columns. */
  readonly #columns: Tensor;

  /** Freezes `base` and wraps it. */
  constructor(readonly base: Embedding) {
    super();
    base.requiresGrad(false);
    const { weight, embeddingDim } = base;
    const columns = Int32Array.from({ length: embeddingDim }, (_, i) => i);
    this.#columns = tensor(weight.device, columns, [embeddingDim], 'i32');
    this.kept.add(this.#columns);
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

  /** By which the length of each column is taken. */
  get columns(): Tensor {
    return this.#columns;
  }

  /** @param x  [...], indices (i32) @returns [..., dim] */
  forward(x: Tensor): Tensor {
    const active = this.activeFactors;
    if (active.length === 0) return this.base.forward(x);
    const { weight } = this.base;
    const plain = active.filter(({ magnitude }) => !magnitude);
    const dora = active.filter(({ magnitude }) => magnitude);
    const scaled = (factors: LoraFactors) =>
      this.#scale(factors, loraEmbedding(x, { weight, updates: factors.updates }));
    if (plain.length === 0 && dora.length === 1) return scaled(dora[0]);
    const updates = plain.flatMap((factors) => {
      const rowMask = this.rowMask(factors, x.shape);
      return factors.updates.map((update) => ({ ...update, rowMask }));
    });
    let y = loraEmbedding(x, { weight, updates });
    for (const factors of dora) y = add(add(y, scaled(factors)), this.base.forward(x), { alpha: -1 });
    return y;
  }

  override mergedValues(): Map<Parameter, Tensor> {
    const { baseWeight } = this;
    let weight: Tensor = baseWeight;
    for (const factors of this.activeFactors) {
      let whole: Tensor = factors.magnitude ? baseWeight : weight;
      for (const { loraA, loraB, scaling } of factors.updates) {
        whole = add(whole, matmul(loraA, loraB, { transA: true, transB: true, alpha: scaling }));
      }
      if (!factors.magnitude) weight = whole;
      else if (weight === baseWeight) weight = this.#scale(factors, whole);
      else weight = add(add(weight, this.#scale(factors, whole)), baseWeight, { alpha: -1 });
    }
    return new Map(weight === baseWeight ? [] : [[baseWeight, weight]]);
  }

  #scale({ magnitude, updates }: LoraFactors, table: Tensor): Tensor {
    if (!magnitude) return table;
    const columns = this.#columns;
    return scaleColumns(table, doraScale(magnitude, { weight: this.base.weight, updates, columns }));
  }
}
