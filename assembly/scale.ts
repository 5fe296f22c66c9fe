/** Quotients, products of a matrix with a vector along its rows or columns, and lengths. */
import { mulScalar } from './elementwise';
import { madd } from './simd';

/** `out[i] = a[i] / b[i] + beta * out[i]`; `beta = 0` never reads `out`. */
export function divide(out: usize, a: usize, b: usize, length: usize, beta: f32): void {
  const betas = f32x4.splat(beta);
  const end = out + (length << 2);
  const vectorEnd = out + ((length & ~3) << 2);
  for (; out < vectorEnd; out += 16, a += 16, b += 16) {
    const quotient = f32x4.div(v128.load(a), v128.load(b));
    v128.store(out, beta === 0 ? quotient : madd(betas, v128.load(out), quotient));
  }
  for (; out < end; out += 4, a += 4, b += 4) {
    const quotient = load<f32>(a) / load<f32>(b);
    store<f32>(out, beta === 0 ? quotient : quotient + beta * load<f32>(out));
  }
}

/** `out[r,c] = x[r,c] * factors[r] + beta * out[r,c]`; `beta = 0` never reads `out`. */
export function scaleRows(out: usize, x: usize, factors: usize, rows: usize, cols: usize, beta: f32): void {
  const rowBytes = cols << 2;
  for (let r: usize = 0; r < rows; r++, out += rowBytes, x += rowBytes, factors += 4) {
    mulScalar(out, x, factors, cols, beta);
  }
}

/** `out[r,c] = x[r,c] * factors[c] + beta * out[r,c]`; `beta = 0` never reads `out`. */
export function scaleColumns(
  out: usize,
  x: usize,
  factors: usize,
  rows: usize,
  cols: usize,
  beta: f32,
): void {
  const betas = f32x4.splat(beta);
  const vectorBytes = (cols & ~3) << 2;
  const rowBytes = cols << 2;
  for (let r: usize = 0; r < rows; r++, out += rowBytes, x += rowBytes) {
    let c: usize = 0;
    for (; c < vectorBytes; c += 16) {
      const product = f32x4.mul(v128.load(x + c), v128.load(factors + c));
      v128.store(out + c, beta === 0 ? product : madd(betas, v128.load(out + c), product));
    }
    for (; c < rowBytes; c += 4) {
      const product = load<f32>(x + c) * load<f32>(factors + c);
      store<f32>(out + c, beta === 0 ? product : product + beta * load<f32>(out + c));
    }
  }
}

/** `out[r] = √(Σ_c x[r,c]²)`. */
export function rowNorms(out: usize, x: usize, rows: usize, cols: usize): void {
  for (let r: usize = 0; r < rows; r++, out += 4, x += cols << 2) {
    store<f32>(out, <f32>Math.sqrt(sumOfSquares(x, cols)));
  }
}

/** `Σ_i x[i]²`, summed in float64. */
export function sumOfSquares(x: usize, length: usize): f64 {
  let even = f64x2.splat(0);
  let odd = f64x2.splat(0);
  const vectorEnd = x + ((length & ~3) << 2);
  const end = x + (length << 2);
  for (; x < vectorEnd; x += 16) {
    const low = f64x2.promote_low_f32x4(v128.load(x));
    const high = f64x2.promote_low_f32x4(v128.load64_zero(x, 8));
    even = f64x2.add(even, f64x2.mul(low, low));
    odd = f64x2.add(odd, f64x2.mul(high, high));
  }
  const both = f64x2.add(even, odd);
  let sum = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
  for (; x < end; x += 4) {
    const value = <f64>load<f32>(x);
    sum += value * value;
  }
  return sum;
}

/** `x[i] *= min(1, maxNorm / (norm[0] + 1e-6))`, where NaN stays. */
export function clipNorm(x: usize, norm: usize, length: usize, maxNorm: f32): void {
  let factor = maxNorm / (load<f32>(norm) + 1e-6);
  // Not min(), so that NaN stays.
  if (factor > 1) factor = 1;
  for (const end = x + (length << 2); x < end; x += 4) store<f32>(x, load<f32>(x) * factor);
}
