/** Products from panels: block by block, a is packed, and also b where that pays off or its strides require it. */
import { ElementType } from '../commands.gen';
import { isPacked } from '../packed';
import { A_VALUE_BYTES, PANEL_ROWS, packPanels, packRows } from './pack';
import { packHalves } from './packHalves';
import { packQuantised } from './packQuantised';
import { Product } from './product';
import { tile2x16 } from './tile2x16';
import { tile4x8 } from './tile4x8';
import { tile6x8 } from './tile6x8';

/** Sides of a register tile. */
export const TILE_ROWS: usize = PANEL_ROWS;
export const TILE_COLS: usize = 8;

/**
 * Steps, rows and columns of a block: a panel of a (16 KiB at most) stays in the first-level cache while the
 * block of b (512 KiB) streams from the second.
 */
const BLOCK_K: usize = 256;
const BLOCK_M: usize = ASC_FEATURE_RELAXED_SIMD ? 132 : 16;
const BLOCK_N: usize = 512;

/** Elements of a block of b that stay in the first-level cache while the rows of the output pass. */
const SMALL_B_LENGTH: usize = 8192;

export const PACKED_A_BYTES: usize = BLOCK_M * BLOCK_K * A_VALUE_BYTES;
export const PACKED_B_BYTES: usize = (BLOCK_N * BLOCK_K) << 2;

/**
 * `out = op(a) op(b)` for any strides if `packB`. Otherwise b is read in place, which requires `bCol = 4`, except
 * for the last `n % 8` columns.
 */
export function matmulPanels(product: Product, packB: bool): void {
  const beta = product.beta;
  const bias = product.bias;
  const blockK = evenBlock(product.k, BLOCK_K, isPacked(product.bType) ? 32 : 4);
  const blockN = evenBlock(product.n, BLOCK_N, TILE_COLS);
  for (let col: usize = 0; col < product.n; col += blockN) {
    const colEnd = min(col + blockN, product.n);
    const packedFrom = packB ? col : colEnd - ((colEnd - col) % TILE_COLS);
    let step: usize = 0;
    do {
      const k = min(blockK, product.k - step);
      const b = product.b + step * product.bStep + packedFrom * product.bCol;
      product.beta = step === 0 ? beta : 1;
      product.bias = step + k === product.k ? bias : 0;
      packColumns(product, b, colEnd - packedFrom, k);
      multiplyRows(product, step, k, col, packedFrom, colEnd);
      step += k;
    } while (step < product.k);
  }
}

/** Packs `cols` columns of op(b) from `b` on, as f32. */
function packColumns(product: Product, b: usize, cols: usize, k: usize): void {
  const to = product.packedB;
  if (product.bType === ElementType.f32) packPanels(to, b, product.bCol, product.bStep, cols, k, TILE_COLS);
  else if (isPacked(product.bType)) packQuantised(to, product, b, cols, k);
  else packHalves(to, b, product.bType, product.bCol, product.bStep, cols, k);
}

/** All rows times the columns col … colEnd−1 of a block of b, which are packed from `packedFrom` on. */
function multiplyRows(
  product: Product,
  step: usize,
  k: usize,
  col: usize,
  packedFrom: usize,
  colEnd: usize,
): void {
  const bStep = product.bStep;
  const b = product.b + step * bStep + (col << 2);
  const packedB = product.packedB;
  const blockM = evenBlock(product.m, BLOCK_M, TILE_ROWS);
  for (let row: usize = 0; row < product.m; row += blockM) {
    const rows = min(blockM, product.m - row);
    const a = product.a + row * product.aRow + step * product.aStep;
    packRows(product.packedA, a, product.aRow, product.aStep, rows, k);
    if (col < packedFrom) multiplyBlock(product, row, rows, col, packedFrom, b, bStep, TILE_COLS << 2, k);
    if (packedFrom < colEnd) {
      multiplyBlock(product, row, rows, packedFrom, colEnd, packedB, TILE_COLS << 2, (TILE_COLS * k) << 2, k);
    }
  }
}

/**
 * The tiles of one block. A block of b that is packed or small is read once per panel of a; otherwise the panels of
 * a are read once per tile of b, so that its lines, which hold more than one tile, are still in the cache. One or two remaining rows use wider tiles where
 * possible.
 */
function multiplyBlock(
  to: Product,
  row: usize,
  rows: usize,
  col: usize,
  colEnd: usize,
  b: usize,
  bStep: usize,
  bTile: usize,
  k: usize,
): void {
  const isPacked = bTile !== TILE_COLS << 2;
  const few = rows % TILE_ROWS;
  const isWide = few > 0 && few <= 2 && !isPacked && !to.isTransposed;
  const tiled = isWide ? rows - few : rows;
  const stripCols = isPacked || k * (colEnd - col) <= SMALL_B_LENGTH ? colEnd - col : TILE_COLS;
  let stripB = b;
  for (let strip = col; strip < colEnd; strip += stripCols) {
    const stripEnd = min(strip + stripCols, colEnd);
    for (let r: usize = 0; r < tiled; r += TILE_ROWS) {
      tile(
        to,
        row + r,
        min(TILE_ROWS, tiled - r),
        strip,
        stripEnd,
        panelOfA(to, r, k),
        stripB,
        bStep,
        bTile,
        k,
      );
    }
    stripB += bTile;
  }
  if (!isWide) return;
  const a = panelOfA(to, tiled, k);
  const rest = tile2x16(to, row + tiled, few, col, colEnd, a, b, bStep, k);
  if (rest < colEnd) tile(to, row + tiled, few, rest, colEnd, a, b + ((rest - col) << 2), bStep, bTile, k);
}

function panelOfA(product: Product, row: usize, k: usize): usize {
  return product.packedA + row * k * A_VALUE_BYTES;
}

function tile(
  to: Product,
  row: usize,
  rows: usize,
  col: usize,
  colEnd: usize,
  a: usize,
  b: usize,
  bStep: usize,
  bTile: usize,
  k: usize,
): void {
  if (ASC_FEATURE_RELAXED_SIMD) tile6x8(a, b, bStep, k, col, colEnd, to, row, rows, bTile);
  else tile4x8(a, b, bStep, k, col, colEnd, to, row, rows, bTile);
}

/**
 * `block`, or less where that makes the blocks of `length` more equal; a multiple of `unit`, as `block` is.
 */
export function evenBlock(length: usize, block: usize, unit: usize): usize {
  const blocks = max<usize>(1, (length + block - 1) / block);
  const even = (length + blocks - 1) / blocks;
  return ((even + unit - 1) / unit) * unit;
}
