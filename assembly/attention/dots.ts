import { dot } from './keyRows';

/** `stats[i,h,1] = Σ_d dOut[i,h,d] out[i,h,d]`, the mean of a row's gradient under its softmax, for `rows` rows of `heads`. */
export function attentionDots(
  stats: usize,
  out: usize,
  dOut: usize,
  rows: usize,
  heads: usize,
  dim: usize,
  part: usize,
  parts: usize,
): void {
  const headBytes = dim << 2;
  const units = rows * heads;
  const end = (units * (part + 1)) / parts;
  for (let unit = (units * part) / parts; unit < end; unit++) {
    store<f32>(stats + (unit << 3), dot(out + unit * headBytes, dOut + unit * headBytes, dim), 4);
  }
}
