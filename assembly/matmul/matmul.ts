/** The matrix product: chooses a method by the shape and the strides. */
import { ElementType } from '../commands.gen';
import { INTEGER_SCRATCH_BYTES } from '../integers/layout';
import { isPacked } from '../packed';
import { describe } from './describe';
import { DOT_COLS, DOT_ROWS, dotTiles, matmulDot, matmulDotTransposed } from './dot';
import { matmulDotQuantised } from './dotQuantised';
import { matmulPanels, PACKED_A_BYTES, PACKED_B_BYTES, TILE_COLS, TILE_ROWS } from './panels';
import { Product } from './product';
import { HEAD_BYTES } from './scratch';

/** Length of every side from which packing b pays off. */
const PACK_B_MIN: usize = 32;
/** Fewer steps do not fill the vectors along k of a dot product. */
const DOT_MIN_STEPS: usize = 16;
/** Fewer columns leave most lanes of a tile of the outer product empty. */
const PANEL_MIN_COLS: usize = 8;

/** Bytes of scratch memory for a product, of floats or of integers, the same for all shapes. */
export function matmulScratchBytes(): usize {
  return max(HEAD_BYTES + PACKED_A_BYTES + PACKED_B_BYTES, INTEGER_SCRATCH_BYTES);
}

/**
 * `out[m,n] = alpha * op(a) op(b) + beta * out + bias[n]`, row-major f32. op(a) is `a [m,k]`, or `[k,m]` with
 * `transA`; op(b) is `b [k,n]`, or `[n,k]` with `transB`. `bias` 0 stands for none; `beta = 0` never reads
 * `out`. `b` may be of 16-bit floats, or packed. `scratch` is {@link matmulScratchBytes} bytes that nothing else uses
 * meanwhile, at a multiple of 16.
 *
 * Computes the `part`-th of `parts` shares of the output, which are nearly equal and may be empty; together
 * they give the same bits as `parts = 1`.
 */
export function matmul(
  out: usize,
  a: usize,
  b: usize,
  bias: usize,
  bType: i32,
  m: usize,
  k: usize,
  n: usize,
  transA: bool,
  transB: bool,
  alpha: f32,
  beta: f32,
  scratch: usize,
  part: usize,
  parts: usize,
): void {
  assert(part < parts, 'matmul: there is no such part');
  const product = describe(out, a, b, bias, bType, m, k, n, transA, transB, alpha, beta, scratch);
  product.packedA = scratch + HEAD_BYTES;
  product.packedB = scratch + HEAD_BYTES + PACKED_A_BYTES;
  choose(product, part, parts);
}

/**
 * The method, chosen by the whole shape so that it is the same for all shares:
 * 1. One row times a packed weight whose groups run along k: dot products.
 * 2. Large, or a weight that is not f32, which is unpacked on its way into panels: panels of both operands.
 * 3. Both operands contiguous along k (NT), not few steps: dot products, turned as it fills the tiles better.
 * 4. Few columns: dot products with a transposed copy of b if a is contiguous along k (NN), the transposed
 *    product if it is contiguous along m (TN).
 * 5. The rest, thin or of few steps: panels of a, and of b only if it is not contiguous along n.
 */
function choose(product: Product, part: usize, parts: usize): void {
  const m = product.m;
  const k = product.k;
  const n = product.n;
  const isDot = product.aStep === 4 && k >= DOT_MIN_STEPS;
  if (m === 1 && isPacked(product.bType) && product.hasStrips && product.bStep === 1 && product.aStep === 4) {
    product.takeShare(part, parts, 1, 1);
    matmulDotQuantised(product);
  } else if (product.bType !== ElementType.f32 || min(min(m, n), k) >= PACK_B_MIN) {
    product.takeShare(part, parts, TILE_ROWS, TILE_COLS);
    matmulPanels(product, true);
  } else if (isDot && product.bStep === 4) {
    if (dotTiles(n, m) < dotTiles(m, n)) product.transpose();
    product.takeShare(part, parts, DOT_ROWS, DOT_COLS);
    matmulDot(product);
  } else if (isDot && n < PANEL_MIN_COLS) {
    product.takeShare(part, parts, DOT_ROWS, DOT_COLS);
    matmulDotTransposed(product);
  } else {
    if (n < PANEL_MIN_COLS && product.aRow === 4) product.transpose();
    product.takeShare(part, parts, TILE_ROWS, TILE_COLS);
    matmulPanels(product, product.bCol !== 4);
  }
}
