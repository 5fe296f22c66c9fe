/** The activation `x σ(x)` with `σ(x) = 1 / (1 + exp(−x))`, and the way back. */
import { expNonPositive } from './math';
import { loadTail, madd, storeTail } from './simd';

/** `out[i] = x[i] σ(x[i])`. */
export function silu(out: usize, x: usize, length: usize): void {
  const vectorEnd = out + ((length & ~3) << 2);
  for (; out < vectorEnd; out += 16, x += 16) {
    const value = v128.load(x);
    v128.store(out, f32x4.mul(value, sigmoid(value)));
  }
  const tail = length & 3;
  if (tail === 0) return;
  const value = loadTail(x, tail, f32x4.splat(0));
  storeTail(out, f32x4.mul(value, sigmoid(value)), tail);
}

/** `dX[i] = dOut[i] σ(x[i]) (1 + x[i] (1 − σ(x[i]))) + beta * dX[i]`; `beta = 0` never reads `dX`. */
export function siluBackward(dX: usize, x: usize, dOut: usize, length: usize, beta: f32): void {
  const betas = f32x4.splat(beta);
  const vectorEnd = dX + ((length & ~3) << 2);
  for (; dX < vectorEnd; dX += 16, x += 16, dOut += 16) {
    const passed = f32x4.mul(v128.load(dOut), slope(v128.load(x)));
    v128.store(dX, beta === 0 ? passed : madd(betas, v128.load(dX), passed));
  }
  const tail = length & 3;
  if (tail === 0) return;
  const zeros = f32x4.splat(0);
  const passed = f32x4.mul(loadTail(dOut, tail, zeros), slope(loadTail(x, tail, zeros)));
  storeTail(dX, beta === 0 ? passed : madd(betas, loadTail(dX, tail, zeros), passed), tail);
}

/** `σ(x)` by way of `e = exp(−|x|)`, which never overflows: `1 / (1 + e)`, or `e / (1 + e)` below 0. */
function sigmoid(x: v128): v128 {
  const e = expNonPositive(f32x4.neg(f32x4.abs(x)));
  const ones = f32x4.splat(1);
  const above = v128.bitselect(e, ones, f32x4.lt(x, f32x4.splat(0)));
  return f32x4.div(above, f32x4.add(ones, e));
}

/** The derivative of `x σ(x)`. */
function slope(x: v128): v128 {
  const s = sigmoid(x);
  const ones = f32x4.splat(1);
  return f32x4.mul(s, f32x4.add(ones, f32x4.mul(x, f32x4.sub(ones, s))));
}
