/** Exponentials of rows of scores, and the gradients of scores from those of probabilities. */
import { expNonPositive } from '../math';
import { madd } from '../simd';
import { sumLanes } from './keyRows';

/**
 * The constants of `expNonPositive`, in the order of their use. Written as vectors they would be rebuilt in each turn of a
 * loop; loaded before it they stay in registers.
 */
const EXP = memory.data<f32>([
  Mathf.LOG2E,
  12583039.0,
  -0.69314575,
  -1.4286068e-6,
  0.00828929059,
  0.0418978222,
  0.166676521,
  0.499991506,
  0.999999702,
  -87.33654,
]);

/** `x[j] = exp(x[j] − shift)` for whole vectors, no exponent above 0, as in `expNonPositive`; returns the sum. */
export function expRow(x: usize, width: usize, shift: f32): f32 {
  const log2E = v128.load32_splat(EXP);
  const magic = v128.load32_splat(EXP, 4);
  const ln2High = v128.load32_splat(EXP, 8);
  const ln2Low = v128.load32_splat(EXP, 12);
  const p5 = v128.load32_splat(EXP, 16);
  const p4 = v128.load32_splat(EXP, 20);
  const p3 = v128.load32_splat(EXP, 24);
  const p2 = v128.load32_splat(EXP, 28);
  const p1 = v128.load32_splat(EXP, 32);
  const cutoff = v128.load32_splat(EXP, 36);
  const shifts = f32x4.splat(shift);
  const zeros = f32x4.splat(0);
  let sum = zeros;
  for (const end = x + (width << 2); x < end; x += 16) {
    // A rounded logarithm may be below the largest score; NaN stays NaN.
    const value = f32x4.pmin(f32x4.sub(v128.load(x), shifts), zeros);
    const shifted = f32x4.add(f32x4.mul(value, log2E), magic);
    const scale = i32x4.shl(shifted, 23);
    const n = f32x4.sub(shifted, magic);
    const r = madd(n, ln2Low, madd(n, ln2High, value));
    const p = madd(madd(madd(madd(p5, r, p4), r, p3), r, p2), r, p1);
    const e = v128.andnot(madd(p, f32x4.mul(r, scale), scale), f32x4.lt(value, cutoff));
    v128.store(x, e);
    sum = f32x4.add(sum, e);
  }
  return sumLanes(sum);
}

/** One exponential, of x ≤ 0. */
export function expOf(x: f32): f32 {
  return f32x4.extract_lane(expNonPositive(f32x4.splat(x)), 0);
}

/** The largest of `count` scores. The rest of the last vector must be copies of one, or −infinity. */
export function largest(scores: usize, count: usize): f32 {
  const end = scores + (count << 2);
  let max = v128.load(scores);
  for (let x = scores + 16; x < end; x += 16) max = f32x4.pmax(max, v128.load(x));
  max = f32x4.max(max, v128.shuffle<f32>(max, max, 2, 3, 0, 1));
  max = f32x4.max(max, v128.shuffle<f32>(max, max, 1, 0, 3, 2));
  return f32x4.extract_lane(max, 0);
}

/** `d[j] = scale * p[j] (d[j] − mean)` for whole vectors: the gradients of products of q and k. */
export function scoreGradients(d: usize, p: usize, width: usize, mean: f32, scale: f32): void {
  const means = f32x4.splat(mean);
  const scales = f32x4.splat(scale);
  for (const end = d + (width << 2); d < end; d += 16, p += 16) {
    v128.store(d, f32x4.mul(f32x4.mul(scales, v128.load(p)), f32x4.sub(v128.load(d), means)));
  }
}
