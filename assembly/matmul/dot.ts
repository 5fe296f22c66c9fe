/** Products whose operands both lie contiguous along k, as in `x Wᵀ`, without packing. */
import { loadTail, madd } from '../simd';
import { copyTransposed } from './pack';
import { biasVector, Product, storeSpilled, storeVector } from './product';

/** Sides of a tile. */
export const DOT_ROWS: usize = 2;
export const DOT_COLS: usize = 4;

/** Steps of a block along k: four columns of b stay in the first-level cache. */
const BLOCK_K: usize = 1024;

/** Bytes of the spill area's sums: eight of four lanes. */
const SUMS_BYTES: usize = 128;

/** Tiles of two rows and four columns that cover a product. */
export function dotTiles(rows: usize, cols: usize): usize {
  return ((rows + 1) >> 1) * ((cols + 3) >> 2);
}

/** `out = op(a) op(b)` for `aStep = bStep = 4`. */
export function matmulDot(product: Product): void {
  const k = product.k;
  const beta = product.beta;
  const bias = product.bias;
  const a = product.a;
  const b = product.b;
  for (let step: usize = 0; step < k; step += BLOCK_K) {
    const steps = min(BLOCK_K, k - step);
    product.a = a + (step << 2);
    product.b = b + (step << 2);
    product.beta = step === 0 ? beta : 1;
    product.bias = step + steps === k ? bias : 0;
    multiplySteps(product, steps);
  }
}

/**
 * The same for a `b` of few columns that is contiguous along its rows: each block of it is transposed first.
 */
export function matmulDotTransposed(product: Product): void {
  const k = product.k;
  const beta = product.beta;
  const bias = product.bias;
  const a = product.a;
  const b = product.b;
  const bStep = product.bStep;
  product.b = product.packedB;
  product.bStep = 4;
  for (let step: usize = 0; step < k; step += BLOCK_K) {
    const steps = min(BLOCK_K, k - step);
    copyTransposed(product.packedB, b + step * bStep, bStep, steps, product.n);
    product.bCol = steps << 2;
    product.a = a + (step << 2);
    product.beta = step === 0 ? beta : 1;
    product.bias = step + steps === k ? bias : 0;
    multiplySteps(product, steps);
  }
}

/**
 * Tile by tile: `out[row … row+1, col … col+3] = Σ_p a[i,p] b[j,p]`. Where the product has fewer rows or
 * columns, the last one is read again, and not stored.
 */
function multiplySteps(product: Product, k: usize): void {
  const whole = k & ~3;
  for (let col: usize = 0; col < product.n; col += 4) {
    const cols = min<usize>(4, product.n - col);
    const b = product.b + col * product.bCol;
    for (let row: usize = 0; row < product.m; row += 2) {
      const rows = min<usize>(2, product.m - row);
      const a = product.a + row * product.aRow;
      if (whole > 0) dot2x4(a, b, whole, rows, cols, product);
      else memory.fill(product.spill, 0, SUMS_BYTES);
      if (whole < k) dotTail(a + (whole << 2), b + (whole << 2), k - whole, rows, cols, product);
      storeTile(product, row, rows, col, cols);
    }
  }
}

/**
 * Eight sums of four lanes each to the spill area, first those of row 0: lane l of the sum `cij` takes the
 * steps 4q + l of row i of a and column j of b. `k` is a multiple of 4 and not 0.
 *
 * A turn takes eight vectors of each row and column. The early exits between them, for a `k` that is not a multiple
 * of 32, also keep the compilers from mixing the sums, which would take more registers than exist.
 */
