/**
 * Packed weights as src/backends/wasm/interleave.ts lays them out: a header, then strips of four rows, of which the last may have
 * fewer. A strip has, group by group, the codes of its rows one after the other, then their scales, then, but in q8x16, their
 * minimums: so that a product reads one stream of memory, and what belongs to four rows is one vector. `weights` is the address of
 * the storage, and an index counts weights row by row.
 */
import { ElementType } from './commands.gen';

/** Byte offsets into the header, whose fields are 32-bit numbers. */
const ROWS: usize = 0;
const ROW_LENGTH: usize = 4;
const HAS_MINIMUMS: usize = 8;
const HEADER_BYTES: usize = 16;

/** Rows of a strip. */
export const STRIP_ROWS: usize = 4;

/** Whether weights of a type are packed. */
export function isPacked(type: i32): bool {
  return type === ElementType.q4 || type === ElementType.q8 || type === ElementType.q8x16;
}

/** Weights of a group, as a shift. */
export function groupShift(type: i32): usize {
  return type === ElementType.q8x16 ? 4 : 5;
}

/** Bytes of a group's codes. */
export function codeBytesOf(type: i32): usize {
  return type === ElementType.q8 ? 32 : 16;
}

/** Bytes of a group with its scale and, where the type has one, its minimum. */
export function groupBytesOf(type: i32): usize {
  return codeBytesOf(type) + (type === ElementType.q8x16 ? 4 : 8);
}

export function rowLengthOf(weights: usize): usize {
  return load<u32>(weights, ROW_LENGTH);
}

/** Whether one of the minimums is not 0. */
export function hasMinimums(weights: usize): bool {
  return load<u32>(weights, HAS_MINIMUMS) !== 0;
}

/** Rows of the strip that has `row`. */
export function stripRowsOf(weights: usize, row: usize): usize {
  return min<usize>(STRIP_ROWS, <usize>load<u32>(weights, ROWS) - (row & ~(STRIP_ROWS - 1)));
}

/** The address of a group of the strip that has `row`: of the codes of its first row. */
export function stripAt(weights: usize, type: i32, row: usize, group: usize): usize {
  const groupBytes = groupBytesOf(type);
  const rowBytes = (rowLengthOf(weights) >> groupShift(type)) * groupBytes;
  const strip = row & ~(STRIP_ROWS - 1);
  return weights + HEADER_BYTES + strip * rowBytes + group * stripRowsOf(weights, row) * groupBytes;
}

/** The sixteen signed codes of a group from its weight `at` on, 0 or 16; `codes` are the group's own. */
export function sixteenCodes(codes: usize, type: i32, at: usize): v128 {
  if (type !== ElementType.q4) return v128.load(codes + at);
  const pairs = v128.load(codes);
  return at === 0 ? lowerCodes(pairs) : upperCodes(pairs);
}

/** The eight signed codes of a group from its weight `at` on, a multiple of 8, in the lower half of a vector. */
export function eightCodes(codes: usize, type: i32, at: usize): v128 {
  if (type !== ElementType.q4) return v128.load64_zero(codes + at);
  const pairs = v128.load64_zero(codes + (at & 8));
  return (at & 16) === 0 ? lowerCodes(pairs) : upperCodes(pairs);
}

/** The lower codes of bytes that hold two codes each. */
export function lowerCodes(pairs: v128): v128 {
  return v128.and(pairs, i8x16.splat(15));
}

export function upperCodes(pairs: v128): v128 {
  // x86 cannot shift bytes.
  return v128.and(i16x8.shr_u(pairs, 4), i8x16.splat(15));
}

/** Four weights: their codes are integers. The product is exact for every scale of GGUF, so that only the sum is rounded. */
export function fourWeights(codes: v128, scales: v128, minimums: v128): v128 {
  return f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(codes), scales), minimums);
}

/** A single weight. */
export function unpackOne(weights: usize, type: i32, index: usize): f32 {
  const row = index / rowLengthOf(weights);
  const col = index % rowLengthOf(weights);
  const shift = groupShift(type);
  const strip = stripAt(weights, type, row, col >> shift);
  const inStrip = row & (STRIP_ROWS - 1);
  const code = codeOf(strip + inStrip * codeBytesOf(type), type, col & ((1 << shift) - 1));
  const scale = scalesOf(strip, type, weights, row) + (inStrip << 2);
  const scaled = <f32>code * load<f32>(scale);
  return type === ElementType.q8x16 ? scaled : scaled + load<f32>(scale + (stripRowsOf(weights, row) << 2));
}

/** The address of a group's scales in a strip; `strip` is the strip's address. */
export function scalesOf(strip: usize, type: i32, weights: usize, row: usize): usize {
  return strip + stripRowsOf(weights, row) * codeBytesOf(type);
}

/** A single code of a group. */
export function codeOf(codes: usize, type: i32, at: usize): i32 {
  if (type !== ElementType.q4) return load<i8>(codes + at);
  const pair = <i32>load<u8>(codes + (at & 15));
  return (at & 16) === 0 ? pair & 15 : pair >> 4;
}

/** The weights from `index` to `end` as f32, both multiples of 16. */
export function unpackTo(to: usize, weights: usize, type: i32, index: usize, end: usize): void {
  if (index === end) return;
  const rowLength = rowLengthOf(weights);
  const shift = groupShift(type);
  const zeros = f32x4.splat(0);
  let row = index / rowLength;
  let col = index % rowLength;
  for (; index < end; index += 16, to += 64) {
    const strip = stripAt(weights, type, row, col >> shift);
    const inStrip = row & (STRIP_ROWS - 1);
    const scales = scalesOf(strip, type, weights, row) + (inStrip << 2);
    const codes = sixteenCodes(strip + inStrip * codeBytesOf(type), type, col & ((1 << shift) - 1));
    const scale = v128.load32_splat(scales);
    const minimum =
      type === ElementType.q8x16 ? zeros : v128.load32_splat(scales + (stripRowsOf(weights, row) << 2));
    const low = i16x8.extend_low_i8x16_s(codes);
    const high = i16x8.extend_high_i8x16_s(codes);
    v128.store(to, fourWeights(i32x4.extend_low_i16x8_s(low), scale, minimum));
    v128.store(to, fourWeights(i32x4.extend_high_i16x8_s(low), scale, minimum), 16);
    v128.store(to, fourWeights(i32x4.extend_low_i16x8_s(high), scale, minimum), 32);
    v128.store(to, fourWeights(i32x4.extend_high_i16x8_s(high), scale, minimum), 48);
    col += 16;
    if (col === rowLength) {
      col = 0;
      row++;
    }
  }
}
