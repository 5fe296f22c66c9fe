/** Panels of a packed weight whose groups do not run along the steps, as in `dY W`: rounded again, 32 steps at a time. */
import { packQuantised } from '../matmul/packQuantised';
import { Product } from '../matmul/product';
import { BLOCK, LANE_BYTES, PAIR_BYTES, TILE_COLS } from './layout';
import { rounded } from './roundRow';

/** 1.5 · 2²³ as in roundRow, and a mask of the lower 16 bits. */
const CONSTANTS: usize = memory.data<u32>([0x4b400000, 0x0000ffff]);
/** Magnitude below which a number counts as 0. */
const SMALLEST: f32 = 1e-30;

const STEP_BYTES: usize = TILE_COLS << 2;

/**
 * Copies `lanes` columns of op(b) from the weight `index` on into panels, as {@link integerTile} takes them, without minimums: for each
 * column and 32 steps `scale = max |w| / top` and `code = round(w top / max |w|)`. The missing steps of the last 32, and missing
 * columns, are 0.
 * @param floats  scratch for a panel of `k` steps as f32
 */
export function packRounded(
  to: usize,
  product: Product,
  index: usize,
  lanes: usize,
  k: usize,
  top: f32,
  floats: usize,
): void {
  const blocks = (k + BLOCK - 1) / BLOCK;
  const missing = blocks * BLOCK - k;
  for (; lanes > 0; index += TILE_COLS * product.bCol) {
    const cols = min(lanes, TILE_COLS);
    packQuantised(floats, product, index, cols, k);
    memory.fill(floats + k * STEP_BYTES, 0, missing * STEP_BYTES);
    to = roundPanel(to, floats, blocks, top);
    lanes -= cols;
  }
}

/** Rounds a panel. Returns the address of the next one. */
function roundPanel(to: usize, from: usize, blocks: usize, top: f32): usize {
  const magic = v128.load32_splat(CONSTANTS);
  const lower = v128.load32_splat(CONSTANTS, 4);
  const smallest = f32x4.splat(SMALLEST);
  const tops = f32x4.splat(top);
  for (; blocks > 0; blocks--) {
    const end = from + BLOCK * STEP_BYTES;
    let most0 = smallest;
    let most1 = smallest;
    for (let at = from; at < end; at += STEP_BYTES) {
      most0 = f32x4.pmax(most0, f32x4.abs(v128.load(at)));
      most1 = f32x4.pmax(most1, f32x4.abs(v128.load(at, 16)));
    }
    const inverse0 = f32x4.div(tops, most0);
    const inverse1 = f32x4.div(tops, most1);
    for (; from < end; from += STEP_BYTES << 1, to += PAIR_BYTES) {
      const even0 = rounded(from, inverse0, magic);
      const even1 = rounded(from + 16, inverse1, magic);
      const odd0 = i32x4.shl(rounded(from + STEP_BYTES, inverse0, magic), 16);
      const odd1 = i32x4.shl(rounded(from + STEP_BYTES + 16, inverse1, magic), 16);
      v128.store(to, v128.bitselect(even0, odd0, lower));
      v128.store(to, v128.bitselect(even1, odd1, lower), 16);
    }
    v128.store(to, f32x4.div(most0, tops));
    v128.store(to, f32x4.div(most1, tops), 16);
    to += LANE_BYTES;
  }
  return to;
}