function dot2x4(a: usize, b: usize, k: usize, rows: usize, cols: usize, to: Product): void {
  let c00 = f32x4.splat(0);
  let c01 = f32x4.splat(0);
  let c02 = f32x4.splat(0);
  let c03 = f32x4.splat(0);
  let c10 = f32x4.splat(0);
  let c11 = f32x4.splat(0);
  let c12 = f32x4.splat(0);
  let c13 = f32x4.splat(0);
  let a0 = a;
  let a1 = rows > 1 ? a0 + to.aRow : a0;
  let b0 = b;
  let b1 = cols > 1 ? b0 + to.bCol : b0;
  let b2 = cols > 2 ? b1 + to.bCol : b1;
  let b3 = cols > 3 ? b2 + to.bCol : b2;
  for (let left = k >> 2; left > 0; left -= 8) {
    {
      const x0 = v128.load(a0);
      const x1 = v128.load(a1);
      const y0 = v128.load(b0);
      c00 = madd(x0, y0, c00);
      c10 = madd(x1, y0, c10);
      const y1 = v128.load(b1);
      c01 = madd(x0, y1, c01);
      c11 = madd(x1, y1, c11);
      const y2 = v128.load(b2);
      c02 = madd(x0, y2, c02);
      c12 = madd(x1, y2, c12);
      const y3 = v128.load(b3);
      c03 = madd(x0, y3, c03);
      c13 = madd(x1, y3, c13);
    }
    if (left === 1) break;
    {
      const x0 = v128.load(a0, 16);
      const x1 = v128.load(a1, 16);
      const y0 = v128.load(b0, 16);
      c00 = madd(x0, y0, c00);
      c10 = madd(x1, y0, c10);
      const y1 = v128.load(b1, 16);
      c01 = madd(x0, y1, c01);
      c11 = madd(x1, y1, c11);
      const y2 = v128.load(b2, 16);
      c02 = madd(x0, y2, c02);
      c12 = madd(x1, y2, c12);
      const y3 = v128.load(b3, 16);
      c03 = madd(x0, y3, c03);
      c13 = madd(x1, y3, c13);
    }
    if (left === 2) break;
    {
      const x0 = v128.load(a0, 32);
      const x1 = v128.load(a1, 32);
      const y0 = v128.load(b0, 32);
      c00 = madd(x0, y0, c00);
      c10 = madd(x1, y0, c10);
      const y1 = v128.load(b1, 32);
      c01 = madd(x0, y1, c01);
      c11 = madd(x1, y1, c11);
      const y2 = v128.load(b2, 32);
      c02 = madd(x0, y2, c02);
      c12 = madd(x1, y2, c12);
      const y3 = v128.load(b3, 32);
      c03 = madd(x0, y3, c03);
      c13 = madd(x1, y3, c13);
    }
    if (left === 3) break;
    {
      const x0 = v128.load(a0, 48);
      const x1 = v128.load(a1, 48);
      const y0 = v128.load(b0, 48);
      c00 = madd(x0, y0, c00);
      c10 = madd(x1, y0, c10);
      const y1 = v128.load(b1, 48);
      c01 = madd(x0, y1, c01);
      c11 = madd(x1, y1, c11);
      const y2 = v128.load(b2, 48);
      c02 = madd(x0, y2, c02);
      c12 = madd(x1, y2, c12);
      const y3 = v128.load(b3, 48);
      c03 = madd(x0, y3, c03);
      c13 = madd(x1, y3, c13);
    }
    if (left === 4) break;
    {
      const x0 = v128.load(a0, 64);
      const x1 = v128.load(a1, 64);
      const y0 = v128.load(b0, 64);
      c00 = madd(x0, y0, c00);
      c10 = madd(x1, y0, c10);
      const y1 = v128.load(b1, 64);
      c01 = madd(x0, y1, c01);
      c11 = madd(x1, y1, c11);
      const y2 = v128.load(b2, 64);
      c02 = madd(x0, y2, c02);
      c12 = madd(x1, y2, c12);
      const y3 = v128.load(b3, 64);
      c03 = madd(x0, y3, c03);
      c13 = madd(x1, y3, c13);
    }
    if (left === 5) break;
    {
      const x0 = v128.load(a0, 80);
      const x1 = v128.load(a1, 80);
      const y0 = v128.load(b0, 80);
      c00 = madd(x0, y0, c00);
      c10 = madd(x1, y0, c10);
      const y1 = v128.load(b1, 80);
      c01 = madd(x0, y1, c01);
      c11 = madd(x1, y1, c11);
      const y2 = v128.load(b2, 80);
      c02 = madd(x0, y2, c02);
      c12 = madd(x1, y2, c12);
      const y3 = v128.load(b3, 80);
      c03 = madd(x0, y3, c03);
      c13 = madd(x1, y3, c13);
    }
    if (left === 6) break;
    {
      const x0 = v128.load(a0, 96);
      const x1 = v128.load(a1, 96);
      const y0 = v128.load(b0, 96);
      c00 = madd(x0, y0, c00);
      c10 = madd(x1, y0, c10);
      const y1 = v128.load(b1, 96);
      c01 = madd(x0, y1, c01);
      c11 = madd(x1, y1, c11);
      const y2 = v128.load(b2, 96);
      c02 = madd(x0, y2, c02);
      c12 = madd(x1, y2, c12);
      const y3 = v128.load(b3, 96);
      c03 = madd(x0, y3, c03);
      c13 = madd(x1, y3, c13);
    }
    if (left === 7) break;
    {
      const x0 = v128.load(a0, 112);
      const x1 = v128.load(a1, 112);
      const y0 = v128.load(b0, 112);
      c00 = madd(x0, y0, c00);
      c10 = madd(x1, y0, c10);
      const y1 = v128.load(b1, 112);
      c01 = madd(x0, y1, c01);
      c11 = madd(x1, y1, c11);
      const y2 = v128.load(b2, 112);
      c02 = madd(x0, y2, c02);
      c12 = madd(x1, y2, c12);
      const y3 = v128.load(b3, 112);
      c03 = madd(x0, y3, c03);
      c13 = madd(x1, y3, c13);
    }
    a0 += 128;
    a1 += 128;
    b0 += 128;
    b1 += 128;
    b2 += 128;
    b3 += 128;
  }
  const sums = to.spill;
  v128.store(sums, c00);
  v128.store(sums, c01, 16);
  v128.store(sums, c02, 32);
  v128.store(sums, c03, 48);
  v128.store(sums, c10, 64);
  v128.store(sums, c11, 80);
  v128.store(sums, c12, 96);
  v128.store(sums, c13, 112);
}

