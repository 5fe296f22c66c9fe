/** Products with a packed weight in integers: both operands as codes with scales, whose products are summed exactly, group by group. */
import { describe } from '../matmul/describe';
import { evenBlock } from '../matmul/panels';
import { Product } from '../matmul/product';
import { groupShift, hasMinimums, STRIP_ROWS } from '../packed';
import { dotRow } from './dotRow';
import {
  BLOCK,
  CODES,
  FLOATS,
  LANE_BYTES,
  MOST_COLS,
  MOST_ROWS,
  MOST_STEPS,
  MOST_STEPS_OF_ROW,
  PAIR_BYTES,
  PANELS,
  SCALES,
  SUMS,
  TILE_COLS,
  TILE_ROWS,
} from './layout';
import { packCodes } from './packCodes';
import { packRounded } from './packRounded';
import { roundRow } from './roundRow';
import { integerTile, ScaledGroup, ShiftedGroup, ShortGroup } from './tile';

/** Largest codes: against the weight's own codes of 8 bits, and where both operands are rounded; 32 products fit into 32 bits. */
const TOP: f32 = 32767;
const COARSE_TOP: f32 = 127;
const TOP_OF_BOTH: f32 = 8191;

/**
 * `out[m,n] = a op(b) + beta * out + bias[n]` with a packed `b`, op(b) `[k,n]`, or stored `[n,k]` with `transB`. Rows of a are rounded to
 * 16 bits for each 32 steps. With `transB`, where the groups of b run along k, its own codes are used; otherwise both are rounded to 14 bits.
 * `coarse` rounds rows of a to 8 bits with `transB`.
 * `scratch` is {@link INTEGER_SCRATCH_BYTES}; `part` and `parts` as in matmul.
 */
export function integerMatmul(
  out: usize,
  a: usize,
  b: usize,
  bias: usize,
  bType: i32,
  m: usize,
  k: usize,
  n: usize,
  transB: bool,
  coarse: bool,
  beta: f32,
  scratch: usize,
  part: usize,
  parts: usize,
): void {
  assert(part < parts, 'integerMatmul: there is no such part');
  const product = describe(out, a, b, bias, bType, m, k, n, false, transB, 1, beta, scratch);
  const top = !transB ? TOP_OF_BOTH : coarse ? COARSE_TOP : TOP;
  if (m === 1 && transB && product.hasStrips && k <= MOST_STEPS_OF_ROW) {
    product.takeShare(part, parts, 1, STRIP_ROWS);
    roundRow(
      scratch + CODES,
      scratch + SCALES,
      scratch + SUMS,
      a,
      k,
      (<usize>1) << groupShift(bType),
      top,
      product.spill,
    );
    dotRow(product, coarse, scratch);
  } else {
    product.takeShare(part, parts, TILE_ROWS, TILE_COLS);
    multiplyBlocks(product, transB, top, scratch);
  }
}

/** Rows are rounded once for each block of steps, and weights packed once for each block of rows. */
function multiplyBlocks(product: Product, isAlongSteps: bool, top: f32, scratch: usize): void {
  begin(product);
  const k = product.k;
  const blockK = evenBlock(k, MOST_STEPS, BLOCK);
  const blockN = evenBlock(product.n, MOST_COLS, TILE_COLS);
  const blockM = evenBlock(product.m, MOST_ROWS, TILE_ROWS);
  const group: usize = isAlongSteps ? (<usize>1) << groupShift(product.bType) : BLOCK;
  for (let row: usize = 0; row < product.m; row += blockM) {
    const rows = min(blockM, product.m - row);
    for (let step: usize = 0; step < k; step += blockK) {
      const steps = min(blockK, k - step);
      const padded = ((steps + BLOCK - 1) / BLOCK) * BLOCK;
      roundRows(product, row, rows, step, steps, padded, group, top, scratch);
      for (let col: usize = 0; col < product.n; col += blockN) {
        const cols = min(blockN, product.n - col);
        const b = product.b + step * product.bStep + col * product.bCol;
        if (isAlongSteps) packCodes(scratch + PANELS, product, b, cols, steps);
        else packRounded(scratch + PANELS, product, b, cols, steps, top, scratch + FLOATS);
        if (group < BLOCK) multiplyBlock<ShortGroup>(product, row, rows, col, cols, padded, steps, scratch);
        else if (isAlongSteps && hasMinimums(product.weights))
          multiplyBlock<ShiftedGroup>(product, row, rows, col, cols, padded, padded, scratch);
        else multiplyBlock<ScaledGroup>(product, row, rows, col, cols, padded, padded, scratch);
      }
    }
  }
}

