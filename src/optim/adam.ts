import type { Backend, Storage } from '../backends/backend.js';
import { fieldValues } from '../backends/kernels.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import { checkAtLeastZero, type OptimizerParameters } from './groups.js';
import { Optimizer } from './optimizer.js';

export interface AdamOptions {
  /** Learning rate of groups that have none of their own. Default 0.001. */
  readonly learningRate?: number;
  /** Decay of the first moment, in [0, 1). Default 0.9. */
  readonly beta1?: number;
  /** Decay of the second moment, in [0, 1). Default 0.999. */
  readonly beta2?: number;
  /** Small number added to the denominator. Default 1e-8. */
  readonly eps?: number;
  /** Weight decay: added to the gradient in Adam (default 0), subtracted from the weight in AdamW (default 0.01). */
  readonly weightDecay?: number;
}

const NAMES: OptionNames<AdamOptions> = {
  learningRate: true,
  beta1: true,
  beta2: true,
  eps: true,
  weightDecay: true,
};

/**
 * Adam: `m = β₁m + (1 − β₁)g` · `v = β₂v + (1 − β₂)g²` · `p −= lr · m̂ / (√v̂ + ε)` with
 * `m̂ = m/(1 − β₁ᵗ)`, `v̂ = v/(1 − β₂ᵗ)` and `g = gradient + weightDecay · p`.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html
 */
export class Adam extends Optimizer {
  readonly #options: Required<AdamOptions>;
  readonly #decoupled: boolean;

  constructor(parameters: OptimizerParameters, options: AdamOptions = {}, decoupled = false) {
    const name = decoupled ? 'AdamW' : 'Adam';
    checkOptions(name, options, NAMES);
    const { learningRate = 0.001, beta1 = 0.9, beta2 = 0.999, eps = 1e-8 } = options;
    const { weightDecay = decoupled ? 0.01 : 0 } = options;
    checkAtLeastZero(name, { eps, weightDecay });
    for (const [what, beta] of Object.entries({ beta1, beta2 })) {
      if (!(beta >= 0 && beta < 1)) throw new RangeError(`${name}: ${what} must be in [0, 1): ${beta}`);
    }
    super(name, parameters, learningRate, ['m', 'v']);
    this.#options = { learningRate, beta1, beta2, eps, weightDecay };
    this.#decoupled = decoupled;
  }

  override get settings(): Readonly<Record<string, number | boolean>> {
    return { ...this.#options, ...super.settings };
  }

  protected override hyper(step: number, learningRate: number): number[] {
    const { beta1, beta2, eps, weightDecay } = this.#options;
    return fieldValues('adamStep', 'hyper', {
      stepSize: learningRate / (1 - beta1 ** step),
      biasCorrection2Sqrt: Math.sqrt(1 - beta2 ** step),
      oneMinusBeta1: 1 - beta1,
      beta2,
      oneMinusBeta2: 1 - beta2,
      eps,
      weightDecay: this.#decoupled ? 0 : weightDecay,
      decoupledDecay: this.#decoupled ? learningRate * weightDecay : 0,
    });
  }

  protected override apply(
    device: Backend,
    value: Storage,
    gradient: Storage,
    { m, v }: Readonly<Record<string, Storage>>,
    hyper: Storage,
  ): void {
    device.run('adamStep', { param: value, grad: gradient, m, v, hyper });
  }
}

/**
 * Adam with weight decay that is subtracted from the weight itself: `p −= lr · weightDecay · p` before the step.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.AdamW.html
 */
export class AdamW extends Adam {
  constructor(parameters: OptimizerParameters, options: AdamOptions = {}) {
    super(parameters, options, true);
  }
}
