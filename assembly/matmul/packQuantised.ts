/** Panels of a packed weight, unpacked on the way: a panel is written in float32 in any case. */
import { ElementType } from '../commands.gen';
import { eightCodes, fourWeights, groupShift, lowerCodes, splatOf, unpackOne, upperCodes } from '../packed';
import { Product } from './product';

/** Columns of a panel. */
const WIDTH: usize = 8;
const STEP_BYTES: usize = WIDTH << 2;

/**
 * Copies `lanes` columns of op(b) from the weight `index` on into panels of eight, as packPanels does: for each of the `k`
 * steps eight values side by side, 0 for columns that are not there. Whichever way groups run, there are whole ones: of steps,
 * or of columns but for what a share of the threads begins or ends with, which is a multiple of eight.
 */
export function packQuantised(to: usize, product: Product, index: usize, lanes: usize, k: usize): void {
  const panelBytes = k * STEP_BYTES;
  const isAlongColumns = product.bCol === 1;
  for (; lanes >= WIDTH; lanes -= WIDTH, index += WIDTH * product.bCol, to += panelBytes) {
    if (isAlongColumns) unpackColumns(to, product, index, k);
    else unpackSteps(to, product, index, k);
  }
  if (lanes === 0) return;
  memory.fill(to, 0, panelBytes);
  for (let step: usize = 0; step < k; step++, to += STEP_BYTES) {
    for (let lane: usize = 0; lane < lanes; lane++) {
      const at = index + lane * product.bCol + step * product.bStep;
      store<f32>(to + (lane << 2), unpackOne(product.codes, product.bType, product.bLength, at));
    }
  }
}

/** Groups along the columns, as in `dY W`: eight columns are of one group. */
function unpackColumns(to: usize, from: Product, index: usize, k: usize): void {
  const type = from.bType;
  const codes = from.codes;
  const scales = from.scales;
  const minimums = from.minimums;
  const stride = from.bStep;
  const shift = groupShift(type);
  for (const end = to + k * STEP_BYTES; to < end; to += STEP_BYTES, index += stride) {
    const group = index >> shift;
    storeEight(to, eightCodes(codes, type, index), splatOf(scales, group), splatOf(minimums, group));
  }
}

function storeEight(to: usize, codes: v128, scale: v128, minimum: v128): void {
  const wide = i16x8.extend_low_i8x16_s(codes);
  v128.store(to, fourWeights(i32x4.extend_low_i16x8_s(wide), scale, minimum));
  v128.store(to, fourWeights(i32x4.extend_high_i16x8_s(wide), scale, minimum), 16);
}

/** Groups along the steps, as in `x Wᵀ`: eight rows of the weight, group by group. */
function unpackSteps(to: usize, from: Product, index: usize, k: usize): void {
  const type = from.bType;
  const shift = groupShift(type);
  const isHalved = type === ElementType.q4;
  const codeShift: usize = isHalved ? 1 : 0;
  const row = from.bCol >> codeShift;
  const groups = from.bCol >> shift;
  const groupBytes: usize = ((<usize>1) << shift) * STEP_BYTES;
  for (const end = to + k * STEP_BYTES; to < end; to += groupBytes, index += (<usize>1) << shift) {
    const at = (index >> shift) << 2;
    const scale0 = fourOf(from.scales + at, groups << 2);
    const scale1 = fourOf(from.scales + at + (groups << 4), groups << 2);
    let minimum0 = f32x4.splat(0);
    let minimum1 = minimum0;
    if (from.minimums) {
      minimum0 = fourOf(from.minimums + at, groups << 2);
      minimum1 = fourOf(from.minimums + at + (groups << 4), groups << 2);
    }
    const codes = from.codes + (index >> codeShift);
    const codeEnd = codes + (((<usize>1) << shift) >> codeShift);
    let step = to;
    for (let p = codes; p < codeEnd; p += 8, step += STEP_BYTES << 3) {
      const rows01 = twoOf(p, row);
      const rows23 = twoOf(p + row * 2, row);
      const rows45 = twoOf(p + row * 4, row);
      const rows67 = twoOf(p + row * 6, row);
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

/** A number from each of four rows. */
function fourOf(from: usize, stride: usize): v128 {
  const two = v128.load32_lane(from + stride, v128.load32_zero(from), 1);
  return v128.load32_lane(from + stride * 3, v128.load32_lane(from + stride * 2, two, 2), 3);
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
