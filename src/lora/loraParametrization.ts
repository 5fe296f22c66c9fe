import type { Linear } from '../nn/linear.js';
import { originalParameter, registerParametrization, removeParametrizations } from '../nn/parametrization.js';
import { doraScale } from '../ops/doraScale.js';
import { loraWeight } from '../ops/loraWeight.js';
import { scaleRows } from '../ops/scale.js';
import type { Parameter, Tensor } from '../tensor.js';
import { AdaptedLayer } from './adaptedLayer.js';
import { baseParameter } from './baseParameter.js';
import { LINEAR } from './layerKind.js';
import type { Product } from './updates.js';

/**
 * A parametrization of a Linear's weight: `W' = W + Σ s B A` over the active adapters.
 * @see https://arxiv.org/abs/2106.09685
 */
export class LoraParametrization extends AdaptedLayer {
  readonly kind = LINEAR;
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

  get computes(): Linear {
    return this.#layer;
  }

  /** @param weight  [outFeatures, inFeatures] @returns the same shape */
  forward(weight: Tensor): Tensor {
    return this.activeFactors.reduce((sum, { update }) => update.mergedInto(sum, this), weight);
  }

  addToWeight(weight: Tensor, { loraA, loraB, scaling }: Product): Tensor {
    return loraWeight(weight, loraA, loraB, scaling);
  }

  doraFactors(magnitude: Tensor, updates: readonly Product[]): Tensor {
    return doraScale(magnitude, { weight: this.baseWeight, updates });
  }

  scaleWeight(weight: Tensor, factors: Tensor): Tensor {
    return scaleRows(weight, factors);
  }

  takeOff(): void {
    removeParametrizations(this.#layer, 'weight');
  }

  override mergedValues(): Map<Parameter, Tensor> {
    const { baseWeight } = this;
    const weight = this.forward(baseWeight);
    return new Map(weight === baseWeight ? [] : [[baseWeight, weight]]);
  }
}
