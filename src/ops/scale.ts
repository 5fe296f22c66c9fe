import { record } from '../autograd/record.js';
import type { Tensor } from '../tensor.js';
import { checkFloats, checkShape, matrixSize, rowCount } from './check.js';

/**
 * `out[..., c] = x[..., c] · factors[c]`.
 * @param x        [..., cols]
 * @param factors  [cols]
 * @throws ShapeError when the sizes do not fit
 */
export function scaleColumns(x: Tensor, factors: Tensor): Tensor {
  checkFloats('scaleColumns', { x, factors });
  const cols = factors.length;
  checkShape('scaleColumns', 'factors', factors, [cols]);
  const rows = rowCount('scaleColumns', 'x', x, cols);
  const { device } = x;
  const out = device.alloc('f32', x.length);
  device.run('scaleColumns', { out, x: x.storage, factors: factors.storage, rows, cols });
  return record({
    device,
    out,
    shape: x.shape,
    inputs: [x, factors],
    backward: (dOut, grad, scratch) => {
      grad(x, (dX, beta) =>
        device.run('scaleColumns', { out: dX, x: dOut, factors: factors.storage, rows, cols, beta }),
      );
      grad(factors, (dFactors, beta) => {
        const products = scratch(x.length);
        device.run('mul', { out: products, a: dOut, b: x.storage });
        device.run('sumRows', { out: dFactors, x: products, rows, cols, beta });
      });
    },
  });
}

/**
 * `out[r, c] = x[r, c] · factors[r]`. The factors are treated as constants: they get no gradient.
 * @param x        [rows, cols]
 * @param factors  [rows]
 * @throws ShapeError when the sizes do not fit
 */
export function scaleRows(x: Tensor, factors: Tensor): Tensor {
  checkFloats('scaleRows', { x, factors });
  const [rows, cols] = matrixSize('scaleRows', 'x', x);
  checkShape('scaleRows', 'factors', factors, [rows]);
  const { device } = x;
  const out = device.alloc('f32', x.length);
  device.run('scaleRows', { out, x: x.storage, factors: factors.storage, rows, cols });
  return record({
    device,
    out,
    shape: x.shape,
    inputs: [x],
    constants: [factors],
    backward: (dOut, grad) => {
      grad(x, (dX, beta) =>
        device.run('scaleRows', { out: dX, x: dOut, factors: factors.storage, rows, cols, beta }),
      );
    },
  });
}
