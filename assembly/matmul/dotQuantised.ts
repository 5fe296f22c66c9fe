/** A row times a packed weight whose groups run along k, as in `x Wᵀ` while generating, without packing. */
import { ElementType } from '../commands.gen';
import {
  codeBytesOf,
  fourWeights,
  groupBytesOf,
  groupShift,
  lowerCodes,
  STRIP_ROWS,
  scalesOf,
  stripAt,
  stripRowsOf,
  upperCodes,
} from '../packed';
import { madd } from '../simd';
import { Product, storeSpilled } from './product';

/**
 * `out = a op(b)` for one row of a with `aStep = 4` and a packed b with `bStep = 1`, whose columns are rows of the weight. With more
 * rows panels are as fast.
 */
export function matmulDotQuantised(product: Product): void {
  const type = product.bType;
  const weights = product.weights;
  const first = product.b / product.k;
  for (let col: usize = 0; col < product.n; col++) {
    const row = first + col;
    const strip = stripAt(weights, type, row, 0);
    const inStrip = row & (STRIP_ROWS - 1);
    const codes = strip + inStrip * codeBytesOf(type);
    const scales = scalesOf(strip, type, weights, row) + (inStrip << 2);
    const rows = stripRowsOf(weights, row);
    const stride = rows * groupBytesOf(type);
    const toMinimums: usize = type === ElementType.q8x16 ? 0 : rows << 2;
    const sum =
      type === ElementType.q4
        ? dotHalved(product, codes, scales, stride, toMinimums)
        : dotBytes(product, codes, scales, stride, toMinimums);
    store<f32>(product.spill, sum);
    storeSpilled(product, 0, 1, 4, col, 1);
  }
}

/**
 * Lane l of the sum `ci` takes the steps 16q + 4i + l. From a group of the row to the next are `stride` bytes, and from a scale to
 * its minimum `toMinimums`, 0 where there are none.
 */
function dotBytes(product: Product, codes: usize, scales: usize, stride: usize, toMinimums: usize): f32 {
  const length: usize = (<usize>1) << groupShift(product.bType);
  let a = product.a;
  let c0 = f32x4.splat(0);
  let c1 = c0;
  let c2 = c0;
  let c3 = c0;
  for (const end = a + (product.k << 2); a < end; codes += stride, scales += stride) {
    const scale = v128.load32_splat(scales);
    const minimum = toMinimums ? v128.load32_splat(scales + toMinimums) : f32x4.splat(0);
    for (let at: usize = 0; at < length; at += 16, a += 64) {
      const sixteen = v128.load(codes + at);
      const low = i16x8.extend_low_i8x16_s(sixteen);
      const high = i16x8.extend_high_i8x16_s(sixteen);
      c0 = madd(fourWeights(i32x4.extend_low_i16x8_s(low), scale, minimum), v128.load(a), c0);
      c1 = madd(fourWeights(i32x4.extend_high_i16x8_s(low), scale, minimum), v128.load(a, 16), c1);
      c2 = madd(fourWeights(i32x4.extend_low_i16x8_s(high), scale, minimum), v128.load(a, 32), c2);
      c3 = madd(fourWeights(i32x4.extend_high_i16x8_s(high), scale, minimum), v128.load(a, 48), c3);
    }
  }
  return sumOfLanes(f32x4.add(f32x4.add(c0, c1), f32x4.add(c2, c3)));
}

/** The same for bytes with two codes each: sixteen steps, then the sixteen after them. */
function dotHalved(product: Product, codes: usize, scales: usize, stride: usize, toMinimums: usize): f32 {
  let a = product.a;
  let c0 = f32x4.splat(0);
  let c1 = c0;
  let c2 = c0;
  let c3 = c0;
  for (const end = a + (product.k << 2); a < end; a += 128, codes += stride, scales += stride) {
    const pairs = v128.load(codes);
    const d = v128.load32_splat(scales);
    const m = v128.load32_splat(scales + toMinimums);
    const lower = lowerCodes(pairs);
    const upper = upperCodes(pairs);
    const low0 = i16x8.extend_low_i8x16_s(lower);
    c0 = madd(fourWeights(i32x4.extend_low_i16x8_s(low0), d, m), v128.load(a), c0);
    c1 = madd(fourWeights(i32x4.extend_high_i16x8_s(low0), d, m), v128.load(a, 16), c1);
    const high0 = i16x8.extend_high_i8x16_s(lower);
    c2 = madd(fourWeights(i32x4.extend_low_i16x8_s(high0), d, m), v128.load(a, 32), c2);
    c3 = madd(fourWeights(i32x4.extend_high_i16x8_s(high0), d, m), v128.load(a, 48), c3);
    const low1 = i16x8.extend_low_i8x16_s(upper);
    c0 = madd(fourWeights(i32x4.extend_low_i16x8_s(low1), d, m), v128.load(a, 64), c0);
    c1 = madd(fourWeights(i32x4.extend_high_i16x8_s(low1), d, m), v128.load(a, 80), c1);
    const high1 = i16x8.extend_high_i8x16_s(upper);
    c2 = madd(fourWeights(i32x4.extend_low_i16x8_s(high1), d, m), v128.load(a, 96), c2);
    c3 = madd(fourWeights(i32x4.extend_high_i16x8_s(high1), d, m), v128.load(a, 112), c3);
  }
  return sumOfLanes(f32x4.add(f32x4.add(c0, c1), f32x4.add(c2, c3)));
}

function sumOfLanes(x: v128): f32 {
  return (
    f32x4.extract_lane(x, 0) +
    f32x4.extract_lane(x, 1) +
    (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3))
  );
}
