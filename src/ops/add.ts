import { type GradientSink, record } from '../autograd.js';
import type { Backend, Storage } from '../backends/backend.js';
import type { Tensor } from '../tensor.js';
import { checkFloats, checkShape } from './check.js';

/** The gradient of an input that passes unchanged into the output. */
export function passGradient(device: Backend, dOut: Storage, input: Tensor, grad: GradientSink): void {
  grad(input, (dX, beta) => {
    if (beta === 0) device.copy(dX, dOut);
    else device.axpy(dX, dOut, 1);
  });
}

/**
 * `out = a + b`, where a vector `b` is added to every row of a matrix `a`.
 * @param a  any shape
 * @param b  the same shape, or [cols] when `a` is [rows, cols]
 * @throws ShapeError when the shapes do not fit
 * @see https://docs.pytorch.org/docs/stable/generated/torch.add.html
 */
export function add(a: Tensor, b: Tensor): Tensor {
  checkFloats('add', { a, b });
  const isBias = a.shape.length === 2 && b.shape.length === 1;
  const [rows, cols] = isBias ? a.shape : [1, a.length];
  checkShape('add', 'b', b, isBias ? [cols] : a.shape);
  const { device } = a;
  const out = device.alloc('f32', a.length);
  device.copy(out, a.storage);
  if (isBias) device.addBias(out, b.storage, rows, cols);
  else device.axpy(out, b.storage, 1);
  return record({
    device,
    out,
    shape: a.shape,
    inputs: [a, b],
    backward: (dOut, grad) => {
      passGradient(device, dOut, a, grad);
      if (isBias) grad(b, (dB, beta) => device.sumRows(dB, dOut, rows, cols, beta));
      else passGradient(device, dOut, b, grad);
    },
  });
}
