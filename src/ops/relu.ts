import { record } from '../autograd/record.js';
import type { Tensor } from '../tensor.js';
import { checkFloats } from './check.js';

/**
 * `out = max(x, 0)`, elementwise; the gradient at 0 is 0.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.relu.html
 */
export function relu(x: Tensor): Tensor {
  checkFloats('relu', { x });
  const { device } = x;
  const out = device.alloc('f32', x.length);
  device.run('relu', { out, x: x.storage });
  return record({
    device,
    out,
    shape: x.shape,
    inputs: [x],
    backward: (dOut, grad) =>
      grad(x, (dX, beta) => device.run('reluBackward', { dX, x: x.storage, dOut, beta })),
  });
}
