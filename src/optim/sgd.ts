import type { Backend, Storage } from '../backends/backend.js';
import { fieldValues } from '../backends/kernels.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import { checkAtLeastZero, type OptimizerParameters } from './groups.js';
import { Optimizer } from './optimizer.js';

export interface SGDOptions {
  /** Learning rate of groups that have none of their own. Default 0.001. */
  readonly learningRate?: number;
  /** Factor of the momentum. Default 0. */
  readonly momentum?: number;
  /** Dampening of the momentum. Default 0. */
  readonly dampening?: number;
  /** Weight decay, added to the gradient. Default 0. */
  readonly weightDecay?: number;
  /** Whether to use Nesterov momentum, which requires momentum without dampening. Default false. */
  readonly nesterov?: boolean;
}

const NAMES: OptionNames<SGDOptions> = {
  learningRate: true,
  momentum: true,
  dampening: true,
  weightDecay: true,
  nesterov: true,
};

/**
 * SGD: `u = momentum · u + (1 − dampening) g` (initially `u = g`) · `p −= lr · u`, or
 * `p −= lr · (g + momentum · u)` with nesterov, where `g = gradient + weightDecay · p`.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html
 */
export class SGD extends Optimizer {
  readonly #options: Required<SGDOptions>;

  constructor(parameters: OptimizerParameters, options: SGDOptions = {}) {
    checkOptions('SGD', options, NAMES);
    const { learningRate = 0.001, momentum = 0, dampening = 0, weightDecay = 0, nesterov = false } = options;
    checkAtLeastZero('SGD', { momentum, weightDecay });
    if (!Number.isFinite(dampening)) throw new RangeError(`SGD: dampening must be finite: ${dampening}`);
    if (nesterov && (momentum === 0 || dampening !== 0)) {
      throw new RangeError(`SGD: nesterov requires momentum without dampening: ${momentum}, ${dampening}`);
    }
    super('SGD', parameters, learningRate, momentum === 0 ? [] : ['velocity']);
    this.#options = { learningRate, momentum, dampening, weightDecay, nesterov };
  }

  override get settings(): Readonly<Record<string, number | boolean>> {
    return { ...this.#options, ...super.settings };
  }

  protected override hyper(step: number, learningRate: number): number[] {
    const { momentum, dampening, weightDecay, nesterov } = this.#options;
    return fieldValues('sgdMomentumStep', 'hyper', {
      learningRate,
      momentum,
      oneMinusDampening: step === 1 ? 1 : 1 - dampening,
      weightDecay,
      nesterov: nesterov ? 1 : 0,
    });
  }

  protected override apply(
    device: Backend,
    value: Storage,
    gradient: Storage,
    state: Readonly<Record<string, Storage>>,
    hyper: Storage,
  ): void {
    const step = { param: value, grad: gradient, hyper };
    const { velocity } = state;
    if (velocity) device.run('sgdMomentumStep', { ...step, velocity });
    else device.run('sgdStep', step);
  }
}
