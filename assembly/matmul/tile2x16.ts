/** The inner loop for the last one or two rows, where a tile of more rows would waste work. */
import { madd } from '../simd';
import { A_STEP_BYTES, A_VALUE_BYTES } from './pack';
import { biasVector, Product, storeVector } from './product';

/**
 * The tile of two rows and sixteen columns, repeated for columns from `col` on while they fill it; returns the first
 * remaining column. `a` is a panel; `b` is not packed, steps `bStep` bytes apart, and a whole cache line of
 * it is used at each step. Row i has its sixteen sums in `ci0` to `ci3`. The product must not be transposed.
 */
export function tile2x16(
  to: Product,
  row: usize,
  rows: usize,
  col: usize,
  colEnd: usize,
  a: usize,
  b: usize,
  bStep: usize,
  k: usize,
): usize {
  const aEnd = a + k * A_STEP_BYTES;
  for (; col + 16 <= colEnd; col += 16, b += 64) {
    let c00 = f32x4.splat(0);
    let c01 = f32x4.splat(0);
    let c02 = f32x4.splat(0);
    let c03 = f32x4.splat(0);
    let c10 = f32x4.splat(0);
    let c11 = f32x4.splat(0);
    let c12 = f32x4.splat(0);
    let c13 = f32x4.splat(0);
    for (let aAt = a, bAt = b; aAt < aEnd; aAt += A_STEP_BYTES, bAt += bStep) {
      const a0 = v128.load32_splat(aAt);
      const a1 = v128.load32_splat(aAt, A_VALUE_BYTES);
      const b0 = v128.load(bAt);
      c00 = madd(a0, b0, c00);
      c10 = madd(a1, b0, c10);
      const b1 = v128.load(bAt, 16);
      c01 = madd(a0, b1, c01);
      c11 = madd(a1, b1, c11);
      const b2 = v128.load(bAt, 32);
      c02 = madd(a0, b2, c02);
      c12 = madd(a1, b2, c12);
      const b3 = v128.load(bAt, 48);
      c03 = madd(a0, b3, c03);
      c13 = madd(a1, b3, c13);
    }
    const alpha = f32x4.splat(to.alpha);
    const beta = to.beta;
    let out = to.out + row * to.outRow + (col << 2);
    storeVector(out, c00, alpha, beta, biasVector(to, col));
    storeVector(out + 16, c01, alpha, beta, biasVector(to, col + 4));
    storeVector(out + 32, c02, alpha, beta, biasVector(to, col + 8));
    storeVector(out + 48, c03, alpha, beta, biasVector(to, col + 12));
    if (rows > 1) {
      out += to.outRow;
      storeVector(out, c10, alpha, beta, biasVector(to, col));
      storeVector(out + 16, c11, alpha, beta, biasVector(to, col + 4));
      storeVector(out + 32, c12, alpha, beta, biasVector(to, col + 8));
      storeVector(out + 48, c13, alpha, beta, biasVector(to, col + 12));
    }
  }
  return col;
}
