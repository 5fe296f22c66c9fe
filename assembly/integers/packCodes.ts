/** Panels of the codes of a packed weight whose groups run along the steps, as in `x Wᵀ`: eight of its rows, group by group. */
import { ElementType } from '../commands.gen';
import { Product } from '../matmul/product';
import {
  codeBytesOf,
  codeOf,
  groupBytesOf,
  groupShift,
  hasMinimums,
  lowerCodes,
  rowLengthOf,
  STRIP_ROWS,
  scalesOf,
  stripAt,
  stripRowsOf,
  upperCodes,
} from '../packed';
import { LANE_BYTES, PAIR_BYTES, TILE_COLS } from './layout';

/**
 * Copies `lanes` rows from the weight `index` on into panels, as {@link integerTile} takes them: for each group its pairs of steps, its
 * scales, and its minimums where the weight has some. Missing rows have codes and scales of 0.
 */
export function packCodes(to: usize, product: Product, index: usize, lanes: usize, k: usize): void {
  const shift = groupShift(product.bType);
  const group: usize = (<usize>1) << shift;
  const codeBytes = (group >> 1) * PAIR_BYTES;
  const groupBytes = codeBytes + (hasMinimums(product.weights) ? LANE_BYTES << 1 : LANE_BYTES);
  const panelBytes = (k >> shift) * groupBytes;
  for (; lanes >= TILE_COLS && product.hasStrips; lanes -= TILE_COLS, index += TILE_COLS * product.bCol) {
    packStrips(to, product, index, k);
    to += panelBytes;
  }
  for (; lanes > 0; index += TILE_COLS * product.bCol, to += panelBytes) {
    const rows = min(lanes, TILE_COLS);
    memory.fill(to, 0, panelBytes);
    for (let lane: usize = 0; lane < rows; lane++)
      packLane(to, product, index + lane * product.bCol, lane, k);
    lanes -= rows;
  }
}

/** A row into a column of a panel, code by code. */
function packLane(to: usize, product: Product, index: usize, lane: usize, k: usize): void {
  const type = product.bType;
  const weights = product.weights;
  const rowLength = rowLengthOf(weights);
  const shift = groupShift(type);
  const group: usize = (<usize>1) << shift;
  for (const end = index + k; index < end; index += group) {
    const row = index / rowLength;
    const inStrip = row & (STRIP_ROWS - 1);
    const strip = stripAt(weights, type, row, (index % rowLength) >> shift);
    const codes = strip + inStrip * codeBytesOf(type);
    for (let step: usize = 0; step < group; step++) {
      const at = to + (step >> 1) * PAIR_BYTES + (lane << 2) + ((step & 1) << 1);
      store<i16>(at, <i16>codeOf(codes, type, step));
    }
    to += (group >> 1) * PAIR_BYTES;
    const scale = scalesOf(strip, type, weights, row) + (inStrip << 2);
    store<f32>(to + (lane << 2), load<f32>(scale));
    to += LANE_BYTES;
    if (!hasMinimums(weights)) continue;
    store<f32>(to + (lane << 2), load<f32>(scale + (stripRowsOf(weights, row) << 2)));
    to += LANE_BYTES;
  }
}

/** A panel from the two strips that are its rows. */
function packStrips(to: usize, product: Product, index: usize, k: usize): void {
  const type = product.bType;
  const weights = product.weights;
  const shift = groupShift(type);
  const group: usize = (<usize>1) << shift;
  const stripBytes = groupBytesOf(type) * STRIP_ROWS;
  const scales = codeBytesOf(type) * STRIP_ROWS;
  const isShifted = hasMinimums(weights);
  const row = index / product.bCol;
  const first = (index % product.bCol) >> shift;
  let low = stripAt(weights, type, row, first);
  let high = stripAt(weights, type, row + STRIP_ROWS, first);
  for (const end = low + (k >> shift) * stripBytes; low < end; low += stripBytes, high += stripBytes) {
    if (type === ElementType.q4) {
      packHalved(to, low);
      packHalved(to + 16, high);
    } else {
      packBytes(to, low, group);
      packBytes(to + 16, high, group);
    }
    to += (group >> 1) * PAIR_BYTES;
    v128.store(to, v128.load(low + scales));
    v128.store(to, v128.load(high + scales), 16);
    to += LANE_BYTES;
    if (!isShifted) continue;
    v128.store(to, v128.load(low + scales, 16));
    v128.store(to, v128.load(high + scales, 16), 16);
    to += LANE_BYTES;
  }
}

