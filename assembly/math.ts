/** exp and log in plain arithmetic: the same bits on every machine, no host's Math and no tables. */
import { madd } from './simd';

/** Below this, exp is less than the smallest normal float and becomes 0. */
const EXP_CUTOFF: f32 = -87.33654;
const LOG2_E: f32 = Mathf.LOG2E;
/** 1.5 * 2^23 + 127: adding it rounds to an integer and leaves the biased exponent in the low bits. */
const EXPONENT_MAGIC: f32 = 12583039.0;
/** ln 2 in two parts, the first exact for every exponent that occurs. */
const LN2_HIGH: f32 = 0.69314575;
const LN2_LOW: f32 = 1.4286068e-6;

/**
 * `exp(x)` in four lanes for `x <= 0`: `x = n ln 2 + r` with `|r| <= ln 2 / 2`, a polynomial of degree 5
 * in `r`, times `2^n` put together in the exponent bits. Error at most 2 units in the last place;
 * `-Infinity` and all below -87.34 give 0, NaN gives NaN.
 * @see https://github.com/google/XNNPACK/tree/master/src/f32-raddstoreexpminusmax (rr2-p5)
 */
export function expNonPositive(x: v128): v128 {
  const shifted = f32x4.add(f32x4.mul(x, f32x4.splat(LOG2_E)), f32x4.splat(EXPONENT_MAGIC));
  const scale = i32x4.shl(shifted, 23);
  const n = f32x4.sub(shifted, f32x4.splat(EXPONENT_MAGIC));
  const high = madd(n, f32x4.splat(-LN2_HIGH), x);
  const r = madd(n, f32x4.splat(-LN2_LOW), high);

  let p = madd(f32x4.splat(0.00828929059), r, f32x4.splat(0.0418978222));
  p = madd(p, r, f32x4.splat(0.166676521));
  p = madd(p, r, f32x4.splat(0.499991506));
  p = madd(p, r, f32x4.splat(0.999999702));
  const result = madd(p, f32x4.mul(r, scale), scale);
  return v128.andnot(result, f32x4.lt(x, f32x4.splat(EXP_CUTOFF)));
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
