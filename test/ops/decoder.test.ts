/** What the ops of decoder layers refuse, and which gradients they compute. */
import { describe, expect, it } from 'vitest';
import { rmsNorm } from '../../src/ops/rmsNorm.js';
import { type Shape, zeros } from '../../src/tensor.js';
import { reference } from '../support/devices.js';

const zero = (...shape: number[]) => zeros(reference, shape as Shape);

describe('rmsNorm', () => {
  it.each([
    ['rmsNorm: weight must be [10]: got [2,5]', () => rmsNorm(zero(3, 5), zero(2, 5), 1e-5)],
    ['rmsNorm: x must be [..., 4]: got [3,5]', () => rmsNorm(zero(3, 5), zero(4), 1e-5)],
    ['rmsNorm: eps must be 0 or more: -1', () => rmsNorm(zero(3, 5), zero(5), -1)],
    ['rmsNorm: eps must be 0 or more: NaN', () => rmsNorm(zero(3, 5), zero(5), Number.NaN)],
  ])('refuses: %s', (message, call) => expect(call).toThrow(message));
});
