import { noGrad } from '../autograd.js';
import { Linear } from '../nn/linear.js';
import { Module } from '../nn/module.js';
import { loraLinear } from '../ops/loraLinear.js';
import { loraWeight } from '../ops/loraWeight.js';
import type { Parameter, Tensor } from '../tensor.js';
import { type LoraFactorOptions, loraFactors } from './config.js';
import type { SwitchedBias } from './switchedBias.js';

/**
 * A wrapper around a frozen Linear: `y = x Wᵀ + b + s (x Aᵀ) Bᵀ`, s = alpha / rank.
 * @see https://arxiv.org/abs/2106.09685
 */
export class LoraLinear extends Module {
  readonly base: Linear;
  /** [rank, inFeatures] */
  readonly loraA: Parameter;
  /** [outFeatures, rank] */
  readonly loraB: Parameter;
  readonly rank: number;
  readonly alpha: number;
  /** @internal the bias of `base`, when it trains too */
  switchedBias: SwitchedBias | undefined;
  #enabled = true;

  /** Freezes `base` and wraps it. @throws RangeError when the rank exceeds both sizes of the layer */
  constructor(base: Linear, options: LoraFactorOptions) {
    super();
    const { loraA, loraB } = loraFactors(base, options);
    this.base = base.requiresGrad(false);
    this.loraA = loraA;
    this.loraB = loraB;
    this.rank = options.rank;
    this.alpha = options.alpha;
  }

  get scaling(): number {
    return this.alpha / this.rank;
  }

  /** Off, the layer is its base bit for bit, a bias that was trained with the adapter included. */
  get enabled(): boolean {
    return this.#enabled;
  }

  set enabled(enabled: boolean) {
    this.#enabled = enabled;
    if (this.switchedBias) this.switchedBias.enabled = enabled;
  }

  /** @param x  [..., inFeatures] @returns [..., outFeatures] */
  forward(x: Tensor): Tensor {
    if (!this.#enabled) return this.base.forward(x);
    const { base, loraA, loraB, scaling } = this;
    return loraLinear(x, { weight: base.weight, bias: base.bias, loraA, loraB, scaling });
  }

  /** A plain Linear with the weight W + s B A and the bias in use, in memory of its own. */
  merge(): Linear {
    const { base, loraA, loraB, scaling } = this;
    const { device } = loraA;
    const bias = base.bias !== undefined;
    const merged = new Linear(device, base.inFeatures, base.outFeatures, { bias, random: undefined });
    noGrad(() => {
      const weight = this.#enabled ? loraWeight(base.weight, loraA, loraB, scaling) : base.weight;
      device.copy(merged.weight.storage, weight.storage);
      if (merged.bias && base.bias) device.copy(merged.bias.storage, base.bias.storage);
    });
    return merged;
  }
}
