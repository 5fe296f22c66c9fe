import type { Linear } from '../nn/linear.js';
import { originalParameter, registerParametrization } from '../nn/parametrization.js';
import { loraWeight } from '../ops/loraWeight.js';
import type { Parameter, Tensor } from '../tensor.js';
import { AdaptedLayer } from './adaptedLayer.js';
import { baseParameter } from './baseParameter.js';

/**
 * A parametrization of a Linear's weight: `W' = W + Σ s B A` over the active adapters.
 * @see https://arxiv.org/abs/2106.09685
 */
export class LoraParametrization extends AdaptedLayer {
  readonly #layer: Linear;

  private constructor(layer: Linear) {
    super();
    this.#layer = layer;
  }

  /** Freezes `layer` and makes its weight W + Σ s B A. */
  static register(layer: Linear): LoraParametrization {
    const parametrization = new LoraParametrization(layer);
    layer.requiresGrad(false);
    registerParametrization(layer, 'weight', parametrization);
    return parametrization;
  }

  get inFeatures(): number {
    return this.#layer.inFeatures;
  }

  get outFeatures(): number {
    return this.#layer.outFeatures;
  }

  get baseWeight(): Parameter {
    return originalParameter(this.#layer, 'weight');
  }

  get baseBias(): Parameter | undefined {
    return this.#layer.bias && baseParameter(this.#layer, 'bias');
  }

  /** The Linear whose weight this is. */
  get layer(): Linear {
    return this.#layer;
  }

  /** @param weight  [outFeatures, inFeatures] @returns the same shape */
  forward(weight: Tensor): Tensor {
    let updated = weight;
    for (const { updates } of this.activeFactors) {
      for (const { loraA, loraB, scaling } of updates) updated = loraWeight(updated, loraA, loraB, scaling);
    }
    return updated;
  }

  override mergedValues(): Map<Parameter, Tensor> {
    const { baseWeight } = this;
    const weight = this.forward(baseWeight);
    return new Map(weight === baseWeight ? [] : [[baseWeight, weight]]);
  }
}
