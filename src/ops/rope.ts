import { record } from '../autograd/record.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import type { Tensor } from '../tensor.js';
import { checkFloats, checkIntegers, checkShape, matrixSize } from './check.js';

export interface RopeOptions {
  /** [maxPositions, dim / 2]: the cosine of each position's angles. */
  readonly cos: Tensor;
  /** [maxPositions, dim / 2]: the sine of each position's angles. */
  readonly sin: Tensor;
  /** [rows], i32; one outside 0…maxPositions−1 gives a row of NaN. */
  readonly positions: Tensor;
  /** Number of heads in a row. */
  readonly heads: number;
  /** Whether `x` is not used afterwards: its memory is freed, unless something else reads it. Default false. */
  readonly spends?: boolean;
}

const NAMES: OptionNames<RopeOptions> = { cos: true, sin: true, positions: true, heads: true, spends: true };

/**
 * Rotary position embedding: each head's columns of the first half, x1, and of the second half, x2, are rotated in pairs,
 * `out1 = x1 cos − x2 sin` and `out2 = x2 cos + x1 sin`, with the tables' row of the position. The tables are treated as
 * constants: they get no gradient. The order of the columns is that of Hugging Face's models (`rotate_half`).
 * @param x  [rows, heads · dim], as a projection writes it
 * @throws ShapeError when the sizes do not fit, TypeError for positions that are not i32, RangeError for heads that are not
 *   a positive integer
 * @see https://arxiv.org/abs/2104.09864
 */
export function rope(x: Tensor, options: RopeOptions): Tensor {
  checkOptions('rope', options, NAMES);
  const { cos, sin, positions, heads, spends = false } = options;
  if (!Number.isInteger(heads) || heads < 1)
    throw new RangeError(`rope: heads must be a positive integer: ${heads}`);
  checkFloats('rope', { x, cos, sin });
  checkIntegers('rope', 'positions', positions, x);
  const [rows] = matrixSize('rope', 'x', x);
  const [, half] = matrixSize('rope', 'cos', cos);
  const dim = 2 * half;
  const cols = heads * dim;
  checkShape('rope', 'x', x, [rows, cols]);
  checkShape('rope', 'sin', sin, cos.shape);
  checkShape('rope', 'positions', positions, [rows]);
  const { device } = x;
  const out = device.alloc('f32', x.length);
  const place = { cos: cos.storage, sin: sin.storage, positions: positions.storage, rows, cols, dim };
  device.run('rope', { out, x: x.storage, ...place });
  // The backward pass reads only the angles.
  if (spends && x.tie === undefined) device.free(x.takeStorage('rope'));
  return record({
    device,
    out,
    shape: x.shape,
    inputs: [x],
    constants: [cos, sin, positions],
    backward: (dOut, grad) => {
      grad(x, (dX, beta) => device.run('rope', { out: dX, x: dOut, ...place, inverse: true, beta }));
    },
  });
}
