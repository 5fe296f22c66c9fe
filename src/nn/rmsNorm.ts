import type { Backend } from '../backends/backend.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import { checkShape } from '../ops/check.js';
import { rmsNorm } from '../ops/rmsNorm.js';
import { parameter, type Tensor } from '../tensor.js';
import { Layer } from './module.js';

export interface RMSNormOptions {
  /** Small number added to the mean of the squares. Default 1e-6. */
  readonly eps?: number;
  /** Existing weight to use, [features]. Default: a new one. */
  readonly weight?: Tensor;
}

const NAMES: OptionNames<RMSNormOptions> = { eps: true, weight: true };

/**
 * `y = x / √(mean(x²) + eps) · weight` over the last dimension, the weight initially all ones.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.RMSNorm.html
 */
export class RMSNorm extends Layer {
  /** [features] */
  weight: Tensor;
  readonly eps: number;

  constructor(
    device: Backend,
    readonly features: number,
    options: RMSNormOptions = {},
  ) {
    super();
    checkOptions('RMSNorm', options, NAMES);
    const { eps = 1e-6, weight } = options;
    if (weight) checkShape('RMSNorm', 'weight', weight, [features]);
    this.eps = eps;
    this.weight = weight ?? parameter(device, new Float32Array(features).fill(1), [features]);
  }

  /** @param x  [..., features] @returns the same shape */
  forward(x: Tensor): Tensor {
    return rmsNorm(x, this.weight, this.eps);
  }
}
