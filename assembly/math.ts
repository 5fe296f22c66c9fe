/** exp and log in plain arithmetic: the same bits on every machine, without the host's Math and without tables. */
import { madd } from './simd';

/** Below this, exp is less than the smallest normal float and becomes 0. */
const EXP_CUTOFF: f32 = -87.33654;
const LOG2_E: f32 = Mathf.LOG2E;
/** 1.5 * 2^23 + 127: adding it rounds to an integer and leaves the biased exponent in the low bits. */
const EXPONENT_MAGIC: f32 = 12583039.0;
/** ln 2 in two parts, the first exact for every exponent that occurs. */
const LN2_HIGH: f32 = 0.69314575;
const LN2_LOW: f32 = 1.4286068e-6;

/** The coefficients of a polynomial of degree 5, from the highest on. */
const P5: f32 = 0.00828929059;
const P4: f32 = 0.0418978222;
const P3: f32 = 0.166676521;
const P2: f32 = 0.499991506;
const P1: f32 = 0.999999702;

/**
 * The arguments of `expWith` after x, in its order, four bytes each. An engine rebuilds a constant of the code at each use;
 * one that a loop loads before it begins stays in a register.
 */
export const EXP_CONSTANTS: usize = memory.data<f32>([
  LOG2_E,
  EXPONENT_MAGIC,
  -LN2_HIGH,
  -LN2_LOW,
  P5,
  P4,
  P3,
  P2,
  P1,
  EXP_CUTOFF,
]);

/**
 * `exp(x)` in four lanes for `x <= 0`: `x = n ln 2 + r` with `|r| <= ln 2 / 2`, a polynomial of degree 5
 * in `r`, times `2^n` put together in the exponent bits. Error at most 2 units in the last place;
 * `-Infinity` and all below -87.34 give 0, NaN gives NaN.
 * @see https://github.com/google/XNNPACK/tree/master/src/f32-raddstoreexpminusmax (rr2-p5)
 */
export function expNonPositive(x: v128): v128 {
  return expWith(
    x,
    f32x4.splat(LOG2_E),
    f32x4.splat(EXPONENT_MAGIC),
    f32x4.splat(-LN2_HIGH),
    f32x4.splat(-LN2_LOW),
    f32x4.splat(P5),
    f32x4.splat(P4),
    f32x4.splat(P3),
    f32x4.splat(P2),
    f32x4.splat(P1),
    f32x4.splat(EXP_CUTOFF),
  );
}

/** The same with the constants that a loop has loaded. */
export function expWith(
  x: v128,
  log2e: v128,
  magic: v128,
  ln2High: v128,
  ln2Low: v128,
  p5: v128,
  p4: v128,
  p3: v128,
  p2: v128,
  p1: v128,
  cutoff: v128,
): v128 {
  const shifted = f32x4.add(f32x4.mul(x, log2e), magic);
  const scale = i32x4.shl(shifted, 23);
  const n = f32x4.sub(shifted, magic);
  const r = madd(n, ln2Low, madd(n, ln2High, x));
  const p = madd(madd(madd(madd(p5, r, p4), r, p3), r, p2), r, p1);
  const result = madd(p, f32x4.mul(r, scale), scale);
  return v128.andnot(result, f32x4.lt(x, cutoff));
}

/**
 * `ln(x)` for a positive normal `x`; NaN gives NaN. `x = 2^e m` with `m` in `[√½, √2)`, and
 * `ln m = 2 artanh s` with `s = (m − 1) / (m + 1)`, `|s| < 0.172`, as a series up to `s^15`.
 * Error below 1e-13.
 */
export function log(x: f64): f64 {
  if (!(x > 0)) return NaN;
  const bits = reinterpret<i64>(x);
  let exponent = <i32>(bits >> 52) - 1023;
  let mantissa = reinterpret<f64>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  if (mantissa >= Math.SQRT2) {
    mantissa *= 0.5;
    exponent += 1;
  }
  const s = (mantissa - 1) / (mantissa + 1);
  const z = s * s;
  let series: f64 = 1.0 / 15;
  series = series * z + 1.0 / 13;
  series = series * z + 1.0 / 11;
  series = series * z + 1.0 / 9;
  series = series * z + 1.0 / 7;
  series = series * z + 1.0 / 5;
  series = series * z + 1.0 / 3;
  series = series * z + 1.0;
  return <f64>exponent * Math.LN2 + 2 * s * series;
}
