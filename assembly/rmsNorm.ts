/** Root mean square normalisation of rows, and its gradients. */
import { sumOfSquares } from './scale';
import { loadTail, madd, storeTail } from './simd';

/** `scales[r] = 1 / √(mean_c x[r,c]² + eps)` and `out[r,c] = x[r,c] * scales[r] * weight[c]`. */
export function rmsNorm(
  out: usize,
  scales: usize,
  x: usize,
  weight: usize,
  rows: usize,
  cols: usize,
  eps: f64,
): void {
  const vectorBytes = (cols & ~3) << 2;
  const rowBytes = cols << 2;
  for (let r: usize = 0; r < rows; r++, out += rowBytes, x += rowBytes, scales += 4) {
    const scale = <f32>(1 / Math.sqrt(sumOfSquares(x, cols) / <f64>cols + eps));
    store<f32>(scales, scale);
    const factors = f32x4.splat(scale);
    let c: usize = 0;
    for (; c < vectorBytes; c += 16) {
      v128.store(out + c, f32x4.mul(f32x4.mul(v128.load(x + c), factors), v128.load(weight + c)));
    }
    for (; c < rowBytes; c += 4) store<f32>(out + c, load<f32>(x + c) * scale * load<f32>(weight + c));
  }
}

/**
 * `dX[r,c] = s * d[c] − s³ * x[r,c] * mean_j (d[j] * x[r,j]) + beta * dX[r,c]` with `s = scales[r]` and
 * `d[c] = dOut[r,c] * weight[c]`; `beta = 0` never reads `dX`.
 */
export function rmsNormBackward(
  dX: usize,
  x: usize,
  weight: usize,
  scales: usize,
  dOut: usize,
  rows: usize,
  cols: usize,
  beta: f32,
): void {
  const betas = f32x4.splat(beta);
  const vectorBytes = (cols & ~3) << 2;
  const rowBytes = cols << 2;
  for (let r: usize = 0; r < rows; r++, dX += rowBytes, x += rowBytes, dOut += rowBytes, scales += 4) {
    const scale = load<f32>(scales);
    const cube = <f64>scale * <f64>scale * <f64>scale;
    const pull = <f32>((-cube * sumOfProducts(dOut, weight, x, cols)) / <f64>cols);
    const factors = f32x4.splat(scale);
    const pulls = f32x4.splat(pull);
    let c: usize = 0;
    for (; c < vectorBytes; c += 16) {
      const passed = f32x4.mul(f32x4.mul(v128.load(dOut + c), v128.load(weight + c)), factors);
      const value = madd(pulls, v128.load(x + c), passed);
      v128.store(dX + c, beta === 0 ? value : madd(betas, v128.load(dX + c), value));
    }
    for (; c < rowBytes; c += 4) {
      const passed = load<f32>(dOut + c) * load<f32>(weight + c) * scale;
      const value = pull * load<f32>(x + c) + passed;
      store<f32>(dX + c, beta === 0 ? value : beta * load<f32>(dX + c) + value);
    }
  }
}

/** `Σ_i a[i] * b[i] * x[i]`, summed in float64. */
function sumOfProducts(a: usize, b: usize, x: usize, length: usize): f64 {
  let even = f64x2.splat(0);
  let odd = f64x2.splat(0);
  const vectorEnd = x + ((length & ~3) << 2);
  const end = x + (length << 2);
  for (; x < vectorEnd; a += 16, b += 16, x += 16) {
    const product = f32x4.mul(v128.load(a), v128.load(b));
    const low = f64x2.promote_low_f32x4(product);
    const high = f64x2.promote_low_f32x4(v128.shuffle<f32>(product, product, 2, 3, 2, 3));
    even = f64x2.add(even, f64x2.mul(low, f64x2.promote_low_f32x4(v128.load(x))));
    odd = f64x2.add(odd, f64x2.mul(high, f64x2.promote_low_f32x4(v128.load64_zero(x, 8))));
  }
  const both = f64x2.add(even, odd);
  let sum = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
  for (; x < end; a += 4, b += 4, x += 4) sum += <f64>load<f32>(a) * <f64>load<f32>(b) * <f64>load<f32>(x);
  return sum;
}

/**
 * `dWeight[c] = Σ_r x[r,c] * scales[r] * dOut[r,c] + beta * dWeight[c]`; `beta = 0` never reads `dWeight`.
 * Walks down the rows with 16 columns in four vectors, then 4 columns or the last 1 to 3 in one.
 */
export function rmsNormWeightBackward(
  dWeight: usize,
  x: usize,
  scales: usize,
  dOut: usize,
  rows: usize,
  cols: usize,
  beta: f32,
): void {
  const rowBytes = cols << 2;
  const end = scales + (rows << 2);
  let left = cols;
  for (; left >= 16; left -= 16, dWeight += 64, x += 64, dOut += 64) {
    let sum0 = f32x4.splat(0);
    let sum1 = f32x4.splat(0);
    let sum2 = f32x4.splat(0);
    let sum3 = f32x4.splat(0);
    let a = x;
    let b = dOut;
    for (let at = scales; at < end; at += 4, a += rowBytes, b += rowBytes) {
      const factors = v128.load32_splat(at);
      sum0 = madd(f32x4.mul(v128.load(a), factors), v128.load(b), sum0);
      sum1 = madd(f32x4.mul(v128.load(a, 16), factors), v128.load(b, 16), sum1);
      sum2 = madd(f32x4.mul(v128.load(a, 32), factors), v128.load(b, 32), sum2);
      sum3 = madd(f32x4.mul(v128.load(a, 48), factors), v128.load(b, 48), sum3);
    }
    storeSum(dWeight, sum0, beta, 4);
    storeSum(dWeight + 16, sum1, beta, 4);
    storeSum(dWeight + 32, sum2, beta, 4);
    storeSum(dWeight + 48, sum3, beta, 4);
  }
  const zeros = f32x4.splat(0);
  while (left > 0) {
    const count = min<usize>(left, 4);
    let sum = zeros;
    let a = x;
    let b = dOut;
    for (let at = scales; at < end; at += 4, a += rowBytes, b += rowBytes) {
      const scaled = f32x4.mul(loadTail(a, count, zeros), v128.load32_splat(at));
      sum = madd(scaled, loadTail(b, count, zeros), sum);
    }
    storeSum(dWeight, sum, beta, count);
    left -= count;
    dWeight += 16;
    x += 16;
    dOut += 16;
  }
}

function storeSum(out: usize, sum: v128, beta: f32, count: usize): void {
  const before = beta === 0 ? sum : madd(f32x4.splat(beta), loadTail(out, count, sum), sum);
  storeTail(out, before, count);
}
