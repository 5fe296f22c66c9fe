/** Common parts of losses over rows of logits: the largest of a row, its exponentials and their sum. */
import { EXP_CONSTANTS, expWith } from './math';
import { loadTail, storeTail } from './simd';

/** The largest of `cols` values, ignoring NaN, which `expRow` detects. */
export function rowMax(x: usize, cols: usize): f32 {
  const lowest = f32x4.splat(-Infinity);
  const end = x + ((cols & ~3) << 2);
  const unrolledEnd = x + ((cols & ~15) << 2);
  let max0 = lowest;
  let max1 = lowest;
  let max2 = lowest;
  let max3 = lowest;
  for (; x < unrolledEnd; x += 64) {
    max0 = f32x4.pmax(max0, v128.load(x));
    max1 = f32x4.pmax(max1, v128.load(x, 16));
    max2 = f32x4.pmax(max2, v128.load(x, 32));
    max3 = f32x4.pmax(max3, v128.load(x, 48));
  }
  for (; x < end; x += 16) max0 = f32x4.pmax(max0, v128.load(x));
  if (cols & 3) max0 = f32x4.pmax(max0, loadTail(x, cols & 3, lowest));
  let max = f32x4.pmax(f32x4.pmax(max0, max1), f32x4.pmax(max2, max3));
  max = f32x4.pmax(max, v128.shuffle<f32>(max, max, 2, 3, 0, 1));
  max = f32x4.pmax(max, v128.shuffle<f32>(max, max, 1, 0, 3, 2));
  return f32x4.extract_lane(max, 0);
}

/**
 * `out[c] = exp(x[c] − max)`, in place where out is x; returns their sum, added up in two lanes of float64. It is NaN where a
 * value is NaN or max infinite.
 */
export function expRow(out: usize, x: usize, cols: usize, max: f32): f64 {
  const log2e = v128.load32_splat(EXP_CONSTANTS);
  const magic = v128.load32_splat(EXP_CONSTANTS, 4);
  const ln2High = v128.load32_splat(EXP_CONSTANTS, 8);
  const ln2Low = v128.load32_splat(EXP_CONSTANTS, 12);
  const p5 = v128.load32_splat(EXP_CONSTANTS, 16);
  const p4 = v128.load32_splat(EXP_CONSTANTS, 20);
  const p3 = v128.load32_splat(EXP_CONSTANTS, 24);
  const p2 = v128.load32_splat(EXP_CONSTANTS, 28);
  const p1 = v128.load32_splat(EXP_CONSTANTS, 32);
  const cutoff = v128.load32_splat(EXP_CONSTANTS, 36);
  const maxes = f32x4.splat(max);
  const vectorEnd = x + ((cols & ~3) << 2);
  const tail = cols & 3;
  let sums = f64x2.splat(0);
  for (; x < vectorEnd; x += 16, out += 16) {
    const shifted = f32x4.sub(v128.load(x), maxes);
    const e = expWith(shifted, log2e, magic, ln2High, ln2Low, p5, p4, p3, p2, p1, cutoff);
    v128.store(out, e);
    sums = addLanes(sums, e);
  }
  if (tail) {
    const shifted = f32x4.sub(loadTail(x, tail, f32x4.splat(-Infinity)), maxes);
    const e = expWith(shifted, log2e, magic, ln2High, ln2Low, p5, p4, p3, p2, p1, cutoff);
    storeTail(out, e, tail);
    sums = addLanes(sums, e);
  }
  return f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
}

function addLanes(sums: v128, x: v128): v128 {
  const low = f64x2.promote_low_f32x4(x);
  const high = f64x2.promote_low_f32x4(v128.shuffle<f32>(x, x, 2, 3, 2, 3));
  return f64x2.add(sums, f64x2.add(low, high));
}

/** `x[c] *= scale`. */
export function scaleRow(x: usize, cols: usize, scale: f32): void {
  const scales = f32x4.splat(scale);
  const end = x + (cols << 2);
  const vectorEnd = x + ((cols & ~3) << 2);
  for (; x < vectorEnd; x += 16) v128.store(x, f32x4.mul(v128.load(x), scales));
  for (; x < end; x += 4) store<f32>(x, load<f32>(x) * scale);
}

/** `x[c] = value`. */
export function fillRow(x: usize, cols: usize, value: f32): void {
  for (const end = x + (cols << 2); x < end; x += 4) store<f32>(x, value);
}
