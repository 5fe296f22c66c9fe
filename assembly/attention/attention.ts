/** Attention of query rows over ranges of keys. */
import { log } from '../math';
import { boundOf, CHUNK, dotRows, expOf, expShifted, largest, scaleBy, sumWeighted } from './keyRows';

/**
 * `out[i,h] = Σ_j softmax_j(scale q[i,h] · k[j,g]) v[j,g]` over the keys j that `ranges[i]` lets row i see, where
 * g = ⌊h / (heads / kvHeads)⌋, and the logarithm of the softmax's denominator in `stats[i,h,0]`; `stats[i,h,1]` becomes 0.
 * `q` and `out` are `[rows, heads · dim]`, `k` and `v` `[keys, kvHeads · dim]`, `ranges` `[rows, 4]`.
 *
 * Keys are taken CHUNK at a time: what was summed up is scaled down where a chunk has a larger score, so that no
 * exponent is above 0. Does the `part`-th of `parts` shares: whole rows of a head.
 */
export function attention(
  out: usize,
  stats: usize,
  q: usize,
  k: usize,
  v: usize,
  ranges: usize,
  rows: usize,
  keys: usize,
  heads: usize,
  kvHeads: usize,
  dim: usize,
  scale: f32,
  scratch: usize,
  part: usize,
  parts: usize,
): void {
  const headBytes = dim << 2;
  const stride = kvHeads * headBytes;
  const group = heads / kvHeads;
  // Shares take turns, because later rows often see more.
  for (let unit = part; unit < rows * heads; unit += parts) {
    const row = unit / heads;
    const place = ((unit % heads) / group) * headBytes;
    const to = out + unit * headBytes;
    const from = q + unit * headBytes;
    let most: f32 = -Infinity;
    let sum: f64 = 0;
    let before: f32 = 0;
    for (let stretch: usize = 0; stretch < 4; stretch += 2) {
      const end = boundOf(ranges, row, stretch + 1, keys);
      for (let j = boundOf(ranges, row, stretch, keys); j < end; j += CHUNK) {
        const count = min(CHUNK, end - j);
        const at = place + j * stride;
        dotRows(scratch, from, k + at, stride, count, dim, scale);
        const larger = max<f32>(most, largest(scratch, count));
        // Of the first chunk nothing is read: there beta is 0.
        if (sum !== 0) before = expOf(most - larger);
        most = larger;
        sum = sum * <f64>before + <f64>expShifted(scratch, count, most);
        sumWeighted(to, scratch, v + at, stride, count, dim, before);
      }
    }
    const isEmpty = sum === 0;
    scaleBy(to, dim, isEmpty ? 0 : <f32>(1 / sum));
    store<f32>(stats + (unit << 3), isEmpty ? 0 : most + <f32>log(sum));
    store<f32>(stats + (unit << 3), 0, 4);
  }
}
