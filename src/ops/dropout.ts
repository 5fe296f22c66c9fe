import { stateToUse } from '../autograd/recompute.js';
import { record } from '../autograd/record.js';
import type { Tensor } from '../tensor.js';
import { checkFloats, checkIntegers, checkShape } from './check.js';

/**
 * `out[i] = x[i] · mask[i]`, where the mask is 0 with the given probability and 1 / (1 − probability) otherwise. The mask
 * follows from a seed and a count in device memory, which grows with each call.
 * @param state  [2], i32: seed, count
 * @param probability  0 ≤ probability ≤ 1
 * @throws ShapeError when the state is not of this shape, RangeError for a probability out of range
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.dropout.html
 */
export function dropout(x: Tensor, state: Tensor, probability: number): Tensor {
  checkFloats('dropout', { x });
  checkIntegers('dropout', 'state', state, x);
  checkShape('dropout', 'state', state, [2]);
  if (!(probability >= 0 && probability <= 1)) {
    throw new RangeError(`dropout: probability must be 0 to 1: ${probability}`);
  }
  const { device } = x;
  const mask = device.alloc('f32', x.length);
  const out = device.alloc('f32', x.length);
  device.run('dropoutMask', { out: mask, state: stateToUse(device, state.storage), probability });
  device.run('mul', { out, a: x.storage, b: mask });
  return record({
    device,
    out,
    shape: x.shape,
    inputs: [x],
    saved: [mask],
    backward: (dOut, grad) => {
      grad(x, (dX, beta) => device.run('mul', { out: dX, a: dOut, b: mask, beta }));
    },
  });
}
