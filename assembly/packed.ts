/**
 * Packed weights, as src/backends/elementTypes.ts lays them out: codes, then a scale for each group, then, but in q8x16, a
 * minimum. `weights` is the address of the storage, and `length` how many weights it has.
 */
import { ElementType } from './commands.gen';

/** Whether weights of a type are packed. */
export function isPacked(type: i32): bool {
  return type === ElementType.q4 || type === ElementType.q8 || type === ElementType.q8x16;
}

/** Weights of a group, as a shift. */
export function groupShift(type: i32): usize {
  return type === ElementType.q8x16 ? 4 : 5;
}

export function scalesOf(weights: usize, type: i32, length: usize): usize {
  return weights + (type === ElementType.q4 ? length >> 1 : length);
}

/** 0 where there are none. */
export function minimumsOf(weights: usize, type: i32, length: usize): usize {
  if (type === ElementType.q8x16) return 0;
  return scalesOf(weights, type, length) + ((length >> groupShift(type)) << 2);
}

/** The sixteen signed codes from weight `index` on, a multiple of 16. */
export function sixteenCodes(codes: usize, type: i32, index: usize): v128 {
  if (type !== ElementType.q4) return v128.load(codes + index);
  const pairs = v128.load(codes + ((index >> 5) << 4));
  return (index & 16) === 0 ? lowerCodes(pairs) : upperCodes(pairs);
}

/** The eight signed codes from weight `index` on, a multiple of 8, in the lower half of a vector. */
export function eightCodes(codes: usize, type: i32, index: usize): v128 {
  if (type !== ElementType.q4) return v128.load64_zero(codes + index);
  const pairs = v128.load64_zero(codes + ((index >> 5) << 4) + (index & 8));
  return (index & 16) === 0 ? lowerCodes(pairs) : upperCodes(pairs);
}

/** For bytes that hold two codes each. */
export function lowerCodes(pairs: v128): v128 {
  return v128.and(pairs, i8x16.splat(15));
}

export function upperCodes(pairs: v128): v128 {
  // x86 has no shift of bytes.
  return v128.and(i16x8.shr_u(pairs, 4), i8x16.splat(15));
}

/** Four weights: their codes are integers. The product is exact for every scale of GGUF, so that the sum alone is rounded. */
export function fourWeights(codes: v128, scales: v128, minimums: v128): v128 {
  return f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(codes), scales), minimums);
}

/** A value of each group in all lanes; 0 where `from` is, which has none. */
export function splatOf(from: usize, group: usize): v128 {
  return from ? v128.load32_splat(from + (group << 2)) : f32x4.splat(0);
}

/** A single weight. */
export function unpackOne(weights: usize, type: i32, length: usize, index: usize): f32 {
  const at = (index >> groupShift(type)) << 2;
  const minimums = minimumsOf(weights, type, length);
  const scaled = <f32>codeAt(weights, type, index) * load<f32>(scalesOf(weights, type, length) + at);
  return scaled + (minimums ? load<f32>(minimums + at) : 0);
}

/** A single code. */
export function codeAt(codes: usize, type: i32, index: usize): i32 {
  if (type !== ElementType.q4) return load<i8>(codes + index);
  const pair = <i32>load<u8>(codes + ((index >> 5) << 4) + (index & 15));
  return (index & 16) === 0 ? pair & 15 : pair >> 4;
}

/** The weights from `index` to `end` as f32, both multiples of 16. */
export function unpackTo(
  to: usize,
  weights: usize,
  type: i32,
  length: usize,
  index: usize,
  end: usize,
): void {
  const shift = groupShift(type);
  const scales = scalesOf(weights, type, length);
  const minimums = minimumsOf(weights, type, length);
  for (; index < end; index += 16, to += 64) {
    const codes = sixteenCodes(weights, type, index);
    const scale = splatOf(scales, index >> shift);
    const minimum = splatOf(minimums, index >> shift);
    const low = i16x8.extend_low_i8x16_s(codes);
    const high = i16x8.extend_high_i8x16_s(codes);
    v128.store(to, fourWeights(i32x4.extend_low_i16x8_s(low), scale, minimum));
    v128.store(to, fourWeights(i32x4.extend_high_i16x8_s(low), scale, minimum), 16);
    v128.store(to, fourWeights(i32x4.extend_low_i16x8_s(high), scale, minimum), 32);
    v128.store(to, fourWeights(i32x4.extend_high_i16x8_s(high), scale, minimum), 48);
  }
}
