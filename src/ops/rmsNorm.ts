import { record } from '../autograd/record.js';
import type { Storage } from '../backends/backend.js';
import type { Tensor } from '../tensor.js';
import { checkFloats, checkShape, rowCount } from './check.js';

/**
 * `out[..., c] = x[..., c] / √(mean_j x[..., j]² + eps) · weight[c]`: root mean square normalisation.
 * @param x       [..., cols]
 * @param weight  [cols]
 * @param eps     ≥ 0
 * @throws ShapeError when the sizes do not fit, RangeError for an eps below 0
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.rms_norm.html
 */
export function rmsNorm(x: Tensor, weight: Tensor, eps: number): Tensor {
  checkFloats('rmsNorm', { x, weight });
  const cols = weight.length;
  checkShape('rmsNorm', 'weight', weight, [cols]);
  const rows = rowCount('rmsNorm', 'x', x, cols);
  if (!(eps >= 0)) throw new RangeError(`rmsNorm: eps must be 0 or more: ${eps}`);
  const { device } = x;
  const out = device.alloc('f32', x.length);
  const scales = device.alloc('f32', rows);
  const sizes = { rows, cols };
  const compute = (to: Storage) =>
    device.run('rmsNorm', { out: to, scales, x: x.storage, weight: weight.storage, ...sizes, eps });
  compute(out);
  return record({
    device,
    out,
    shape: x.shape,
    inputs: [x, weight],
    saved: [scales],
    remake: compute,
    backward: (dOut, grad) => {
      const read = { x: x.storage, scales, dOut, ...sizes };
      grad(weight, (dWeight, beta) => device.run('rmsNormWeightBackward', { dWeight, ...read, beta }));
      grad(x, (dX, beta) => device.run('rmsNormBackward', { dX, ...read, weight: weight.storage, beta }));
    },
  });
}
