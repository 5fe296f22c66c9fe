/** Rotary positions. */
import { madd } from './simd';

/**
 * Rotates the pairs of c and c + dim/2 of each `dim` columns of x by the angles whose cosines and sines stand in row
 * `positions[r]` of the tables, which have `length` elements, dim/2 a row; back if `inverse`. A position outside them gives a
 * row of NaN. `beta = 0` never reads `out`.
 */
export function rope(
  out: usize,
  x: usize,
  cos: usize,
  sin: usize,
  positions: usize,
  length: usize,
  rows: usize,
  cols: usize,
  dim: usize,
  inverse: bool,
  beta: f32,
): void {
  const halfBytes = dim << 1;
  const headBytes = dim << 2;
  const rowBytes = cols << 2;
  for (let r: usize = 0; r < rows; r++) {
    const end = out + rowBytes;
    // As an unsigned number, a negative position is a large one.
    const position = <usize>load<u32>(positions + (r << 2));
    if (position >= length / (dim >> 1)) {
      for (; out < end; out += 4) store<f32>(out, NaN);
      x += rowBytes;
      continue;
    }
    const at = position * halfBytes;
    for (; out < end; out += headBytes, x += headBytes) {
      rotate(out, x, cos + at, sin + at, halfBytes, inverse ? -1 : 1, beta);
    }
  }
}

/** One head: its two halves, each of `halfBytes`. */
function rotate(out: usize, x: usize, cos: usize, sin: usize, halfBytes: usize, sign: f32, beta: f32): void {
  const signs = f32x4.splat(sign);
  const betas = f32x4.splat(beta);
  const vectorBytes = halfBytes & ~15;
  const out2 = out + halfBytes;
  const x2 = x + halfBytes;
  let c: usize = 0;
  for (; c < vectorBytes; c += 16) {
    const first = v128.load(x + c);
    const second = v128.load(x2 + c);
    const cosines = v128.load(cos + c);
    const sines = f32x4.mul(v128.load(sin + c), signs);
    let low = f32x4.sub(f32x4.mul(first, cosines), f32x4.mul(second, sines));
    let high = f32x4.add(f32x4.mul(second, cosines), f32x4.mul(first, sines));
    if (beta !== 0) {
      low = madd(betas, v128.load(out + c), low);
      high = madd(betas, v128.load(out2 + c), high);
    }
    v128.store(out + c, low);
    v128.store(out2 + c, high);
  }
  for (; c < halfBytes; c += 4) {
    const first = load<f32>(x + c);
    const second = load<f32>(x2 + c);
    const cosine = load<f32>(cos + c);
    const sine = load<f32>(sin + c) * sign;
    let low = first * cosine - second * sine;
    let high = second * cosine + first * sine;
    if (beta !== 0) {
      low += beta * load<f32>(out + c);
      high += beta * load<f32>(out2 + c);
    }
    store<f32>(out + c, low);
    store<f32>(out2 + c, high);
  }
}
