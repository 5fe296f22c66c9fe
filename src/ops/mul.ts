import { record } from '../autograd.js';
import type { Tensor } from '../tensor.js';
import { checkFloats, checkShape } from './check.js';

/**
 * `out[i] = a[i] · b[i]`, elementwise.
 * @param a  any shape
 * @param b  the same shape
 * @throws ShapeError when the shapes differ
 * @see https://docs.pytorch.org/docs/stable/generated/torch.mul.html
 */
export function mul(a: Tensor, b: Tensor): Tensor {
  checkFloats('mul', { a, b });
  checkShape('mul', 'b', b, a.shape);
  const { device } = a;
  const out = device.alloc('f32', a.length);
  device.mul(out, a.storage, b.storage, 0);
  return record({
    device,
    out,
    shape: a.shape,
    inputs: [a, b],
    backward: (dOut, grad) => {
      grad(a, (dA, beta) => device.mul(dA, dOut, b.storage, beta));
      grad(b, (dB, beta) => device.mul(dB, dOut, a.storage, beta));
    },
  });
}
