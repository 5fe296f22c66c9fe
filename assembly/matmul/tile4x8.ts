/**
 * The inner loop of the builds without fused multiply-add: 8 sums, 2 vectors of b, one of a and the products
 * that wait for their addition fill the 16 vector registers.
 */
import { madd } from '../simd';
import { biasVector, Product, storeSpilled, storeVector } from './product';

/**
 * `out[i,j] = alpha Σ_p a[p,i] b[p,j] + beta out[i,j] + bias[j]` for i in row … row+3 and j in col …
 * colEnd−1, tile by tile of 4 × 8; only `rows` of them are stored. `a` is a panel of width 4 and `k` steps.
 * In `b` the eight values of a step lie side by side, `bStep` bytes after those of the step before, and the
 * next tile's `bTile` bytes after this one's.
 *
 * Row i has its eight sums in `ci0` and `ci1`; each step multiplies one value of a, in all lanes, with eight
 * of b. A turn takes four steps. The ways out between them, for a `k` that is no multiple of 4, also keep the
 * compilers from mixing the steps, which would take more registers than there are.
 */
export function tile4x8(
  a: usize,
  b: usize,
  bStep: usize,
  k: usize,
  col: usize,
  colEnd: usize,
  to: Product,
  row: usize,
  rows: usize,
  bTile: usize,
): void {
  const aEnd = a + k * 16;
  const last1 = aEnd - 16;
  const last2 = aEnd - 32;
  const last3 = aEnd - 48;
  for (; col < colEnd; col += 8, b += bTile) {
    let c00 = f32x4.splat(0);
    let c01 = f32x4.splat(0);
    let c10 = f32x4.splat(0);
    let c11 = f32x4.splat(0);
    let c20 = f32x4.splat(0);
    let c21 = f32x4.splat(0);
    let c30 = f32x4.splat(0);
    let c31 = f32x4.splat(0);
    let aAt = a;
    let bAt = b;
    while (aAt < aEnd) {
      {
        const b0 = v128.load(bAt);
        const b1 = v128.load(bAt, 16);
        const a0 = v128.load32_splat(aAt);
        c00 = madd(a0, b0, c00);
        c01 = madd(a0, b1, c01);
        const a1 = v128.load32_splat(aAt, 4);
        c10 = madd(a1, b0, c10);
        c11 = madd(a1, b1, c11);
        const a2 = v128.load32_splat(aAt, 8);
        c20 = madd(a2, b0, c20);
        c21 = madd(a2, b1, c21);
        const a3 = v128.load32_splat(aAt, 12);
        c30 = madd(a3, b0, c30);
        c31 = madd(a3, b1, c31);
      }
      bAt += bStep;
      if (aAt === last1) break;
      {
        const b0 = v128.load(bAt);
        const b1 = v128.load(bAt, 16);
        const a0 = v128.load32_splat(aAt, 16);
        c00 = madd(a0, b0, c00);
        c01 = madd(a0, b1, c01);
        const a1 = v128.load32_splat(aAt, 20);
        c10 = madd(a1, b0, c10);
        c11 = madd(a1, b1, c11);
        const a2 = v128.load32_splat(aAt, 24);
        c20 = madd(a2, b0, c20);
        c21 = madd(a2, b1, c21);
        const a3 = v128.load32_splat(aAt, 28);
        c30 = madd(a3, b0, c30);
        c31 = madd(a3, b1, c31);
      }
      bAt += bStep;
      if (aAt === last2) break;
      {
        const b0 = v128.load(bAt);
        const b1 = v128.load(bAt, 16);
        const a0 = v128.load32_splat(aAt, 32);
        c00 = madd(a0, b0, c00);
        c01 = madd(a0, b1, c01);
        const a1 = v128.load32_splat(aAt, 36);
        c10 = madd(a1, b0, c10);
        c11 = madd(a1, b1, c11);
        const a2 = v128.load32_splat(aAt, 40);
        c20 = madd(a2, b0, c20);
        c21 = madd(a2, b1, c21);
        const a3 = v128.load32_splat(aAt, 44);
        c30 = madd(a3, b0, c30);
        c31 = madd(a3, b1, c31);
      }
      bAt += bStep;
      if (aAt === last3) break;
      {
        const b0 = v128.load(bAt);
        const b1 = v128.load(bAt, 16);
        const a0 = v128.load32_splat(aAt, 48);
        c00 = madd(a0, b0, c00);
        c01 = madd(a0, b1, c01);
        const a1 = v128.load32_splat(aAt, 52);
        c10 = madd(a1, b0, c10);
        c11 = madd(a1, b1, c11);
        const a2 = v128.load32_splat(aAt, 56);
        c20 = madd(a2, b0, c20);
        c21 = madd(a2, b1, c21);
        const a3 = v128.load32_splat(aAt, 60);
        c30 = madd(a3, b0, c30);
        c31 = madd(a3, b1, c31);
      }
      bAt += bStep;
      aAt += 64;
    }
    if (colEnd - col >= 8 && !to.isTransposed) {
      const alpha = f32x4.splat(to.alpha);
      const beta = to.beta;
      const bias0 = biasVector(to, col);
      const bias1 = biasVector(to, col + 4);
      let out = to.out + row * to.outRow + (col << 2);
      storeVector(out, c00, alpha, beta, bias0);
      storeVector(out + 16, c01, alpha, beta, bias1);
      if (rows > 1) {
        out += to.outRow;
        storeVector(out, c10, alpha, beta, bias0);
        storeVector(out + 16, c11, alpha, beta, bias1);
      }
      if (rows > 2) {
        out += to.outRow;
        storeVector(out, c20, alpha, beta, bias0);
        storeVector(out + 16, c21, alpha, beta, bias1);
      }
      if (rows > 3) {
        out += to.outRow;
        storeVector(out, c30, alpha, beta, bias0);
        storeVector(out + 16, c31, alpha, beta, bias1);
      }
    } else {
      v128.store(to.spill, c00);
      v128.store(to.spill, c01, 16);
      v128.store(to.spill, c10, 32);
      v128.store(to.spill, c11, 48);
      v128.store(to.spill, c20, 64);
      v128.store(to.spill, c21, 80);
      v128.store(to.spill, c30, 96);
      v128.store(to.spill, c31, 112);
      storeSpilled(to, row, rows, 32, col, min<usize>(8, colEnd - col));
    }
  }
}
