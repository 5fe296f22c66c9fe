/** A row times a packed weight whose groups run along k, as in `x Wᵀ` while generating: nothing is written out. */
import { ElementType } from '../commands.gen';
import { fourWeights, groupShift, lowerCodes, splatOf, upperCodes } from '../packed';
import { madd } from '../simd';
import { Product, storeSpilled } from './product';

/**
 * `out = a op(b)` for one row of a with `aStep = 4` and a packed b with `bStep = 1`. Each column of b, a row of the weight,
 * is read from its beginning to its end, so that memory is read in its order. With more rows panels are as fast.
 */
export function matmulDotQuantised(product: Product): void {
  const isHalved = product.bType === ElementType.q4;
  for (let col: usize = 0; col < product.n; col++) {
    const index = product.b + col * product.bCol;
    store<f32>(product.spill, isHalved ? dotHalved(product, index) : dotBytes(product, index));
    storeSpilled(product, 0, 1, 4, col, 1);
  }
}

/** Lane l of the sum `ci` takes the steps 16q + 4i + l. */
function dotBytes(product: Product, index: usize): f32 {
  const shift = groupShift(product.bType);
  const scales = product.scales;
  const minimums = product.minimums;
  let a = product.a;
  let c0 = f32x4.splat(0);
  let c1 = c0;
  let c2 = c0;
  let c3 = c0;
  const codes = product.codes;
  for (const end = index + product.k; index < end; index += 16, a += 64) {
    const sixteen = v128.load(codes + index);
    const scale = splatOf(scales, index >> shift);
    const minimum = splatOf(minimums, index >> shift);
    const low = i16x8.extend_low_i8x16_s(sixteen);
    const high = i16x8.extend_high_i8x16_s(sixteen);
    c0 = madd(fourWeights(i32x4.extend_low_i16x8_s(low), scale, minimum), v128.load(a), c0);
    c1 = madd(fourWeights(i32x4.extend_high_i16x8_s(low), scale, minimum), v128.load(a, 16), c1);
    c2 = madd(fourWeights(i32x4.extend_low_i16x8_s(high), scale, minimum), v128.load(a, 32), c2);
    c3 = madd(fourWeights(i32x4.extend_high_i16x8_s(high), scale, minimum), v128.load(a, 48), c3);
  }
  return sumOfLanes(f32x4.add(f32x4.add(c0, c1), f32x4.add(c2, c3)));
}

/** The same for bytes with two codes each: sixteen steps, then the sixteen after them. */
function dotHalved(product: Product, index: usize): f32 {
  let scale = product.scales + ((index >> 5) << 2);
  let minimum = product.minimums + ((index >> 5) << 2);
  let codes = product.codes + (index >> 1);
  let a = product.a;
  let c0 = f32x4.splat(0);
  let c1 = c0;
  let c2 = c0;
  let c3 = c0;
  for (const end = codes + (product.k >> 1); codes < end; codes += 16, a += 128, scale += 4, minimum += 4) {
    const pairs = v128.load(codes);
    const d = v128.load32_splat(scale);
    const m = v128.load32_splat(minimum);
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