/** `out = beta * out + bias`, not reading `out` if `beta` is 0; the tiles add to it. */
function begin(product: Product): void {
  const n = product.n;
  for (let row: usize = 0; row < product.m; row++) {
    const out = product.out + row * product.outRow;
    if (product.beta === 0) {
      if (product.bias) memory.copy(out, product.bias, n << 2);
      else memory.fill(out, 0, n << 2);
    } else if (product.beta !== 1 || product.bias) {
      for (let at: usize = 0; at < n << 2; at += 4) {
        const bias = product.bias ? load<f32>(product.bias + at) : <f32>0;
        store<f32>(out + at, product.beta * load<f32>(out + at) + bias);
      }
    }
  }
}

function roundRows(
  product: Product,
  row: usize,
  rows: usize,
  step: usize,
  steps: usize,
  padded: usize,
  group: usize,
  top: f32,
  scratch: usize,
): void {
  const scaleRow = (padded / group) << 2;
  for (let r: usize = 0; r < rows; r++) {
    const x = product.a + (row + r) * product.aRow + (step << 2);
    const codes = scratch + CODES + ((r * padded) << 1);
    const at = r * scaleRow;
    roundRow(codes, scratch + SCALES + at, scratch + SUMS + at, x, steps, group, top, product.spill);
  }
}

/** The tiles of a block: all panels for each four rows. */
function multiplyBlock<Group>(
  product: Product,
  row: usize,
  rows: usize,
  col: usize,
  cols: usize,
  padded: usize,
  steps: usize,
  scratch: usize,
): void {
  const group = sizeof<Group>() << 3;
  const groups = steps / group;
  const groupBytes = (group >> 1) * PAIR_BYTES + (isFloat<Group>() ? LANE_BYTES << 1 : LANE_BYTES);
  const aRow = padded << 1;
  const scaleRow = (padded / group) << 2;
  const spill = product.spill;
  for (let r: usize = 0; r < rows; r += TILE_ROWS) {
    const a = scratch + CODES + r * aRow;
    const scales = scratch + SCALES + r * scaleRow;
    const sums = scratch + SUMS + r * scaleRow;
    const rowsHere = min(TILE_ROWS, rows - r);
    let panel = scratch + PANELS;
    for (let c: usize = 0; c < cols; c += TILE_COLS, panel += groups * groupBytes) {
      const colsHere = min(TILE_COLS, cols - c);
      if (rowsHere === TILE_ROWS && colsHere === TILE_COLS) {
        const out = product.out + (row + r) * product.outRow + ((col + c) << 2);
        integerTile<Group>(a, aRow, scales, sums, scaleRow, panel, groups, out, product.outRow);
      } else {
        memory.fill(spill, 0, (TILE_ROWS * TILE_COLS) << 2);
        integerTile<Group>(a, aRow, scales, sums, scaleRow, panel, groups, spill, TILE_COLS << 2);
        addSpilled(product, row + r, rowsHere, col + c, colsHere);
      }
    }
  }
}

/** Adds the sums in the spill area to a tile that is not whole. */
function addSpilled(product: Product, row: usize, rows: usize, col: usize, cols: usize): void {
  for (let r: usize = 0; r < rows; r++) {
    for (let c: usize = 0; c < cols; c++) {
      const out = product.out + (row + r) * product.outRow + ((col + c) << 2);
      store<f32>(out, load<f32>(out) + load<f32>(product.spill + ((r * TILE_COLS + c) << 2)));
    }
  }
}
