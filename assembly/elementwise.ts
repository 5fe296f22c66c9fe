/** Elementwise kernels: four lanes at a time, the last one to three elements one by one. */
import { madd } from './simd';

/** `out[i] = alpha * x[i] + beta * out[i]`. `beta = 0` never reads `out`. */
export function axpby(out: usize, x: usize, length: usize, alpha: f32, beta: f32): void {
  const alphas = f32x4.splat(alpha);
  const betas = f32x4.splat(beta);
  const end = out + (length << 2);
  const vectorEnd = out + ((length & ~3) << 2);
  for (; out < vectorEnd; out += 16, x += 16) {
    const value = v128.load(x);
    if (beta === 0) v128.store(out, f32x4.mul(alphas, value));
    else v128.store(out, madd(alphas, value, f32x4.mul(betas, v128.load(out))));
  }
  for (; out < end; out += 4, x += 4) {
    const value = alpha * load<f32>(x);
    store<f32>(out, beta === 0 ? value : value + beta * load<f32>(out));
  }
}

/** `out[i] = a[i] * b[i] + beta * out[i]`. `beta = 0` never reads `out`. */
export function mul(out: usize, a: usize, b: usize, length: usize, beta: f32): void {
  const betas = f32x4.splat(beta);
  const end = out + (length << 2);
  const vectorEnd = out + ((length & ~3) << 2);
  for (; out < vectorEnd; out += 16, a += 16, b += 16) {
    const product = f32x4.mul(v128.load(a), v128.load(b));
    v128.store(out, beta === 0 ? product : madd(betas, v128.load(out), product));
  }
  for (; out < end; out += 4, a += 4, b += 4) {
    const product = load<f32>(a) * load<f32>(b);
    store<f32>(out, beta === 0 ? product : product + beta * load<f32>(out));
  }
}

/**
 * `out[i] = x[i] * factor[0] + beta * out[i]`: the factor lies in memory, so that it may change from step to step.
 */
export function mulScalar(out: usize, x: usize, factor: usize, length: usize, beta: f32): void {
  const single = load<f32>(factor);
  const factors = f32x4.splat(single);
  const betas = f32x4.splat(beta);
  const end = out + (length << 2);
  const vectorEnd = out + ((length & ~3) << 2);
  for (; out < vectorEnd; out += 16, x += 16) {
    const product = f32x4.mul(v128.load(x), factors);
    v128.store(out, beta === 0 ? product : madd(betas, v128.load(out), product));
  }
  for (; out < end; out += 4, x += 4) {
    const product = load<f32>(x) * single;
    store<f32>(out, beta === 0 ? product : product + beta * load<f32>(out));
  }
}

/** `out[i] = max(x[i], 0)`; NaN stays NaN, since `pmax(x, 0)` is `x < 0 ? 0 : x`. */
export function relu(out: usize, x: usize, length: usize): void {
  const zeros = f32x4.splat(0);
  const end = out + (length << 2);
  const vectorEnd = out + ((length & ~3) << 2);
  for (; out < vectorEnd; out += 16, x += 16) v128.store(out, f32x4.pmax(v128.load(x), zeros));
  for (; out < end; out += 4, x += 4) {
    store<f32>(out, max<f32>(load<f32>(x), 0));
  }
}

/** `dX[i] = (x[i] > 0 ? dOut[i] : 0) + beta * dX[i]`; `beta = 0` never reads `dX`. */
export function reluBackward(dX: usize, x: usize, dOut: usize, length: usize, beta: f32): void {
  const zeros = f32x4.splat(0);
  const betas = f32x4.splat(beta);
  const end = dX + (length << 2);
  const vectorEnd = dX + ((length & ~3) << 2);
  for (; dX < vectorEnd; dX += 16, x += 16, dOut += 16) {
    const passed = v128.and(v128.load(dOut), f32x4.gt(v128.load(x), zeros));
    v128.store(dX, beta === 0 ? passed : madd(betas, v128.load(dX), passed));
  }
  for (; dX < end; dX += 4, x += 4, dOut += 4) {
    const passed: f32 = load<f32>(x) > 0 ? load<f32>(dOut) : 0;
    store<f32>(dX, beta === 0 ? passed : passed + beta * load<f32>(dX));
  }
}
