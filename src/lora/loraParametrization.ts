import type { Linear } from '../nn/linear.js';
import { Module } from '../nn/module.js';
import { registerParametrization } from '../nn/parametrization.js';
import { loraWeight } from '../ops/loraWeight.js';
import type { Parameter, Tensor } from '../tensor.js';
import { type LoraFactorOptions, loraFactors } from './config.js';
import type { SwitchedBias } from './switchedBias.js';

/**
 * A parametrization of a Linear's weight: `W' = W + s B A`, s = alpha / rank. Register it with
 * `registerParametrization(linear, 'weight', …)`, or let `LoraParametrization.register` do both.
 * @see https://arxiv.org/abs/2106.09685
 */
export class LoraParametrization extends Module {
  /** [rank, inFeatures] */
  readonly loraA: Parameter;
  /** [outFeatures, rank] */
  readonly loraB: Parameter;
  readonly rank: number;
  readonly alpha: number;
  /** @internal the bias of the layer, when it trains too */
  switchedBias: SwitchedBias | undefined;
  #enabled = true;

  /** @throws RangeError when the rank exceeds both sizes of the layer */
  constructor(layer: Linear, options: LoraFactorOptions) {
    super();
    const { loraA, loraB } = loraFactors(layer, options);
    this.loraA = loraA;
    this.loraB = loraB;
    this.rank = options.rank;
    this.alpha = options.alpha;
  }

  /** Freezes `layer` and makes its weight W + s B A. */
  static register(layer: Linear, options: LoraFactorOptions): LoraParametrization {
    const parametrization = new LoraParametrization(layer, options);
    layer.requiresGrad(false);
    registerParametrization(layer, 'weight', parametrization);
    return parametrization;
  }

  get scaling(): number {
    return this.alpha / this.rank;
  }

  /** Off, the weight is the original itself. */
  get enabled(): boolean {
    return this.#enabled;
  }

  set enabled(enabled: boolean) {
    this.#enabled = enabled;
    if (this.switchedBias) this.switchedBias.enabled = enabled;
  }

  /** @param weight  [outFeatures, inFeatures] @returns the same shape */
  forward(weight: Tensor): Tensor {
    return this.#enabled ? loraWeight(weight, this.loraA, this.loraB, this.scaling) : weight;
  }
}
