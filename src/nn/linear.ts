import type { Backend } from '../backends/backend.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import { Random } from '../base/random.js';
import { checkShape } from '../ops/check.js';
import { linear } from '../ops/linear.js';
import { parameter, Tensor } from '../tensor.js';
import { kaimingUniform } from './init.js';
import { Layer } from './module.js';

export interface LinearOptions {
  /** Whether to add a new bias, or an existing bias [outFeatures] to use. Default true. */
  readonly bias?: boolean | Tensor;
  /** Existing weight to use, [outFeatures, inFeatures]. Default: a new one. */
  readonly weight?: Tensor;
  /**
   * Random generator for the initial values; default a generator of seed 0. An explicit `undefined` leaves the memory
   * uninitialized, for values that are about to be written.
   */
  readonly random?: Random | undefined;
}

const NAMES: OptionNames<LinearOptions> = { bias: true, weight: true, random: true };

/**
 * `y = x Wᵀ + b`, weight and bias initially uniform in ±1/√inFeatures.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html
 */
export class Linear extends Layer {
  /** [outFeatures, inFeatures] */
  weight: Tensor;
  /** [outFeatures] */
  bias: Tensor | undefined;

  constructor(
    device: Backend,
    readonly inFeatures: number,
    readonly outFeatures: number,
    options: LinearOptions = {},
  ) {
    super();
    checkOptions('Linear', options, NAMES);
    if (!(inFeatures >= 1 && outFeatures >= 1)) {
      throw new RangeError(`Linear: sizes must be at least 1: ${inFeatures} to ${outFeatures}`);
    }
    const random = 'random' in options ? options.random : new Random(0);
    const draw = (length: number) => random && kaimingUniform(length, inFeatures, random);
    const { weight, bias = true } = options;
    if (weight) checkShape('Linear', 'weight', weight, [outFeatures, inFeatures]);
    this.weight = weight ?? parameter(device, draw(outFeatures * inFeatures), [outFeatures, inFeatures]);
    if (bias instanceof Tensor) checkShape('Linear', 'bias', bias, [outFeatures]);
    const made = () => parameter(device, draw(outFeatures), [outFeatures]);
    this.bias = bias === true ? made() : bias || undefined;
  }

  /** @param x  [..., inFeatures] @returns [..., outFeatures] */
  forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }
}
