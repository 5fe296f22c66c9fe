import { record } from '../autograd/record.js';
import type { Recorded } from '../autograd/recorded.js';
import { ShapeError } from '../base/errors.js';
import { elementCount, type Shape, type Tensor } from '../tensor.js';
import { checkFloats } from './check.js';

/**
 * The same values in the same memory, in another shape.
 * @throws ShapeError unless the shape has the same number of elements
 * @see https://docs.pytorch.org/docs/stable/generated/torch.reshape.html
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  checkFloats('reshape', { x });
  if (elementCount(shape) !== x.length) {
    throw new ShapeError(
      `reshape: [${x.shape}] has ${x.length} elements: [${shape}] has ${elementCount(shape)}`,
    );
  }
  return recordView(x, { shape, inputs: [x], backward: (_, __, ___, passOn) => passOn(x) });
}

/** A tensor in the memory of another, which no op may then take over from either. */
export function recordView(x: Tensor, op: Pick<Recorded, 'shape' | 'inputs' | 'backward'>): Tensor {
  const { device } = x;
  const view = record({ device, out: device.slice(x.storage, 0, x.length), ...op });
  x.isRead = true;
  view.isRead = true;
  return view;
}
