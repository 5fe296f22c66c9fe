/** The softmax and its gradient again, from what the forward pass kept of them. */
import { expNonPositive } from '../math';

/** `p[j] = exp(p[j] − logSum)` for `count` scores, to the end of the last vector. */
export function probabilities(p: usize, count: usize, logSum: f32): void {
  const shift = f32x4.splat(logSum);
  const zeros = f32x4.splat(0);
  for (const end = p + (count << 2); p < end; p += 16) {
    // A rounded logarithm may be below the largest score.
    v128.store(p, expNonPositive(f32x4.min(f32x4.sub(v128.load(p), shift), zeros)));
  }
}

/** `d[j] = scale * p[j] (d[j] − mean)`: from the gradients of probabilities to those of products of q and k. */
export function scoreGradients(d: usize, p: usize, count: usize, mean: f32, scale: f32): void {
  const means = f32x4.splat(mean);
  const scales = f32x4.splat(scale);
  for (const end = d + (count << 2); d < end; d += 16, p += 16) {
    v128.store(d, f32x4.mul(f32x4.mul(scales, v128.load(p)), f32x4.sub(v128.load(d), means)));
  }
}
