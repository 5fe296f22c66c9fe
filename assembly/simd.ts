/**
 * The few vector helpers that all kernels share. Each is small enough that the release builds inline it.
 */

/**
 * `a * b + c` in each of the four lanes: one rounding (where the machine has FMA) in the relaxed build,
 * two in the others, which therefore give the same bits everywhere.
 */
export function madd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(f32x4.mul(a, b), c);
}

/**
 * The first `count` (1 to 4) floats at `from` in the low lanes, `rest` in the others.
 * Reads nothing after them.
 */
export function loadTail(from: usize, count: usize, rest: v128): v128 {
  if (count === 4) return v128.load(from);
  if (count === 1) return v128.load32_lane(from, rest, 0);
  const two = v128.load64_lane(from, rest, 0);
  return count === 2 ? two : v128.load32_lane(from, two, 2, 8);
}

/** Writes the `count` (1 to 4) low lanes to `to`, and nothing after them. */
export function storeTail(to: usize, value: v128, count: usize): void {
  if (count === 4) {
    v128.store(to, value);
    return;
  }
  if (count === 1) {
    v128.store32_lane(to, value, 0);
    return;
  }
  v128.store64_lane(to, value, 0);
  if (count === 3) v128.store32_lane(to, value, 2, 8);
}
