/** Panels of the codes of a packed weight whose groups run along the steps, as in `x Wᵀ`: eight of its rows, group by group. */
import { ElementType } from '../commands.gen';
import { Product } from '../matmul/product';
import { codeAt, groupShift, lowerCodes, upperCodes } from '../packed';
import { LANE_BYTES, PAIR_BYTES, TILE_COLS } from './layout';

/**
 * Copies `lanes` rows from the weight `index` on into panels, as {@link integerTile} takes them: for each group its pairs of steps, its
 * scales, and its minimums where the type has some. Rows that are not there have codes and scales of 0.
 */
export function packCodes(to: usize, product: Product, index: usize, lanes: usize, k: usize): void {
  const shift = groupShift(product.bType);
  const group: usize = (<usize>1) << shift;
  const codeBytes = (group >> 1) * PAIR_BYTES;
  const groupBytes = codeBytes + (product.minimums ? LANE_BYTES << 1 : LANE_BYTES);
  for (; lanes > 0; index += TILE_COLS * product.bCol) {
    const rows = min(lanes, TILE_COLS);
    for (let at = index; at < index + k; at += group, to += groupBytes) {
      if (rows < TILE_COLS) packFew(to, product, at, rows, group);
      else if (product.bType === ElementType.q4) packHalved(to, product.codes + (at >> 1), product.bCol >> 1);
      else packBytes(to, product.codes + at, product.bCol, group);
      packLanes(to + codeBytes, product.scales, at, product.bCol, rows, shift);
      if (product.minimums) {
        packLanes(to + codeBytes + LANE_BYTES, product.minimums, at, product.bCol, rows, shift);
      }
    }
    lanes -= rows;
  }
}

/** The numbers of a group of eight rows, 0 for rows that are not there. */
function packLanes(to: usize, from: usize, index: usize, row: usize, rows: usize, shift: usize): void {
  for (let lane: usize = 0; lane < TILE_COLS; lane++, to += 4, index += row) {
    store<f32>(to, lane < rows ? load<f32>(from + ((index >> shift) << 2)) : 0);
  }
}

/** Fewer than eight rows, code by code. */
function packFew(to: usize, product: Product, index: usize, rows: usize, group: usize): void {
  memory.fill(to, 0, (group >> 1) * PAIR_BYTES);
  for (let lane: usize = 0; lane < rows; lane++) {
    for (let step: usize = 0; step < group; step++) {
      const code = codeAt(product.codes, product.bType, index + lane * product.bCol + step);
      store<i16>(to + (step >> 1) * PAIR_BYTES + (lane << 2) + ((step & 1) << 1), <i16>code);
    }
  }
}

/** A code a byte: eight steps of four rows at a time. */
function packBytes(to: usize, codes: usize, row: usize, group: usize): void {
  for (let half: usize = 0; half < 2; half++, codes += row << 2, to += 16) {
    let at = to;
    for (let p = codes; p < codes + group; p += 8, at += PAIR_BYTES << 2) {
      const x0 = v128.load8x8_s(p);
      const x1 = v128.load8x8_s(p + row);
      const x2 = v128.load8x8_s(p + row * 2);
      const x3 = v128.load8x8_s(p + row * 3);
      storePairs(at, x0, x1, x2, x3);
    }
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

/** Two codes a byte: the lower four bits are the first sixteen steps of the group. */
function packHalved(to: usize, codes: usize, row: usize): void {
  for (let half: usize = 0; half < 2; half++, codes += row << 2, to += 16) {
    const x0 = v128.load(codes);
    const x1 = v128.load(codes + row);
    const x2 = v128.load(codes + row * 2);
    const x3 = v128.load(codes + row * 3);
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
}

/** Two pairs of bytes of four rows: two pairs of steps, and the two that are sixteen steps further on. */
function storeNibbles(to: usize, bytes: v128): void {
  const lower = lowerCodes(bytes);
  const upper = upperCodes(bytes);
  v128.store(to, i16x8.extend_low_i8x16_u(lower));
  v128.store(to, i16x8.extend_high_i8x16_u(lower), PAIR_BYTES);
  v128.store(to, i16x8.extend_low_i8x16_u(upper), PAIR_BYTES * 8);
  v128.store(to, i16x8.extend_high_i8x16_u(upper), PAIR_BYTES * 9);
}