/** Adds the last 1 to 3 steps to the sums: vectors padded with zeros. */
function dotTail(a: usize, b: usize, k: usize, rows: usize, cols: usize, to: Product): void {
  const zeros = f32x4.splat(0);
  for (let c: usize = 0; c < cols; c++) {
    const y = loadTail(b + c * to.bCol, k, zeros);
    for (let r: usize = 0; r < rows; r++) {
      const sum = to.spill + ((r * 4 + c) << 4);
      v128.store(sum, madd(loadTail(a + r * to.aRow, k, zeros), y, v128.load(sum)));
    }
  }
}

/** Adds the lanes of the sums in the spill area and stores `rows` × `cols` of them. */
function storeTile(to: Product, row: usize, rows: usize, col: usize, cols: usize): void {
  const spill = to.spill;
  const sums0 = sumLanes(spill);
  const sums1 = sumLanes(spill + 64);
  if (cols === 4 && !to.isTransposed) {
    const alpha = f32x4.splat(to.alpha);
    const bias = biasVector(to, col);
    const out = to.out + row * to.outRow + (col << 2);
    storeVector(out, sums0, alpha, to.beta, bias);
    if (rows > 1) storeVector(out + to.outRow, sums1, alpha, to.beta, bias);
  } else {
    v128.store(spill, sums0);
    v128.store(spill, sums1, 16);
    storeSpilled(to, row, rows, 16, col, cols);
  }
}

/** The sums over the lanes of the four vectors at `from`. */
function sumLanes(from: usize): v128 {
  const w = v128.load(from);
  const x = v128.load(from, 16);
  const y = v128.load(from, 32);
  const z = v128.load(from, 48);
  const wx = f32x4.add(v128.shuffle<f32>(w, x, 0, 4, 1, 5), v128.shuffle<f32>(w, x, 2, 6, 3, 7));
  const yz = f32x4.add(v128.shuffle<f32>(y, z, 0, 4, 1, 5), v128.shuffle<f32>(y, z, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(wx, yz, 0, 1, 4, 5), v128.shuffle<f32>(wx, yz, 2, 3, 6, 7));
}
