import { record } from '../autograd/record.js';
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
  device.run('mul', { out, a: a.storage, b: b.storage });
  return record({
    device,
    out,
    shape: a.shape,
    inputs: [a, b],
    backward: (dOut, grad) => {
      grad(a, (dA, beta) => device.run('mul', { out: dA, a: dOut, b: b.storage, beta }));
      grad(b, (dB, beta) => device.run('mul', { out: dB, a: dOut, b: a.storage, beta }));
    },
  });
}
