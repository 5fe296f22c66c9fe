/** Panels of a packed weight, unpacked while packing: a panel is always written in float32. */
import { ElementType } from '../commands.gen';
import {
  codeBytesOf,
  eightCodes,
  fourWeights,
  groupBytesOf,
  groupShift,
  lowerCodes,
  STRIP_ROWS,
  scalesOf,
  stripAt,
  stripRowsOf,
  unpackOne,
  upperCodes,
} from '../packed';
import { Product } from './product';

/** Columns of a panel. */
const WIDTH: usize = 8;
const STEP_BYTES: usize = WIDTH << 2;

/**
 * Copies `lanes` columns of op(b) from the weight `index` on into panels of eight, as packPanels does: for each of the `k`
 * steps eight values side by side, 0 for missing columns. In either direction, groups are whole: of steps,
 * or of columns except at the beginning and end of a thread's share, which are multiples of eight.
 */
export function packQuantised(to: usize, product: Product, index: usize, lanes: usize, k: usize): void {
  const panelBytes = k * STEP_BYTES;
  const isAlongColumns = product.bCol === 1;
  for (
    ;
    lanes >= WIDTH && product.hasStrips;
    lanes -= WIDTH, index += WIDTH * product.bCol, to += panelBytes
  ) {
    if (isAlongColumns) unpackColumns(to, product, index, k);
    else unpackSteps(to, product, index, k);
  }
  for (; lanes > 0; index += WIDTH * product.bCol) {
    const cols = min(lanes, WIDTH);
    memory.fill(to, 0, panelBytes);
    for (let step: usize = 0; step < k; step++, to += STEP_BYTES) {
      for (let lane: usize = 0; lane < cols; lane++) {
        const at = index + lane * product.bCol + step * product.bStep;
        store<f32>(to + (lane << 2), unpackOne(product.weights, product.bType, at));
      }
    }
    lanes -= cols;
  }
}

/** Groups along the columns, as in `dY W`: eight columns are of one group, and four steps of one strip. */
function unpackColumns(to: usize, from: Product, index: usize, k: usize): void {
  const type = from.bType;
  const weights = from.weights;
  const shift = groupShift(type);
  const codeBytes = codeBytesOf(type);
  const col = index % from.bStep;
  const at = col & (((<usize>1) << shift) - 1);
  let row = index / from.bStep;
  // Steps begin at multiples of four.
  for (const end = row + k; row < end; row += STRIP_ROWS) {
    const strip = stripAt(weights, type, row, col >> shift);
    const rows = min(stripRowsOf(weights, row), end - row);
    let scale = scalesOf(strip, type, weights, row);
    const toMinimums = stripRowsOf(weights, row) << 2;
    for (
      let codes = strip;
      codes < strip + rows * codeBytes;
      codes += codeBytes, scale += 4, to += STEP_BYTES
    ) {
      const minimum = type === ElementType.q8x16 ? f32x4.splat(0) : v128.load32_splat(scale + toMinimums);
      storeEight(to, eightCodes(codes, type, at), v128.load32_splat(scale), minimum);
    }
  }
}

function storeEight(to: usize, codes: v128, scale: v128, minimum: v128): void {
  const wide = i16x8.extend_low_i8x16_s(codes);
  v128.store(to, fourWeights(i32x4.extend_low_i16x8_s(wide), scale, minimum));
  v128.store(to, fourWeights(i32x4.extend_high_i16x8_s(wide), scale, minimum), 16);
}

