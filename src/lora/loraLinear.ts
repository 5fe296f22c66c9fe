import type { Linear } from '../nn/linear.js';
import { add } from '../ops/add.js';
import { addLowRank, type LowRankWithBias } from '../ops/addLowRank.js';
import { doraScale } from '../ops/doraScale.js';
import { linear } from '../ops/linear.js';
import { loraWeight } from '../ops/loraWeight.js';
import { scaleColumns, scaleRows } from '../ops/scale.js';
import type { Parameter, Tensor } from '../tensor.js';
import { baseParameter } from './baseParameter.js';
import { LINEAR } from './layerKind.js';
import { LoraLayer } from './loraLayer.js';
import type { Product } from './updates.js';

/**
 * A wrapper around a frozen Linear: `y = x Wᵀ + b + Σ s (x Aᵀ) Bᵀ` over the active adapters; with DoRA
 * `y = g ⊙ (x Wᵀ + s (x Aᵀ) Bᵀ) + b`, g = magnitude / ‖W + s B A‖ by rows.
 * @see https://arxiv.org/abs/2106.09685, https://arxiv.org/abs/2402.09353
 */
export class LoraLinear extends LoraLayer {
  readonly kind = LINEAR;

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

  addProduct(y: Tensor, x: Tensor, product: LowRankWithBias): Tensor {
    return addLowRank(y, x, product);
  }

  baseProduct(x: Tensor): Tensor {
    return linear(x, this.base.weight);
  }

  addBaseBias(y: Tensor): Tensor {
    return this.base.bias ? add(y, this.base.bias) : y;
  }

  scaleOutputs(y: Tensor, factors: Tensor): Tensor {
    return scaleColumns(y, factors);
  }

  addToWeight(weight: Tensor, { loraA, loraB, scaling }: Product): Tensor {
    return loraWeight(weight, loraA, loraB, scaling);
  }

  doraFactors(magnitude: Tensor, updates: readonly Product[]): Tensor {
    return doraScale(magnitude, { weight: this.base.weight, updates });
  }

  scaleWeight(weight: Tensor, factors: Tensor): Tensor {
    return scaleRows(weight, factors);
  }

  override mergedValues(): Map<Parameter, Tensor> {
    const values = super.mergedValues();
    const { baseBias } = this;
    for (const { loraBias, scaling } of this.activeFactors) {
      if (!loraBias) continue;
      if (!baseBias) throw new RangeError('merge: loraBias requires a layer with a bias to be added to');
      values.set(baseBias, add(values.get(baseBias) ?? baseBias, loraBias, { alpha: scaling }));
    }
    return values;
  }
}
