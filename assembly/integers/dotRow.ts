/** A row times a packed weight whose groups run along k, as in `x Wᵀ` while generating: nothing is written out. */
import { ElementType } from '../commands.gen';
import { Product, storeSpilled } from '../matmul/product';
import { groupShift } from '../packed';
import { madd } from '../simd';
import { CODES, SCALES, SUMS } from './layout';

/** Rows of the weight at a time: the sums of a group are one vector, and what is loaded of a serves them all. */
export const DOT_ROWS: usize = 4;

/** Four low bits of each byte; loaded, since a constant would be made anew at each use. */
const NIBBLES: usize = memory.data<u32>([0x0f0f0f0f]);

const LINE: usize = 64;

/**
 * `out = a op(b)` for one row of a, rounded by {@link roundRow} into the scratch memory at `scratch`, four rows of the weight at a time. Four
 * streams defeat the prefetchers of memory: so the four rows that come next are touched line by line, in the order of memory.
 */
export function dotRow(product: Product, scratch: usize): void {
  let seen = 0;
  for (let col: usize = 0; col < product.n; col += DOT_ROWS) {
    const rows = min(DOT_ROWS, product.n - col);
    seen += dotRows(product, product.b + col * product.bCol, rows, scratch);
    storeSpilled(product, 0, 1, 0, col, rows);
  }
  // Without a use nothing would be touched.
  store<i32>(product.spill, seen);
}

/** The sums of up to four rows from the weight `index` on, into the spill area; in the place of missing rows the last one is taken again. */
function dotRows(product: Product, index: usize, rows: usize, scratch: usize): i32 {
  const type = product.bType;
  const shift = groupShift(type);
  const codeShift: usize = type === ElementType.q4 ? 1 : 0;
  const row = product.bCol >> codeShift;
  const row1 = rows > 1 ? row : 0;
  const row2 = rows > 2 ? row * 2 : row1;
  const row3 = rows > 3 ? row * 3 : row2;
  const groups = (product.bCol >> shift) << 2;
  const groups1 = rows > 1 ? groups : 0;
  const groups2 = rows > 2 ? groups * 2 : groups1;
  const groups3 = rows > 3 ? groups * 3 : groups2;
  const codes = product.codes + (index >> codeShift);
  const scales = product.scales + ((index >> shift) << 2);
  const minimums = product.minimums - product.scales;
  // Behind the last code lie scales: a line that is touched there is there.
  const last = product.codes + (product.bLength >> codeShift) - LINE;
  const out = product.spill;
  if (type === ElementType.q4)
    return dotHalved(
      out,
      codes,
      row,
      row1,
      row2,
      row3,
      scales,
      groups1,
      groups2,
      groups3,
      minimums,
      scratch,
      last,
    );
  if (type === ElementType.q8)
    return dotBytes(
      out,
      codes,
      row,
      row1,
      row2,
      row3,
      scales,
      groups1,
      groups2,
      groups3,
      minimums,
      scratch,
      last,
    );
  return dotSixteens(out, codes, row, row1, row2, row3, scales, groups1, groups2, groups3, scratch, last);
}

/** Groups of 32 codes, two a byte. `minimums` is how far they are from the scales. */
function dotHalved(
  out: usize,
  codes: usize,
  row: usize,
  row1: usize,
  row2: usize,
  row3: usize,
  scales: usize,
  groups1: usize,
  groups2: usize,
  groups3: usize,
  minimums: usize,
  scratch: usize,
  last: usize,
): i32 {
  const nibbles = v128.load32_splat(NIBBLES);
  let x = scratch + CODES;
  let own = scratch + SCALES;
  let next = codes + row * DOT_ROWS;
  let seen = 0;
  let sum = f32x4.splat(0);
  for (const end = codes + row; codes < end; codes += 16, x += 64, scales += 4, own += 4, next += 64) {
    seen += load<i32>(min(next, last));
    const sums = lanesOf(
      halves(codes, x, nibbles),
      halves(codes + row1, x, nibbles),
      halves(codes + row2, x, nibbles),
      halves(codes + row3, x, nibbles),
    );
    sum = madd(sums, f32x4.mul(fourOf(scales, groups1, groups2, groups3), v128.load32_splat(own)), sum);
    const shift = fourOf(scales + minimums, groups1, groups2, groups3);
    sum = madd(shift, v128.load32_splat(own, SUMS - SCALES), sum);
  }
  v128.store(out, sum);
  return seen;
}

/** Groups of 32 codes, one a byte. */
function dotBytes(
  out: usize,
  codes: usize,
  row: usize,
  row1: usize,
  row2: usize,
  row3: usize,
  scales: usize,
  groups1: usize,
  groups2: usize,
  groups3: usize,
  minimums: usize,
  scratch: usize,
  last: usize,
): i32 {
  let x = scratch + CODES;
  let own = scratch + SCALES;
  let next = codes + row * DOT_ROWS;
  let seen = 0;
  let sum = f32x4.splat(0);
  for (const end = codes + row; codes < end; codes += 32, x += 64, scales += 4, own += 4, next += 128) {
    seen += load<i32>(min(next, last));
    seen += load<i32>(min(next + LINE, last));
    const sums = lanesOf(
      bytes(codes, x),
      bytes(codes + row1, x),
      bytes(codes + row2, x),
      bytes(codes + row3, x),
    );
    sum = madd(sums, f32x4.mul(fourOf(scales, groups1, groups2, groups3), v128.load32_splat(own)), sum);
    const shift = fourOf(scales + minimums, groups1, groups2, groups3);
    sum = madd(shift, v128.load32_splat(own, SUMS - SCALES), sum);
  }
  v128.store(out, sum);
  return seen;
}

/** Groups of 16 codes, one a byte, without minimums. */
function dotSixteens(
  out: usize,
  codes: usize,
  row: usize,
  row1: usize,
  row2: usize,
  row3: usize,
  scales: usize,
  groups1: usize,
  groups2: usize,
  groups3: usize,
  scratch: usize,
  last: usize,
): i32 {
  let x = scratch + CODES;
  let own = scratch + SCALES;
  let next = codes + row * DOT_ROWS;
  let seen = 0;
  let sum = f32x4.splat(0);
  for (const end = codes + row; codes < end; codes += 16, x += 32, scales += 4, own += 4, next += 64) {
    seen += load<i32>(min(next, last));
    const sums = lanesOf(
      sixteen(codes, x),
      sixteen(codes + row1, x),
      sixteen(codes + row2, x),
      sixteen(codes + row3, x),
    );
    sum = madd(sums, f32x4.mul(fourOf(scales, groups1, groups2, groups3), v128.load32_splat(own)), sum);
  }
  v128.store(out, sum);
  return seen;
}

/** A number from each of four rows. */
function fourOf(from: usize, row1: usize, row2: usize, row3: usize): v128 {
  const two = v128.load32_lane(from + row1, v128.load32_zero(from), 1);
  return v128.load32_lane(from + row3, v128.load32_lane(from + row2, two, 2), 3);
}

/** The exact sum of 32 products with codes two a byte, spread over four lanes. */
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

/** The same with codes one a byte. */
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
