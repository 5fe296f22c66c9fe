/** A row times a packed weight whose groups run along k, as in `x Wᵀ` while generating, without packing. */
import { ElementType } from '../commands.gen';
import { Product, storeSpilled } from '../matmul/product';
import {
  codeBytesOf,
  groupBytesOf,
  groupShift,
  hasMinimums,
  STRIP_ROWS,
  stripAt,
  stripRowsOf,
} from '../packed';
import { madd } from '../simd';
import { CODES, SCALES, SUMS } from './layout';

/** The low four bits of each byte. Loaded from memory, because engines rebuild a vector constant at every use. */
const NIBBLES: usize = memory.data<u32>([0x0f0f0f0f]);
const ONE: usize = memory.data<u16>([1]);

/**
 * `out = a op(b)` for one row of a, rounded by {@link roundRow} into the scratch memory at `scratch`, strip after strip of the weight. What is
 * loaded of a serves its four rows, whose sums are the lanes of one vector. Codes of a that fit into 8 bits, `isCoarse`, meet those of 4 bits as
 * bytes where the build has products of bytes, to the same bits.
 */
export function dotRow(product: Product, isCoarse: bool, scratch: usize): void {
  const type = product.bType;
  const weights = product.weights;
  const first = product.b / product.k;
  const groups = product.k >> groupShift(type);
  const isOfBytes = ASC_FEATURE_RELAXED_SIMD && isCoarse && type === ElementType.q4;
  if (isOfBytes) narrowCodes(scratch + CODES, product.k);
  for (let col: usize = 0; col < product.n; col += STRIP_ROWS) {
    const strip = stripAt(weights, type, first + col, 0);
    const rows = stripRowsOf(weights, first + col);
    const x = scratch + CODES;
    const own = scratch + SCALES;
    let sums: v128;
    if (rows < STRIP_ROWS) sums = dotFew(strip, type, rows, groups, x, own, hasMinimums(weights));
    else if (isOfBytes) sums = dotNarrowed(strip, groups, x + (product.k << 1), own);
    else if (type === ElementType.q4) sums = dotHalved(strip, groups, x, own);
    else if (type === ElementType.q8x16) sums = dotSixteens(strip, groups, x, own);
    else sums = dotBytes(strip, groups, x, own, hasMinimums(weights));
    v128.store(product.spill, sums);
    storeSpilled(product, 0, 1, 0, col, rows);
  }
}

/** Dot product over groups of 32 codes, two per byte. */
function dotHalved(strip: usize, groups: usize, x: usize, own: usize): v128 {
  const nibbles = v128.load32_splat(NIBBLES);
  let sum = f32x4.splat(0);
  for (; groups > 0; groups--, strip += 96, x += 64, own += 4) {
    const sums = lanesOf(
      halves(strip, x, nibbles),
      halves(strip + 16, x, nibbles),
      halves(strip + 32, x, nibbles),
      halves(strip + 48, x, nibbles),
    );
    sum = madd(sums, f32x4.mul(v128.load(strip, 64), v128.load32_splat(own)), sum);
    sum = madd(v128.load(strip, 80), v128.load32_splat(own, SUMS - SCALES), sum);
  }
  return sum;
}

/** Copies codes of 16 bits, whose values fit into 8, as bytes to the memory after them. */
function narrowCodes(codes: usize, k: usize): void {
  let to = codes + (k << 1);
  for (const end = to; codes < end; codes += 32, to += 16) {
    v128.store(to, i8x16.narrow_i16x8_s(v128.load(codes), v128.load(codes, 16)));
  }
}

/** Dot product over groups of 32 codes, two per byte, with bytes. */
function dotNarrowed(strip: usize, groups: usize, x: usize, own: usize): v128 {
  const nibbles = v128.load32_splat(NIBBLES);
  const ones = v128.load16_splat(ONE);
  let sum = f32x4.splat(0);
  for (; groups > 0; groups--, strip += 96, x += 32, own += 4) {
    const x0 = v128.load(x);
    const x1 = v128.load(x, 16);
    const sums = lanesOf(
      halvesOfBytes(strip, x0, x1, nibbles, ones),
      halvesOfBytes(strip + 16, x0, x1, nibbles, ones),
      halvesOfBytes(strip + 32, x0, x1, nibbles, ones),
      halvesOfBytes(strip + 48, x0, x1, nibbles, ones),
    );
    sum = madd(sums, f32x4.mul(v128.load(strip, 64), v128.load32_splat(own)), sum);
    sum = madd(v128.load(strip, 80), v128.load32_splat(own, SUMS - SCALES), sum);
  }
  return sum;
}

