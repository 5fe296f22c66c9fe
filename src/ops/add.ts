import { record } from '../autograd/record.js';
import type { GradientSink } from '../autograd/recorded.js';
import type { Backend, Storage } from '../backends/backend.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import type { Tensor } from '../tensor.js';
import { checkFloats, checkShape, rowCount } from './check.js';

export interface AddOptions {
  /** Factor of b. Default 1. */
  readonly alpha?: number;
}

const NAMES: OptionNames<AddOptions> = { alpha: true };

/** The gradient of an input that passes unchanged into the output. */
export function passGradient(device: Backend, dOut: Storage, input: Tensor, grad: GradientSink): void {
  grad(input, (dX, beta) => device.run('axpby', { out: dX, x: dOut, beta }));
}

/**
 * `out = a + alpha · b`, where a vector `b` is added to every row of `a`.
 * @param a  any shape
 * @param b  the same shape, or [cols] when `a` is [..., cols], with alpha 1
 * @throws ShapeError when the shapes do not fit
 * @see https://docs.pytorch.org/docs/stable/generated/torch.add.html
 */
export function add(a: Tensor, b: Tensor, options: AddOptions = {}): Tensor {
  checkOptions('add', options, NAMES);
  const { alpha = 1 } = options;
  checkFloats('add', { a, b });
  const isBias = alpha === 1 && a.shape.length > 1 && b.shape.length === 1;
  const cols = isBias ? a.shape[a.shape.length - 1] : a.length;
  const rows = isBias ? rowCount('add', 'a', a, cols) : 1;
  checkShape('add', 'b', b, isBias ? [cols] : a.shape);
  const { device } = a;
  const out = device.alloc('f32', a.length);
  device.run('copy', { out, x: a.storage });
  if (isBias) device.run('addBias', { out, bias: b.storage, rows, cols });
  else device.run('axpby', { out, x: b.storage, alpha, beta: 1 });
  return record({
    device,
    out,
    shape: a.shape,
    inputs: [a, b],
    backward: (dOut, grad) => {
      passGradient(device, dOut, a, grad);
      if (isBias) grad(b, (dB, beta) => device.run('sumRows', { out: dB, x: dOut, rows, cols, beta }));
      else grad(b, (dB, beta) => device.run('axpby', { out: dB, x: dOut, alpha, beta }));
    },
  });
}
