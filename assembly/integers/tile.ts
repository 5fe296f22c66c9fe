/** The inner loop of integer products: eight sums, two vectors of b and one of a. */
import { madd } from '../simd';
import { LANE_BYTES, PAIR_BYTES } from './layout';

/**
 * The kinds of groups of a panel, as types, for each of which the tile is compiled separately, which is 5 to 8 % faster: 32
 * steps, with minimums.
 */
export type ShiftedGroup = f32;
/** 32 steps without minimums. */
export type ScaledGroup = i32;
/** 16 steps without minimums. */
export type ShortGroup = i16;

/**
 * `out[i,j] += Σ_g scale_a[i,g] (scale_b[g,j] Σ_p a[i,p] b[p,j]) + sum_a[i,g] minimum_b[g,j]` for a tile of 4 × 8, group by group
 * of 16 or 32 steps. The inner sums are exact: 32 products of 16 bits by 8, or of 14 by 14, fit into 32 bits.
 *
 * `a` are codes of 16 bits, row after row of `aRow` bytes; `scales` has a scale for each group, and `sums` the scale times the sum of the
 * group's codes, row after row of `scaleRow` bytes. `b` has, group after group, pairs of steps with two codes of 16 bits for each
 * column, then the eight scales, then, where they have some, the eight minimums. The early exits between the steps keep
 * the compilers from mixing them, as in tile4x8.
 */
