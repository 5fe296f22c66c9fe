import { record } from '../autograd/record.js';
import type { Tensor } from '../tensor.js';
import { checkFloats } from './check.js';

/**
 * `out = x σ(x)`, elementwise, with `σ(x) = 1 / (1 + exp(−x))`.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.silu.html
 */
export function silu(x: Tensor): Tensor {
  checkFloats('silu', { x });
  const { device } = x;
  const out = device.alloc('f32', x.length);
  device.run('silu', { out, x: x.storage });
  return record({
    device,
    out,
    shape: x.shape,
    inputs: [x],
    backward: (dOut, grad) =>
      grad(x, (dX, beta) => device.run('siluBackward', { dX, x: x.storage, dOut, beta })),
  });
}
