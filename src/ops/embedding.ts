import { record } from '../autograd/record.js';
import { ShapeError } from '../base/errors.js';
import type { Tensor } from '../tensor.js';
import { checkIntegers, checkWeight, matrixSize } from './check.js';

/**
 * `y = E[i]`: rows of a table. The gradient is added at the indices.
 * @param indices  [...], i32; one outside 0…num−1 gives a row of NaN
 * @param weight   [num, dim]; a frozen one may be bf16, f16 or packed
 * @returns        [..., dim]
 * @throws ShapeError when the sizes do not fit, TypeError for indices that are not i32
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.embedding.html
 */
export function embedding(indices: Tensor, weight: Tensor): Tensor {
  checkIntegers('embedding', 'indices', indices, weight);
  checkWeight('embedding', 'weight', weight, indices);
  if (indices.shape.length === 0) throw new ShapeError('embedding: indices must have a dimension: got []');
  const [, dim] = matrixSize('embedding', 'weight', weight);
  const { device } = weight;
  const place = { indices: indices.storage, rows: indices.length, cols: dim, rowStride: dim, colStride: 1 };
  const out = device.alloc('f32', indices.length * dim);
  device.run('take', { out, table: weight.storage, ...place });
  return record({
    device,
    out,
    shape: [...indices.shape, dim],
    inputs: [weight],
    constants: [indices],
    backward: (dOut, grad) => {
      grad(weight, (table, beta) => device.run('addAt', { table, x: dOut, ...place, beta }));
    },
  });
}