export function integerTile<Group>(
  a: usize,
  aRow: usize,
  scales: usize,
  sums: usize,
  scaleRow: usize,
  b: usize,
  groups: usize,
  out: usize,
  outRow: usize,
): void {
  const hasMinimums = isFloat<Group>();
  const pairs = sizeof<Group>() << 2;
  const a1 = aRow;
  const a2 = aRow * 2;
  const a3 = aRow * 3;
  for (; groups > 0; groups--) {
    let c00 = i32x4.splat(0);
    let c01 = i32x4.splat(0);
    let c10 = i32x4.splat(0);
    let c11 = i32x4.splat(0);
    let c20 = i32x4.splat(0);
    let c21 = i32x4.splat(0);
    let c30 = i32x4.splat(0);
    let c31 = i32x4.splat(0);
    for (let left = pairs; left > 0; left -= 8) {
      {
        const b0 = v128.load(b);
        const b1 = v128.load(b, 16);
        const x0 = v128.load32_splat(a);
        c00 = i32x4.add(c00, i32x4.dot_i16x8_s(x0, b0));
        c01 = i32x4.add(c01, i32x4.dot_i16x8_s(x0, b1));
        const x1 = v128.load32_splat(a + a1);
        c10 = i32x4.add(c10, i32x4.dot_i16x8_s(x1, b0));
        c11 = i32x4.add(c11, i32x4.dot_i16x8_s(x1, b1));
        const x2 = v128.load32_splat(a + a2);
        c20 = i32x4.add(c20, i32x4.dot_i16x8_s(x2, b0));
        c21 = i32x4.add(c21, i32x4.dot_i16x8_s(x2, b1));
        const x3 = v128.load32_splat(a + a3);
        c30 = i32x4.add(c30, i32x4.dot_i16x8_s(x3, b0));
        c31 = i32x4.add(c31, i32x4.dot_i16x8_s(x3, b1));
      }
      b += PAIR_BYTES;
      if (left === 1) break;
      {
        const b0 = v128.load(b);
        const b1 = v128.load(b, 16);
        const x0 = v128.load32_splat(a, 4);
        c00 = i32x4.add(c00, i32x4.dot_i16x8_s(x0, b0));
        c01 = i32x4.add(c01, i32x4.dot_i16x8_s(x0, b1));
        const x1 = v128.load32_splat(a + a1, 4);
        c10 = i32x4.add(c10, i32x4.dot_i16x8_s(x1, b0));
        c11 = i32x4.add(c11, i32x4.dot_i16x8_s(x1, b1));
        const x2 = v128.load32_splat(a + a2, 4);
        c20 = i32x4.add(c20, i32x4.dot_i16x8_s(x2, b0));
        c21 = i32x4.add(c21, i32x4.dot_i16x8_s(x2, b1));
        const x3 = v128.load32_splat(a + a3, 4);
        c30 = i32x4.add(c30, i32x4.dot_i16x8_s(x3, b0));
        c31 = i32x4.add(c31, i32x4.dot_i16x8_s(x3, b1));
      }
      b += PAIR_BYTES;
      if (left === 2) break;
      {
        const b0 = v128.load(b);
        const b1 = v128.load(b, 16);
        const x0 = v128.load32_splat(a, 8);
        c00 = i32x4.add(c00, i32x4.dot_i16x8_s(x0, b0));
        c01 = i32x4.add(c01, i32x4.dot_i16x8_s(x0, b1));
        const x1 = v128.load32_splat(a + a1, 8);
        c10 = i32x4.add(c10, i32x4.dot_i16x8_s(x1, b0));
        c11 = i32x4.add(c11, i32x4.dot_i16x8_s(x1, b1));
        const x2 = v128.load32_splat(a + a2, 8);
        c20 = i32x4.add(c20, i32x4.dot_i16x8_s(x2, b0));
        c21 = i32x4.add(c21, i32x4.dot_i16x8_s(x2, b1));
        const x3 = v128.load32_splat(a + a3, 8);
        c30 = i32x4.add(c30, i32x4.dot_i16x8_s(x3, b0));
        c31 = i32x4.add(c31, i32x4.dot_i16x8_s(x3, b1));
      }
      b += PAIR_BYTES;
      if (left === 3) break;
      {
        const b0 = v128.load(b);
        const b1 = v128.load(b, 16);
        const x0 = v128.load32_splat(a, 12);
        c00 = i32x4.add(c00, i32x4.dot_i16x8_s(x0, b0));
        c01 = i32x4.add(c01, i32x4.dot_i16x8_s(x0, b1));
        const x1 = v128.load32_splat(a + a1, 12);
        c10 = i32x4.add(c10, i32x4.dot_i16x8_s(x1, b0));
        c11 = i32x4.add(c11, i32x4.dot_i16x8_s(x1, b1));
        const x2 = v128.load32_splat(a + a2, 12);
        c20 = i32x4.add(c20, i32x4.dot_i16x8_s(x2, b0));
        c21 = i32x4.add(c21, i32x4.dot_i16x8_s(x2, b1));
        const x3 = v128.load32_splat(a + a3, 12);
        c30 = i32x4.add(c30, i32x4.dot_i16x8_s(x3, b0));
        c31 = i32x4.add(c31, i32x4.dot_i16x8_s(x3, b1));
      }
      b += PAIR_BYTES;
      if (left === 4) break;
      {
        const b0 = v128.load(b);
        const b1 = v128.load(b, 16);
        const x0 = v128.load32_splat(a, 16);
        c00 = i32x4.add(c00, i32x4.dot_i16x8_s(x0, b0));
        c01 = i32x4.add(c01, i32x4.dot_i16x8_s(x0, b1));
        const x1 = v128.load32_splat(a + a1, 16);
        c10 = i32x4.add(c10, i32x4.dot_i16x8_s(x1, b0));
        c11 = i32x4.add(c11, i32x4.dot_i16x8_s(x1, b1));
        const x2 = v128.load32_splat(a + a2, 16);
        c20 = i32x4.add(c20, i32x4.dot_i16x8_s(x2, b0));
        c21 = i32x4.add(c21, i32x4.dot_i16x8_s(x2, b1));
        const x3 = v128.load32_splat(a + a3, 16);
        c30 = i32x4.add(c30, i32x4.dot_i16x8_s(x3, b0));
        c31 = i32x4.add(c31, i32x4.dot_i16x8_s(x3, b1));
      }
      b += PAIR_BYTES;
      if (left === 5) break;
      {
        const b0 = v128.load(b);
        const b1 = v128.load(b, 16);
        const x0 = v128.load32_splat(a, 20);
        c00 = i32x4.add(c00, i32x4.dot_i16x8_s(x0, b0));
        c01 = i32x4.add(c01, i32x4.dot_i16x8_s(x0, b1));
        const x1 = v128.load32_splat(a + a1, 20);
        c10 = i32x4.add(c10, i32x4.dot_i16x8_s(x1, b0));
        c11 = i32x4.add(c11, i32x4.dot_i16x8_s(x1, b1));
        const x2 = v128.load32_splat(a + a2, 20);
        c20 = i32x4.add(c20, i32x4.dot_i16x8_s(x2, b0));
        c21 = i32x4.add(c21, i32x4.dot_i16x8_s(x2, b1));
        const x3 = v128.load32_splat(a + a3, 20);
        c30 = i32x4.add(c30, i32x4.dot_i16x8_s(x3, b0));
        c31 = i32x4.add(c31, i32x4.dot_i16x8_s(x3, b1));
      }
      b += PAIR_BYTES;
      if (left === 6) break;
      {
        const b0 = v128.load(b);
        const b1 = v128.load(b, 16);
        const x0 = v128.load32_splat(a, 24);
        c00 = i32x4.add(c00, i32x4.dot_i16x8_s(x0, b0));
        c01 = i32x4.add(c01, i32x4.dot_i16x8_s(x0, b1));
        const x1 = v128.load32_splat(a + a1, 24);
        c10 = i32x4.add(c10, i32x4.dot_i16x8_s(x1, b0));
        c11 = i32x4.add(c11, i32x4.dot_i16x8_s(x1, b1));
        const x2 = v128.load32_splat(a + a2, 24);
        c20 = i32x4.add(c20, i32x4.dot_i16x8_s(x2, b0));
        c21 = i32x4.add(c21, i32x4.dot_i16x8_s(x2, b1));
        const x3 = v128.load32_splat(a + a3, 24);
        c30 = i32x4.add(c30, i32x4.dot_i16x8_s(x3, b0));
        c31 = i32x4.add(c31, i32x4.dot_i16x8_s(x3, b1));
      }
      b += PAIR_BYTES;
      if (left === 7) break;
      {
        const b0 = v128.load(b);
        const b1 = v128.load(b, 16);
        const x0 = v128.load32_splat(a, 28);
        c00 = i32x4.add(c00, i32x4.dot_i16x8_s(x0, b0));
        c01 = i32x4.add(c01, i32x4.dot_i16x8_s(x0, b1));
        const x1 = v128.load32_splat(a + a1, 28);
        c10 = i32x4.add(c10, i32x4.dot_i16x8_s(x1, b0));
        c11 = i32x4.add(c11, i32x4.dot_i16x8_s(x1, b1));
        const x2 = v128.load32_splat(a + a2, 28);
        c20 = i32x4.add(c20, i32x4.dot_i16x8_s(x2, b0));
        c21 = i32x4.add(c21, i32x4.dot_i16x8_s(x2, b1));
        const x3 = v128.load32_splat(a + a3, 28);
        c30 = i32x4.add(c30, i32x4.dot_i16x8_s(x3, b0));
        c31 = i32x4.add(c31, i32x4.dot_i16x8_s(x3, b1));
      }
      b += PAIR_BYTES;
      a += 32;
    }
    const scale0 = v128.load(b);
    const scale1 = v128.load(b, 16);
    const minimum0 = hasMinimums ? v128.load(b, LANE_BYTES) : f32x4.splat(0);
    const minimum1 = hasMinimums ? v128.load(b, LANE_BYTES + 16) : f32x4.splat(0);
    addGroup(out, c00, c01, scales, sums, scale0, scale1, minimum0, minimum1, hasMinimums);
    addGroup(
      out + outRow,
      c10,
      c11,
      scales + scaleRow,
      sums + scaleRow,
      scale0,
      scale1,
      minimum0,
      minimum1,
      hasMinimums,
    );
    const row2 = scaleRow * 2;
    addGroup(
      out + outRow * 2,
      c20,
      c21,
      scales + row2,
      sums + row2,
      scale0,
      scale1,
      minimum0,
      minimum1,
      hasMinimums,
    );
    const row3 = scaleRow * 3;
    addGroup(
      out + outRow * 3,
      c30,
      c31,
      scales + row3,
      sums + row3,
      scale0,
      scale1,
      minimum0,
      minimum1,
      hasMinimums,
    );
    b += hasMinimums ? LANE_BYTES << 1 : LANE_BYTES;
    scales += 4;
    sums += 4;
  }
}

/** Adds the sums of a group to eight numbers of a row. */
function addGroup(
  out: usize,
  c0: v128,
  c1: v128,
  scale: usize,
  sum: usize,
  scale0: v128,
  scale1: v128,
  minimum0: v128,
  minimum1: v128,
  hasMinimums: bool,
): void {
  const factor = v128.load32_splat(scale);
  let first = madd(f32x4.convert_i32x4_s(c0), f32x4.mul(factor, scale0), v128.load(out));
  let second = madd(f32x4.convert_i32x4_s(c1), f32x4.mul(factor, scale1), v128.load(out, 16));
  if (hasMinimums) {
    const share = v128.load32_splat(sum);
    first = madd(minimum0, share, first);
    second = madd(minimum1, share, second);
  }
  v128.store(out, first);
  v128.store(out, second, 16);
}
