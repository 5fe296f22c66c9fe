/**
 * The activation `silu(x) = x σ(x)` with `σ(x) = 1 / (1 + exp(−x))`, alone and as the gate of another vector, and the
 * gradients. They differ only in the factors of the activation or its slope, and share one loop.
 */
import { EXP_CONSTANTS, expWith } from './math';
import { loadTail, madd, storeTail } from './simd';

/** One, and the sign bit; loaded for the reason of EXP_CONSTANTS. */
const SIGMOID_CONSTANTS: usize = memory.data<f32>([1, -0.0]);

/** `out[i] = silu(x[i])`. */
export function silu(out: usize, x: usize, length: usize): void {
  activate(out, x, x, x, 0, false, length, 0);
}

/** `dX[i] = dOut[i] σ(x[i]) (1 + x[i] (1 − σ(x[i]))) + beta * dX[i]`; `beta = 0` never reads `dX`. */
export function siluBackward(dX: usize, x: usize, dOut: usize, length: usize, beta: f32): void {
  activate(dX, x, dOut, dOut, 1, true, length, beta);
}

/** `out[i] = silu(gate[i]) up[i] + beta * out[i]`; `beta = 0` never reads `out`. */
export function siluMul(out: usize, gate: usize, up: usize, length: usize, beta: f32): void {
  activate(out, gate, up, up, 1, false, length, beta);
}

/** `dGate[i] = dOut[i] up[i] σ(g) (1 + g (1 − σ(g))) + beta * dGate[i]` with `g = gate[i]`; `beta = 0` never reads `dGate`. */
export function siluMulBackward(
  dGate: usize,
  gate: usize,
  up: usize,
  dOut: usize,
  length: usize,
  beta: f32,
): void {
  activate(dGate, gate, up, dOut, 2, true, length, beta);
}

/**
 * `out[i] = f(x[i]) * a[i] * b[i] + beta * out[i]`, using the first `factors` of `a` and `b`; f is silu or its derivative
 * `σ(x) (1 + x (1 − σ(x)))`. σ is computed from `e = exp(−|x|)`, which never overflows: `1 / (1 + e)`, or `e / (1 + e)` below 0.
 */
function activate(
  out: usize,
  x: usize,
  a: usize,
  b: usize,
  factors: i32,
  isSlope: bool,
  length: usize,
  beta: f32,
): void {
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
  const ones = v128.load32_splat(SIGMOID_CONSTANTS);
  const signs = v128.load32_splat(SIGMOID_CONSTANTS, 4);
  const betas = f32x4.splat(beta);
  const vectorEnd = out + ((length & ~3) << 2);
  for (; out < vectorEnd; out += 16, x += 16, a += 16, b += 16) {
    const value = v128.load(x);
    const e = expWith(v128.or(value, signs), log2e, magic, ln2High, ln2Low, p5, p4, p3, p2, p1, cutoff);
    let result = activated(value, e, isSlope, ones);
    if (factors > 0) result = f32x4.mul(result, v128.load(a));
    if (factors > 1) result = f32x4.mul(result, v128.load(b));
    v128.store(out, beta === 0 ? result : madd(betas, v128.load(out), result));
  }
  const tail = length & 3;
  if (tail === 0) return;
  const zeros = f32x4.splat(0);
  const value = loadTail(x, tail, zeros);
  const e = expWith(v128.or(value, signs), log2e, magic, ln2High, ln2Low, p5, p4, p3, p2, p1, cutoff);
  let result = activated(value, e, isSlope, ones);
  if (factors > 0) result = f32x4.mul(result, loadTail(a, tail, zeros));
  if (factors > 1) result = f32x4.mul(result, loadTail(b, tail, zeros));
  storeTail(out, beta === 0 ? result : madd(betas, loadTail(out, tail, zeros), result), tail);
}

/** silu or its derivative at `x`, with `e = exp(−|x|)`. */
function activated(x: v128, e: v128, isSlope: bool, ones: v128): v128 {
  const above = v128.bitselect(e, ones, i32x4.shr_s(x, 31));
  const sigma = f32x4.div(above, f32x4.add(ones, e));
  const product = f32x4.mul(x, sigma);
  return isSlope ? madd(product, f32x4.sub(ones, sigma), sigma) : product;
}
