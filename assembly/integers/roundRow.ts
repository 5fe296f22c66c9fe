/** Rows of floats as integers of 16 bits, with a scale for each block of 32 steps. */
import { BLOCK, BLOCK_CODE_BYTES } from './layout';

/** A mask that removes the sign, and 1.5 · 2²³, whose sum with a small number has that number, rounded, in its lowest bits. */
const CONSTANTS: usize = memory.data<u32>([0x7fffffff, 0x4b400000]);

/** Magnitude below which all numbers of a block count as 0: the inverse of the scale could be infinite. */
const SMALLEST: f32 = 1e-30;

/**
 * For each block of 32 steps `scale = max |x| / top` and `code = round(x top / max |x|)`, ties to even; the rest of the last block
 * is 0. `codes` receives them as i16. For each `group` of steps, 16 or 32, `scales` receives the scale, and `sums` the scale
 * times the sum of the codes. A NaN makes the scale NaN.
 * @param block  scratch of 128 bytes
 */
export function roundRow(
  codes: usize,
  scales: usize,
  sums: usize,
  x: usize,
  k: usize,
  group: usize,
  top: f32,
  block: usize,
): void {
  const magnitudes = v128.load32_splat(CONSTANTS);
  const magic = v128.load32_splat(CONSTANTS, 4);
  const isHalved = group < BLOCK;
  const step: usize = isHalved ? 8 : 4;
  let left = k;
  for (
    ;
    left >= BLOCK;
    left -= BLOCK, x += BLOCK << 2, codes += BLOCK_CODE_BYTES, scales += step, sums += step
  ) {
    roundBlock(codes, scales, sums, x, isHalved, top, magnitudes, magic);
  }
  if (left === 0) return;
  memory.fill(block, 0, BLOCK << 2);
  memory.copy(block, x, left << 2);
  roundBlock(codes, scales, sums, block, isHalved, top, magnitudes, magic);
}

function roundBlock(
  codes: usize,
  scales: usize,
  sums: usize,
  x: usize,
  isHalved: bool,
  top: f32,
  magnitudes: v128,
  magic: v128,
): void {
  // As integers, magnitudes keep their order, and NaN is the largest.
  let most = v128.and(v128.load(x), magnitudes);
  for (let at: usize = 16; at < BLOCK << 2; at += 16) {
    most = i32x4.max_u(most, v128.and(v128.load(x + at), magnitudes));
  }
  most = i32x4.max_u(most, v128.shuffle<i32>(most, most, 2, 3, 0, 1));
  most = i32x4.max_u(most, v128.shuffle<i32>(most, most, 1, 0, 3, 2));
  const largest = f32x4.extract_lane(most, 0);
  const scale = largest / top;
  const inverse = f32x4.splat(largest >= SMALLEST ? top / largest : 0);
  const first = roundSixteen(codes, x, inverse, magic);
  const second = roundSixteen(codes + 32, x + 64, inverse, magic);
  store<f32>(scales, scale);
  if (isHalved) {
    store<f32>(scales, scale, 4);
    store<f32>(sums, scale * <f32>first);
    store<f32>(sums, scale * <f32>second, 4);
  } else {
    store<f32>(sums, scale * <f32>(first + second));
  }
}

/** Writes sixteen codes. Returns their sum. */
function roundSixteen(codes: usize, x: usize, inverse: v128, magic: v128): i32 {
  const low = i16x8.narrow_i32x4_s(rounded(x, inverse, magic), rounded(x + 16, inverse, magic));
  const high = i16x8.narrow_i32x4_s(rounded(x + 32, inverse, magic), rounded(x + 48, inverse, magic));
  v128.store(codes, low);
  v128.store(codes, high, 16);
  let sum = i32x4.add(i32x4.extadd_pairwise_i16x8_s(low), i32x4.extadd_pairwise_i16x8_s(high));
  sum = i32x4.add(sum, v128.shuffle<i32>(sum, sum, 2, 3, 0, 1));
  return i32x4.extract_lane(sum, 0) + i32x4.extract_lane(sum, 1);
}

/** Four numbers times `inverse`, rounded. */
export function rounded(x: usize, inverse: v128, magic: v128): v128 {
  return i32x4.sub(f32x4.add(f32x4.mul(v128.load(x), inverse), magic), magic);
}