/** Groups along the steps, as in `x Wᵀ`: eight rows of the weight, which are two strips, group by group. */
function unpackSteps(to: usize, from: Product, index: usize, k: usize): void {
  const type = from.bType;
  const shift = groupShift(type);
  const isHalved = type === ElementType.q4;
  const codeBytes = codeBytesOf(type);
  const stripBytes = groupBytesOf(type) * STRIP_ROWS;
  const row = index / from.bCol;
  const group = (index % from.bCol) >> shift;
  let first = stripAt(from.weights, type, row, group);
  let second = stripAt(from.weights, type, row + STRIP_ROWS, group);
  const groupBytes: usize = ((<usize>1) << shift) * STEP_BYTES;
  for (
    const end = to + k * STEP_BYTES;
    to < end;
    to += groupBytes, first += stripBytes, second += stripBytes
  ) {
    const scales = codeBytes * STRIP_ROWS;
    const scale0 = v128.load(first + scales);
    const scale1 = v128.load(second + scales);
    let minimum0 = f32x4.splat(0);
    let minimum1 = minimum0;
    if (type !== ElementType.q8x16) {
      minimum0 = v128.load(first + scales, 16);
      minimum1 = v128.load(second + scales, 16);
    }
    let step = to;
    for (let at: usize = 0; at < codeBytes; at += 8, step += STEP_BYTES << 3) {
      const rows01 = twoOf(first + at, codeBytes);
      const rows23 = twoOf(first + at + codeBytes * 2, codeBytes);
      const rows45 = twoOf(second + at, codeBytes);
      const rows67 = twoOf(second + at + codeBytes * 2, codeBytes);
      if (!isHalved) storeSteps(step, rows01, rows23, rows45, rows67, scale0, scale1, minimum0, minimum1);
      else {
        storeSteps(
          step,
          lowerCodes(rows01),
          lowerCodes(rows23),
          lowerCodes(rows45),
          lowerCodes(rows67),
          scale0,
          scale1,
          minimum0,
          minimum1,
        );
        storeSteps(
          step + (STEP_BYTES << 4),
          upperCodes(rows01),
          upperCodes(rows23),
          upperCodes(rows45),
          upperCodes(rows67),
          scale0,
          scale1,
          minimum0,
          minimum1,
        );
      }
    }
  }
}

/** Eight bytes from each of two rows. */
function twoOf(from: usize, stride: usize): v128 {
  return v128.load64_lane(from + stride, v128.load64_zero(from), 1);
}

/** Eight steps of eight rows: each vector has the codes of two rows. */
function storeSteps(
  to: usize,
  rows01: v128,
  rows23: v128,
  rows45: v128,
  rows67: v128,
  scale0: v128,
  scale1: v128,
  minimum0: v128,
  minimum1: v128,
): void {
  // Steps 0 to 3, then 4 to 7, of four rows.
  const a0 = v128.shuffle<i8>(rows01, rows23, 0, 8, 16, 24, 1, 9, 17, 25, 2, 10, 18, 26, 3, 11, 19, 27);
  const a1 = v128.shuffle<i8>(rows01, rows23, 4, 12, 20, 28, 5, 13, 21, 29, 6, 14, 22, 30, 7, 15, 23, 31);
  const b0 = v128.shuffle<i8>(rows45, rows67, 0, 8, 16, 24, 1, 9, 17, 25, 2, 10, 18, 26, 3, 11, 19, 27);
  const b1 = v128.shuffle<i8>(rows45, rows67, 4, 12, 20, 28, 5, 13, 21, 29, 6, 14, 22, 30, 7, 15, 23, 31);
  storeFour(to, a0, scale0, minimum0);
  storeFour(to + 16, b0, scale1, minimum1);
  storeFour(to + (STEP_BYTES << 2), a1, scale0, minimum0);
  storeFour(to + (STEP_BYTES << 2) + 16, b1, scale1, minimum1);
}

/** Four steps of four rows, which have the codes of a step side by side. */
function storeFour(to: usize, codes: v128, scales: v128, minimums: v128): void {
  const low = i16x8.extend_low_i8x16_s(codes);
  const high = i16x8.extend_high_i8x16_s(codes);
  v128.store(to, fourWeights(i32x4.extend_low_i16x8_s(low), scales, minimums));
  v128.store(to + STEP_BYTES, fourWeights(i32x4.extend_high_i16x8_s(low), scales, minimums));
  v128.store(to + STEP_BYTES * 2, fourWeights(i32x4.extend_low_i16x8_s(high), scales, minimums));
  v128.store(to + STEP_BYTES * 3, fourWeights(i32x4.extend_high_i16x8_s(high), scales, minimums));
}
