/** Kernels between a matrix `[rows, cols]` and a vector `[cols]`. */
import { loadTail, madd, storeTail } from './simd';

/** `out[r,c] += bias[c]`, in place. */
export function addBias(out: usize, bias: usize, rows: usize, cols: usize): void {
  const vectorBytes = (cols & ~3) << 2;
  const rowBytes = cols << 2;
  for (let r: usize = 0; r < rows; r++) {
    let c: usize = 0;
    for (; c < vectorBytes; c += 16) {
      v128.store(out + c, f32x4.add(v128.load(out + c), v128.load(bias + c)));
    }
    for (; c < rowBytes; c += 4) store<f32>(out + c, load<f32>(out + c) + load<f32>(bias + c));
    out += rowBytes;
  }
}

/**
 * `out[c] = Σ_r x[r,c] + beta * out[c]`; `beta = 0` never reads `out`.
 * Walks down the rows with 16 columns in four vectors, then 4 columns in one, then the last 1 to 3.
 */
export function sumRows(out: usize, x: usize, rows: usize, cols: usize, beta: f32): void {
  const rowBytes = cols << 2;
  const end = x + rows * rowBytes;
  let left = cols;
  for (; left >= 16; left -= 16, x += 64, out += 64) {
    let sum0 = f32x4.splat(0);
    let sum1 = f32x4.splat(0);
    let sum2 = f32x4.splat(0);
    let sum3 = f32x4.splat(0);
    for (let row = x; row < end; row += rowBytes) {
      sum0 = f32x4.add(sum0, v128.load(row));
      sum1 = f32x4.add(sum1, v128.load(row, 16));
      sum2 = f32x4.add(sum2, v128.load(row, 32));
      sum3 = f32x4.add(sum3, v128.load(row, 48));
    }
    storeSum(out, sum0, beta);
    storeSum(out + 16, sum1, beta);
    storeSum(out + 32, sum2, beta);
    storeSum(out + 48, sum3, beta);
  }
  for (; left >= 4; left -= 4, x += 16, out += 16) {
    let sum = f32x4.splat(0);
    for (let row = x; row < end; row += rowBytes) sum = f32x4.add(sum, v128.load(row));
    storeSum(out, sum, beta);
  }
  if (left === 0) return;
  const zeros = f32x4.splat(0);
  let sum = zeros;
  for (let row = x; row < end; row += rowBytes) sum = f32x4.add(sum, loadTail(row, left, zeros));
  if (beta !== 0) sum = madd(f32x4.splat(beta), loadTail(out, left, zeros), sum);
  storeTail(out, sum, left);
}

function storeSum(out: usize, sum: v128, beta: f32): void {
  v128.store(out, beta === 0 ? sum : madd(f32x4.splat(beta), v128.load(out), sum));
}
