import type { Linear } from '../nn/linear.js';
import { add } from '../ops/add.js';
import { doraScale } from '../ops/doraScale.js';
import { linear } from '../ops/linear.js';
import { type LoraUpdate, loraLinear } from '../ops/loraLinear.js';
import { loraWeight } from '../ops/loraWeight.js';
import { scaleColumns, scaleRows } from '../ops/scale.js';
import { type Parameter, type Tensor, zeros } from '../tensor.js';
import { AdaptedLayer } from './adaptedLayer.js';
import { baseParameter } from './baseParameter.js';
import type { LoraFactors } from './factors.js';

/**
 * A wrapper around a frozen Linear: `y = x Wᵀ + b + Σ s (x Aᵀ) Bᵀ` over the active adapters; with DoRA
 * `y = g ⊙ (x Wᵀ + s (x Aᵀ) Bᵀ) + b`, g = magnitude / ‖W + s B A‖ by rows.
 * @see https://arxiv.org/abs/2106.09685, https://arxiv.org/abs/2402.09353
 */
export class LoraLinear extends AdaptedLayer {
  /** Zeros where a bias of B's own has no bias to be added to. */
  #noBias: Tensor | undefined;

  /** Freezes `base` and wraps it. */
  constructor(readonly base: Linear) {
    super();
    base.requiresGrad(false);
  }

  get inFeatures(): number {
    return this.base.inFeatures;
  }

  get outFeatures(): number {
    return this.base.outFeatures;
  }

  get baseWeight(): Parameter {
    return baseParameter(this.base, 'weight');
  }

  get baseBias(): Parameter | undefined {
    return this.base.bias && baseParameter(this.base, 'bias');
  }

  /** @param x  [..., inFeatures] @returns [..., outFeatures] */
  forward(x: Tensor): Tensor {
    const active = this.activeFactors;
    if (active.length === 0) return this.base.forward(x);
    const { weight } = this.base;
    const plain = active.filter(({ magnitude }) => !magnitude);
    const dora = active.filter(({ magnitude }) => magnitude);
    const bias = this.#bias(active);
    if (plain.length === 0 && dora.length === 1 && !isDropping(dora[0])) {
      const scaled = this.#scaled(dora[0], x);
      return bias ? add(scaled, bias) : scaled;
    }
    const updates = plain.flatMap((factors) => this.#updates(factors, x));
    let y = loraLinear(x, { weight, bias, updates });
    for (const factors of dora) {
      const input = factors.dropout ? factors.dropout.forward(x) : x;
      y = add(add(y, this.#scaled(factors, input)), linear(input, weight), { alpha: -1 });
    }
    return y;
  }

  override mergedValues(): Map<Parameter, Tensor> {
    const { baseWeight, baseBias } = this;
    let weight: Tensor = baseWeight;
    for (const { magnitude, updates } of this.activeFactors) {
      if (!magnitude) {
        for (const { loraA, loraB, scaling } of updates) weight = loraWeight(weight, loraA, loraB, scaling);
        continue;
      }
      let whole: Tensor = baseWeight;
      for (const { loraA, loraB, scaling } of updates) whole = loraWeight(whole, loraA, loraB, scaling);
      const scaled = scaleRows(whole, doraScale(magnitude, { weight: baseWeight, updates }));
      weight = weight === baseWeight ? scaled : add(add(weight, scaled), baseWeight, { alpha: -1 });
    }
    const values = new Map<Parameter, Tensor>();
    if (weight !== baseWeight) values.set(baseWeight, weight);
    const bias = this.#bias(this.activeFactors);
    if (bias && bias !== baseBias) {
      if (!baseBias) throw new RangeError('merge: loraBias has no bias of the layer to be added to');
      values.set(baseBias, bias);
    }
    return values;
  }

  /** g ⊙ (x Wᵀ + s (x Aᵀ) Bᵀ), without a bias. */
  #scaled(factors: LoraFactors, x: Tensor): Tensor {
    const { magnitude, updates } = factors;
    const { weight } = this.base;
    const product = loraLinear(x, { weight, bias: undefined, updates });
    return magnitude ? scaleColumns(product, doraScale(magnitude, { weight, updates })) : product;
  }

  #updates(factors: LoraFactors, x: Tensor): LoraUpdate[] {
    const input = isDropping(factors) ? factors.dropout?.forward(x) : undefined;
    const rowMask = this.rowMask(factors, x.shape.slice(0, -1));
    return factors.updates.map((update) => ({ ...update, input, rowMask }));
  }

  /** The base's bias and those of the active adapters. */
  #bias(active: readonly LoraFactors[]): Tensor | undefined {
    let { bias } = this.base;
    for (const { loraBias, scaling } of active) {
      if (!loraBias) continue;
      if (!bias && !this.#noBias) {
        this.#noBias = zeros(loraBias.device, loraBias.shape);
        this.kept.add(this.#noBias);
      }
      const sum: Tensor | undefined = bias ?? this.#noBias;
      bias = sum && add(sum, loraBias, { alpha: scaling });
    }
    return bias;
  }
}

function isDropping({ dropout, training }: LoraFactors): boolean {
  return dropout !== undefined && training;
}