/** Packs one code per byte: eight steps of four rows at a time. */
function packBytes(to: usize, codes: usize, group: usize): void {
  for (const end = codes + group; codes < end; codes += 8, to += PAIR_BYTES << 2) {
    storePairs(
      to,
      v128.load8x8_s(codes),
      v128.load8x8_s(codes + group),
      v128.load8x8_s(codes + group * 2),
      v128.load8x8_s(codes + group * 3),
    );
  }
}

/** Eight steps of four rows, each row in a vector, as four pairs of steps. */
function storePairs(to: usize, x0: v128, x1: v128, x2: v128, x3: v128): void {
  const low01 = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5);
  const high01 = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7);
  const low23 = v128.shuffle<i32>(x2, x3, 0, 4, 1, 5);
  const high23 = v128.shuffle<i32>(x2, x3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i32>(low01, low23, 0, 1, 4, 5));
  v128.store(to, v128.shuffle<i32>(low01, low23, 2, 3, 6, 7), PAIR_BYTES);
  v128.store(to, v128.shuffle<i32>(high01, high23, 0, 1, 4, 5), PAIR_BYTES << 1);
  v128.store(to, v128.shuffle<i32>(high01, high23, 2, 3, 6, 7), PAIR_BYTES * 3);
}

/** Packs two codes per byte, of four rows: the lower four bits are the first sixteen steps of the group. */
function packHalved(to: usize, codes: usize): void {
  const x0 = v128.load(codes);
  const x1 = v128.load(codes, 16);
  const x2 = v128.load(codes, 32);
  const x3 = v128.load(codes, 48);
  // Pairs of bytes, rows side by side.
  const low01 = v128.shuffle<i16>(x0, x1, 0, 8, 1, 9, 2, 10, 3, 11);
  const low23 = v128.shuffle<i16>(x2, x3, 0, 8, 1, 9, 2, 10, 3, 11);
  const high01 = v128.shuffle<i16>(x0, x1, 4, 12, 5, 13, 6, 14, 7, 15);
  const high23 = v128.shuffle<i16>(x2, x3, 4, 12, 5, 13, 6, 14, 7, 15);
  storeNibbles(to, v128.shuffle<i32>(low01, low23, 0, 4, 1, 5));
  storeNibbles(to + PAIR_BYTES * 2, v128.shuffle<i32>(low01, low23, 2, 6, 3, 7));
  storeNibbles(to + PAIR_BYTES * 4, v128.shuffle<i32>(high01, high23, 0, 4, 1, 5));
  storeNibbles(to + PAIR_BYTES * 6, v128.shuffle<i32>(high01, high23, 2, 6, 3, 7));
}

/** Stores two pairs of bytes of four rows: two pairs of steps, and the two that are sixteen steps later. */
function storeNibbles(to: usize, bytes: v128): void {
  const lower = lowerCodes(bytes);
  const upper = upperCodes(bytes);
  v128.store(to, i16x8.extend_low_i8x16_u(lower));
  v128.store(to, i16x8.extend_high_i8x16_u(lower), PAIR_BYTES);
  v128.store(to, i16x8.extend_low_i8x16_u(upper), PAIR_BYTES * 8);
  v128.store(to, i16x8.extend_high_i8x16_u(upper), PAIR_BYTES * 9);
}