/** Four products of at most 127 · 15 fit into 16 bits, and codes up to 15 are the same bytes with and without a sign. */
function halvesOfBytes(codes: usize, x0: v128, x1: v128, nibbles: v128, ones: v128): v128 {
  if (!ASC_FEATURE_RELAXED_SIMD) return ones;
  const pairs = v128.load(codes);
  const lower = i16x8.relaxed_dot_i8x16_i7x16_s(x0, v128.and(pairs, nibbles));
  const upper = i16x8.relaxed_dot_i8x16_i7x16_s(x1, v128.and(i16x8.shr_u(pairs, 4), nibbles));
  return i32x4.dot_i16x8_s(i16x8.add(lower, upper), ones);
}

/** Dot product over groups of 32 codes, one per byte. */
function dotBytes(strip: usize, groups: usize, x: usize, own: usize, isShifted: bool): v128 {
  let sum = f32x4.splat(0);
  for (; groups > 0; groups--, strip += 160, x += 64, own += 4) {
    const sums = lanesOf(bytes(strip, x), bytes(strip + 32, x), bytes(strip + 64, x), bytes(strip + 96, x));
    sum = madd(sums, f32x4.mul(v128.load(strip, 128), v128.load32_splat(own)), sum);
    if (isShifted) sum = madd(v128.load(strip, 144), v128.load32_splat(own, SUMS - SCALES), sum);
  }
  return sum;
}

/** Dot product over groups of 16 codes, one per byte, without minimums. */
function dotSixteens(strip: usize, groups: usize, x: usize, own: usize): v128 {
  let sum = f32x4.splat(0);
  for (; groups > 0; groups--, strip += 80, x += 32, own += 4) {
    const sums = lanesOf(
      sixteen(strip, x),
      sixteen(strip + 16, x),
      sixteen(strip + 32, x),
      sixteen(strip + 48, x),
    );
    sum = madd(sums, f32x4.mul(v128.load(strip, 64), v128.load32_splat(own)), sum);
  }
  return sum;
}

/** Dot products of a strip of fewer than four rows: the last one is used again in place of the missing ones. */
function dotFew(
  strip: usize,
  type: i32,
  rows: usize,
  groups: usize,
  x: usize,
  own: usize,
  isShifted: bool,
): v128 {
  const nibbles = v128.load32_splat(NIBBLES);
  const codeBytes = codeBytesOf(type);
  const second: usize = rows > 1 ? 1 : 0;
  const third: usize = rows > 2 ? 2 : second;
  const xBytes: usize = type === ElementType.q8x16 ? 32 : 64;
  let sum = f32x4.splat(0);
  for (; groups > 0; groups--, strip += rows * groupBytesOf(type), x += xBytes, own += 4) {
    const codes1 = strip + second * codeBytes;
    const codes2 = strip + third * codeBytes;
    const last = dotGroup(codes2, x, type, nibbles);
    const sums = lanesOf(dotGroup(strip, x, type, nibbles), dotGroup(codes1, x, type, nibbles), last, last);
    const scales = strip + rows * codeBytes;
    const scale = lanesFrom(scales, second << 2, third << 2);
    sum = madd(sums, f32x4.mul(scale, v128.load32_splat(own)), sum);
    if (!isShifted) continue;
    const minimums = lanesFrom(scales + (rows << 2), second << 2, third << 2);
    sum = madd(minimums, v128.load32_splat(own, SUMS - SCALES), sum);
  }
  return sum;
}

/** The exact sum of a group's products, spread over four lanes. */
function dotGroup(codes: usize, x: usize, type: i32, nibbles: v128): v128 {
  if (type === ElementType.q4) return halves(codes, x, nibbles);
  return type === ElementType.q8 ? bytes(codes, x) : sixteen(codes, x);
}

/** A number, and the two at these distances from it. */
function lanesFrom(from: usize, second: usize, third: usize): v128 {
  return v128.load32_lane(from + third, v128.load32_lane(from + second, v128.load32_zero(from), 1), 2);
}

/** The exact sum of 32 products with codes two per byte, spread over four lanes. */
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

/** The exact sum of 32 products with codes one per byte, spread over four lanes. */
function bytes(codes: usize, x: usize): v128 {
  return i32x4.add(sixteen(codes, x), sixteen(codes + 16, x + 32));
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
