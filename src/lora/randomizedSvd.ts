/** The largest singular values of a weight that is on a device, by products with few columns. */
import { noGrad } from '../autograd/record.js';
import type { Random } from '../base/random.js';
import { matmul } from '../ops/matmul.js';
import { type Tensor, tensor } from '../tensor.js';
import { type Columns, orthonormalColumns, type SingularValues, singularValues } from './decompositions.js';

/** Extra columns, which improve the accuracy of the requested ones. */
const MORE_COLUMNS = 8;

/**
 * U, S and V of nearly the best approximation of rank `rank` to W: W is multiplied with random columns, and `iterations`
 * times more with Wᵀ and W, after each of which the columns are made orthonormal. W stays on its device; the host holds only
 * a few columns.
 * @param weight  [rows, columns]
 * @param rank    at most the smaller of its sizes
 * @see https://arxiv.org/abs/0909.4061, algorithm 4.4
 */
export async function randomizedSvd(
  weight: Tensor,
  rank: number,
  iterations: number,
  random: Random,
): Promise<SingularValues> {
  const [rows, columns] = weight.shape;
  const count = Math.min(rank + MORE_COLUMNS, rows, columns);
  const start = Array.from({ length: count }, () =>
    Float64Array.from({ length: columns }, () => random.normal()),
  );
  let left = orthonormalColumns(await product(weight, start, false));
  for (let i = 0; i < iterations; i++) {
    const right = orthonormalColumns(await product(weight, left, true));
    left = orthonormalColumns(await product(weight, right, false));
  }
  // W ≈ Q Qᵀ W, and of WᵀQ = U S Vᵀ, Qᵀ W = V S Uᵀ.
  const { u, s, v } = singularValues(await product(weight, left, true));
  return { u: multiplied(left, v).slice(0, rank), s: s.slice(0, rank), v: u.slice(0, rank) };
}

/** W X, or Wᵀ X. */
async function product(weight: Tensor, x: Columns, transA: boolean): Promise<Float64Array[]> {
  const { device } = weight;
  const length = x[0].length;
  const values = new Float32Array(length * x.length);
  for (const [c, column] of x.entries())
    for (let r = 0; r < length; r++) values[r * x.length + c] = column[r];
  const factor = tensor(device, values, [length, x.length]);
  const out = noGrad(() => matmul(weight, factor, { transA }));
  try {
    const found = await out.read();
    const rows = out.shape[0];
    return x.map((_, c) => Float64Array.from({ length: rows }, (__, r) => found[r * x.length + c]));
  } finally {
    factor.dispose();
    out.dispose();
  }
}

/** Q V, by columns. */
function multiplied(q: Columns, v: Columns): Float64Array[] {
  return v.map((column) =>
    Float64Array.from({ length: q[0].length }, (_, r) =>
      q.reduce((sum, each, i) => sum + each[r] * column[i], 0),
    ),
  );
}
