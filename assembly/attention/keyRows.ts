/**
 * Operations of attention on rows of keys or values: products with one vector, and sums with one weight for each. The rows are
 * `stride` bytes apart and have `dim` elements; sizes are any.
 */
import { loadTail, madd, storeTail } from '../simd';

/** Keys at a time: number of scores of a row in scratch memory, with room for another list. */
export const CHUNK: usize = 512;
export const CHUNK_BYTES: usize = CHUNK << 2;

/** A bound of what a row sees, a place 0 … 3 of its four, within 0 … `keys`. */
export function boundOf(ranges: usize, row: usize, place: usize, keys: usize): usize {
  const bound = load<i32>(ranges + (row << 4) + (place << 2));
  return bound <= 0 ? 0 : min(<usize>bound, keys);
}

/**
 * `out[j] = alpha * (a · b[j])` for `count` rows of b, four at a time. Writes whole vectors: up to three numbers after
 * the last are copies of it.
 */
export function dotRows(
  out: usize,
  a: usize,
  b: usize,
  stride: usize,
  count: usize,
  dim: usize,
  alpha: f32,
): void {
  const alphas = f32x4.splat(alpha);
  const end = a + ((dim & ~3) << 2);
  const tail = dim & 3;
  const zeros = f32x4.splat(0);
  for (let j: usize = 0; j < count; j += 4, out += 16) {
    let b0 = b + j * stride;
    let b1 = b + min(j + 1, count - 1) * stride;
    let b2 = b + min(j + 2, count - 1) * stride;
    let b3 = b + min(j + 3, count - 1) * stride;
    let c0 = zeros;
    let c1 = zeros;
    let c2 = zeros;
    let c3 = zeros;
    for (let x = a; x < end; x += 16, b0 += 16, b1 += 16, b2 += 16, b3 += 16) {
      const value = v128.load(x);
      c0 = madd(value, v128.load(b0), c0);
      c1 = madd(value, v128.load(b1), c1);
      c2 = madd(value, v128.load(b2), c2);
      c3 = madd(value, v128.load(b3), c3);
    }
    if (tail) {
      const value = loadTail(end, tail, zeros);
      c0 = madd(value, loadTail(b0, tail, zeros), c0);
      c1 = madd(value, loadTail(b1, tail, zeros), c1);
      c2 = madd(value, loadTail(b2, tail, zeros), c2);
      c3 = madd(value, loadTail(b3, tail, zeros), c3);
    }
    v128.store(out, f32x4.mul(alphas, sumEach(c0, c1, c2, c3)));
  }
}

/** The sums over the lanes of four vectors. */
function sumEach(w: v128, x: v128, y: v128, z: v128): v128 {
  const wx = f32x4.add(v128.shuffle<f32>(w, x, 0, 4, 1, 5), v128.shuffle<f32>(w, x, 2, 6, 3, 7));
  const yz = f32x4.add(v128.shuffle<f32>(y, z, 0, 4, 1, 5), v128.shuffle<f32>(y, z, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(wx, yz, 0, 1, 4, 5), v128.shuffle<f32>(wx, yz, 2, 3, 6, 7));
}

/** `a · b`. */
export function dot(a: usize, b: usize, dim: usize): f32 {
  const zeros = f32x4.splat(0);
  const end = a + ((dim & ~3) << 2);
  let sum = zeros;
  for (; a < end; a += 16, b += 16) sum = madd(v128.load(a), v128.load(b), sum);
  if (dim & 3) sum = madd(loadTail(a, dim & 3, zeros), loadTail(b, dim & 3, zeros), sum);
  return sumLanes(sum);
}

export function sumLanes(x: v128): f32 {
  const two = f32x4.add(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1));
  return f32x4.extract_lane(two, 0) + f32x4.extract_lane(two, 1);
}

/** `out = beta * out + Σ_j weights[j] * b[j]` over `count` rows of b, in their order; `beta = 0` never reads `out`. */
export function sumWeighted(
  out: usize,
  weights: usize,
  b: usize,
  stride: usize,
  count: usize,
  dim: usize,
  beta: f32,
): void {
  const end = weights + (count << 2);
  let left = dim;
  for (; left >= 16; left -= 16, b += 64, out += 64) {
    let c0 = scaled(out, beta);
    let c1 = scaled(out + 16, beta);
    let c2 = scaled(out + 32, beta);
    let c3 = scaled(out + 48, beta);
    for (let w = weights, row = b; w < end; w += 4, row += stride) {
      const weight = v128.load32_splat(w);
      c0 = madd(weight, v128.load(row), c0);
      c1 = madd(weight, v128.load(row, 16), c1);
      c2 = madd(weight, v128.load(row, 32), c2);
      c3 = madd(weight, v128.load(row, 48), c3);
    }
    v128.store(out, c0);
    v128.store(out, c1, 16);
    v128.store(out, c2, 32);
    v128.store(out, c3, 48);
  }
  for (; left > 0; left -= min(left, 4), b += 16, out += 16) {
    const size = min(left, 4);
    const zeros = f32x4.splat(0);
    let c = beta === 0 ? zeros : f32x4.mul(f32x4.splat(beta), loadTail(out, size, zeros));
    for (let w = weights, row = b; w < end; w += 4, row += stride) {
      c = madd(v128.load32_splat(w), loadTail(row, size, zeros), c);
    }
    storeTail(out, c, size);
  }
}

function scaled(from: usize, beta: f32): v128 {
  return beta === 0 ? f32x4.splat(0) : f32x4.mul(f32x4.splat(beta), v128.load(from));
}

/** `x *= factor` for `count` numbers; a factor of 0 sets them to 0 without reading them. */
export function scaleBy(x: usize, count: usize, factor: f32): void {
  if (factor === 1) return;
  if (factor === 0) {
    memory.fill(x, 0, count << 2);
    return;
  }
  const factors = f32x4.splat(factor);
  const zeros = f32x4.splat(0);
  const end = x + ((count & ~3) << 2);
  for (; x < end; x += 16) v128.store(x, f32x4.mul(v128.load(x), factors));
  if (count & 3) storeTail(x, f32x4.mul(loadTail(x, count & 3, zeros), factors), count & 3);
}

/** Numbers of a row of scores, of whole vectors. */
export function widthOf(keys: usize): usize {
  return (keys + 3) & ~3;
}
