/**
 * The inner loop of the builds without fused multiply-add: 8 sums, 2 vectors of b, one of a and the products
 * that wait for their addition fill the 16 vector registers.
 */
import { madd } from '../simd';
import { biasVector, Product, storeSpilled, storeVector } from './product';

/**
 * `out[i,j] = alpha Σ_p a[p,i] b[p,j] + beta out[i,j] + bias[j]` for i in row … row+3 and j in col …
 * colEnd−1, tile by tile of 4 × 8; only `rows` of them are stored. `a` is a panel of four rows and `k` steps
 * with each value in all lanes of a vector. In `b` the eight values of a step lie side by side, `bStep` bytes
 * after those of the step before, and the next tile's `bTile` bytes after this one's.
 *
 * Row i has its eight sums in `ci0` and `ci1`; each step multiplies one value of a with eight of b. A turn
 * takes eight steps. The early exits between them, for a `k` that is not a multiple of 8, also keep the compilers from
 * mixing the steps, which would take more registers than exist.
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
    for (let left = k; left > 0; left -= 8) {
      {
        const b0 = v128.load(bAt);
        const b1 = v128.load(bAt, 16);
        const a0 = v128.load(aAt);
        c00 = madd(a0, b0, c00);
        c01 = madd(a0, b1, c01);
        const a1 = v128.load(aAt, 16);
        c10 = madd(a1, b0, c10);
        c11 = madd(a1, b1, c11);
        const a2 = v128.load(aAt, 32);
        c20 = madd(a2, b0, c20);
        c21 = madd(a2, b1, c21);
        const a3 = v128.load(aAt, 48);
        c30 = madd(a3, b0, c30);
        c31 = madd(a3, b1, c31);
      }
      bAt += bStep;
      if (left === 1) break;
      {
        const b0 = v128.load(bAt);
        const b1 = v128.load(bAt, 16);
        const a0 = v128.load(aAt, 64);
        c00 = madd(a0, b0, c00);
        c01 = madd(a0, b1, c01);
        const a1 = v128.load(aAt, 80);
        c10 = madd(a1, b0, c10);
        c11 = madd(a1, b1, c11);
        const a2 = v128.load(aAt, 96);
        c20 = madd(a2, b0, c20);
        c21 = madd(a2, b1, c21);
        const a3 = v128.load(aAt, 112);
        c30 = madd(a3, b0, c30);
        c31 = madd(a3, b1, c31);
      }
      bAt += bStep;
      if (left === 2) break;
      {
        const b0 = v128.load(bAt);
        const b1 = v128.load(bAt, 16);
        const a0 = v128.load(aAt, 128);
        c00 = madd(a0, b0, c00);
        c01 = madd(a0, b1, c01);
        const a1 = v128.load(aAt, 144);
        c10 = madd(a1, b0, c10);
        c11 = madd(a1, b1, c11);
        const a2 = v128.load(aAt, 160);
        c20 = madd(a2, b0, c20);
        c21 = madd(a2, b1, c21);
        const a3 = v128.load(aAt, 176);
        c30 = madd(a3, b0, c30);
        c31 = madd(a3, b1, c31);
      }
      bAt += bStep;
      if (left === 3) break;
      {
        const b0 = v128.load(bAt);
        const b1 = v128.load(bAt, 16);
        const a0 = v128.load(aAt, 192);
        c00 = madd(a0, b0, c00);
        c01 = madd(a0, b1, c01);
        const a1 = v128.load(aAt, 208);
        c10 = madd(a1, b0, c10);
        c11 = madd(a1, b1, c11);
        const a2 = v128.load(aAt, 224);
        c20 = madd(a2, b0, c20);
        c21 = madd(a2, b1, c21);
        const a3 = v128.load(aAt, 240);
        c30 = madd(a3, b0, c30);
        c31 = madd(a3, b1, c31);
      }
      bAt += bStep;
      if (left === 4) break;
      {
        const b0 = v128.load(bAt);
        const b1 = v128.load(bAt, 16);
        const a0 = v128.load(aAt, 256);
        c00 = madd(a0, b0, c00);
        c01 = madd(a0, b1, c01);
        const a1 = v128.load(aAt, 272);
        c10 = madd(a1, b0, c10);
        c11 = madd(a1, b1, c11);
        const a2 = v128.load(aAt, 288);
        c20 = madd(a2, b0, c20);
        c21 = madd(a2, b1, c21);
        const a3 = v128.load(aAt, 304);
        c30 = madd(a3, b0, c30);
        c31 = madd(a3, b1, c31);
      }
      bAt += bStep;
      if (left === 5) break;
      {
        const b0 = v128.load(bAt);
        const b1 = v128.load(bAt, 16);
        const a0 = v128.load(aAt, 320);
        c00 = madd(a0, b0, c00);
        c01 = madd(a0, b1, c01);
        const a1 = v128.load(aAt, 336);
        c10 = madd(a1, b0, c10);
        c11 = madd(a1, b1, c11);
        const a2 = v128.load(aAt, 352);
        c20 = madd(a2, b0, c20);
        c21 = madd(a2, b1, c21);
        const a3 = v128.load(aAt, 368);
        c30 = madd(a3, b0, c30);
        c31 = madd(a3, b1, c31);
      }
      bAt += bStep;
      if (left === 6) break;
      {
        const b0 = v128.load(bAt);
        const b1 = v128.load(bAt, 16);
        const a0 = v128.load(aAt, 384);
        c00 = madd(a0, b0, c00);
        c01 = madd(a0, b1, c01);
        const a1 = v128.load(aAt, 400);
        c10 = madd(a1, b0, c10);
        c11 = madd(a1, b1, c11);
        const a2 = v128.load(aAt, 416);
        c20 = madd(a2, b0, c20);
        c21 = madd(a2, b1, c21);
        const a3 = v128.load(aAt, 432);
        c30 = madd(a3, b0, c30);
        c31 = madd(a3, b1, c31);
      }
      bAt += bStep;
      if (left === 7) break;
      {
        const b0 = v128.load(bAt);
        const b1 = v128.load(bAt, 16);
        const a0 = v128.load(aAt, 448);
        c00 = madd(a0, b0, c00);
        c01 = madd(a0, b1, c01);
        const a1 = v128.load(aAt, 464);
        c10 = madd(a1, b0, c10);
        c11 = madd(a1, b1, c11);
        const a2 = v128.load(aAt, 480);
        c20 = madd(a2, b0, c20);
        c21 = madd(a2, b1, c21);
        const a3 = v128.load(aAt, 496);
        c30 = madd(a3, b0, c30);
        c31 = madd(a3, b1, c31);
      }
      bAt += bStep;
      aAt += 512;
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
