/** A row times a packed weight whose groups run along k, as in `x Wᵀ` while generating: nothing is written out. */
import { ElementType } from '../commands.gen';
import { Product, storeSpilled } from '../matmul/product';
import { loadTail, madd } from '../simd';
import { CODES, SCALES, SUMS } from './layout';

/** Groups at a time: their sums, scales and minimums are one vector each. */
const TURN: usize = 4;

/** Four low bits of each byte; loaded, since a constant would be made anew at each use. */
const NIBBLES: usize = memory.data<u32>([0x0f0f0f0f]);

/**
 * `out = a op(b)` for one row of a, rounded by {@link roundRow} into the scratch memory at `scratch`. Each column of op(b), a row of the
 * weight, is read from its beginning to its end.
 */
export function dotRow(product: Product, scratch: usize): void {
  const isHalved = product.bType === ElementType.q4;
  for (let col: usize = 0; col < product.n; col++) {
    const index = product.b + col * product.bCol;
    const sum = isHalved
      ? dotHalved(product, index, scratch)
      : product.bType === ElementType.q8
        ? dotBytes(product, index, scratch)
        : dotSixteens(product, index, scratch);
    store<f32>(product.spill, sum);
    storeSpilled(product, 0, 1, 4, col, 1);
  }
}

/** Groups of 32 codes, two a byte. */
function dotHalved(product: Product, index: usize, scratch: usize): f32 {
  const nibbles = v128.load32_splat(NIBBLES);
  const zeros = i32x4.splat(0);
  let codes = product.codes + (index >> 1);
  let x = scratch + CODES;
  let at = (index >> 5) << 2;
  let scales = scratch + SCALES;
  let sum = f32x4.splat(0);
  let left = product.k >> 5;
  for (; left >= TURN; left -= TURN, codes += 64, x += 256, at += 16, scales += 16) {
    const sums = lanesOf(
      halves(codes, x, nibbles),
      halves(codes + 16, x + 64, nibbles),
      halves(codes + 32, x + 128, nibbles),
      halves(codes + 48, x + 192, nibbles),
    );
    sum = madd(sums, f32x4.mul(v128.load(product.scales + at), v128.load(scales)), sum);
    sum = madd(v128.load(product.minimums + at), v128.load(scales, SUMS - SCALES), sum);
  }
  if (left > 0) {
    const sums = lanesOf(
      halves(codes, x, nibbles),
      left > 1 ? halves(codes + 16, x + 64, nibbles) : zeros,
      left > 2 ? halves(codes + 32, x + 128, nibbles) : zeros,
      zeros,
    );
    const scale = f32x4.mul(loadTail(product.scales + at, left, zeros), loadTail(scales, left, zeros));
    const minimums = loadTail(product.minimums + at, left, zeros);
    sum = madd(minimums, loadTail(scales + SUMS - SCALES, left, zeros), madd(sums, scale, sum));
  }
  return sumOfLanes(sum);
}

/** The exact sum of 32 products, spread over four lanes. */
function halves(codes: usize, x: usize, nibbles: v128): v128 {
  const pairs = v128.load(codes);
  const lower = v128.and(pairs, nibbles);
  const upper = v128.and(i16x8.shr_u(pairs, 4), nibbles);
  return i32x4.add(
    i32x4.add(
      i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(lower), v128.load(x)),
      i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(lower), v128.load(x, 16)),
    ),
    i32x4.add(
      i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(upper), v128.load(x, 32)),
      i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(upper), v128.load(x, 48)),
    ),
  );
}

/** Groups of 32 codes, one a byte, with minimums. */
function dotBytes(product: Product, index: usize, scratch: usize): f32 {
  const zeros = i32x4.splat(0);
  let codes = product.codes + index;
  let x = scratch + CODES;
  let at = (index >> 5) << 2;
  let scales = scratch + SCALES;
  let sum = f32x4.splat(0);
  let left = product.k >> 5;
  for (; left >= TURN; left -= TURN, codes += 128, x += 256, at += 16, scales += 16) {
    const sums = lanesOf(
      bytes(codes, x),
      bytes(codes + 32, x + 64),
      bytes(codes + 64, x + 128),
      bytes(codes + 96, x + 192),
    );
    sum = madd(sums, f32x4.mul(v128.load(product.scales + at), v128.load(scales)), sum);
    sum = madd(v128.load(product.minimums + at), v128.load(scales, SUMS - SCALES), sum);
  }
  if (left > 0) {
    const sums = lanesOf(
      bytes(codes, x),
      left > 1 ? bytes(codes + 32, x + 64) : zeros,
      left > 2 ? bytes(codes + 64, x + 128) : zeros,
      zeros,
    );
    const scale = f32x4.mul(loadTail(product.scales + at, left, zeros), loadTail(scales, left, zeros));
    const minimums = loadTail(product.minimums + at, left, zeros);
    sum = madd(minimums, loadTail(scales + SUMS - SCALES, left, zeros), madd(sums, scale, sum));
  }
  return sumOfLanes(sum);
}

function bytes(codes: usize, x: usize): v128 {
  return i32x4.add(sixteen(codes, x), sixteen(codes + 16, x + 32));
}

/** Groups of 16 codes, one a byte, without minimums. */
function dotSixteens(product: Product, index: usize, scratch: usize): f32 {
  const zeros = i32x4.splat(0);
  let codes = product.codes + index;
  let x = scratch + CODES;
  let at = (index >> 4) << 2;
  let scales = scratch + SCALES;
  let sum = f32x4.splat(0);
  let left = product.k >> 4;
  for (; left >= TURN; left -= TURN, codes += 64, x += 128, at += 16, scales += 16) {
    const sums = lanesOf(
      sixteen(codes, x),
      sixteen(codes + 16, x + 32),
      sixteen(codes + 32, x + 64),
      sixteen(codes + 48, x + 96),
    );
    sum = madd(sums, f32x4.mul(v128.load(product.scales + at), v128.load(scales)), sum);
  }
  if (left > 0) {
    const sums = lanesOf(
      sixteen(codes, x),
      left > 1 ? sixteen(codes + 16, x + 32) : zeros,
      left > 2 ? sixteen(codes + 32, x + 64) : zeros,
      zeros,
    );
    const scale = f32x4.mul(loadTail(product.scales + at, left, zeros), loadTail(scales, left, zeros));
    sum = madd(sums, scale, sum);
  }
  return sumOfLanes(sum);
}

function sixteen(codes: usize, x: usize): v128 {
  return i32x4.add(
    i32x4.dot_i16x8_s(v128.load8x8_s(codes), v128.load(x)),
    i32x4.dot_i16x8_s(v128.load8x8_s(codes, 8), v128.load(x, 16)),
  );
}

/** Lane i is the sum of the lanes of the i-th vector, as a float. */
function lanesOf(w: v128, x: v128, y: v128, z: v128): v128 {
  const wx = i32x4.add(v128.shuffle<i32>(w, x, 0, 4, 1, 5), v128.shuffle<i32>(w, x, 2, 6, 3, 7));
  const yz = i32x4.add(v128.shuffle<i32>(y, z, 0, 4, 1, 5), v128.shuffle<i32>(y, z, 2, 6, 3, 7));
  return f32x4.convert_i32x4_s(
    i32x4.add(v128.shuffle<i32>(wx, yz, 0, 1, 4, 5), v128.shuffle<i32>(wx, yz, 2, 3, 6, 7)),
  );
}

function sumOfLanes(x: v128): f32 {
  return (
    f32x4.extract_lane(x, 0) +
    f32x4.extract_lane(x, 1) +
    (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3))
  );
}
