/** Attention of query rows over ranges of keys. */

import { matmulScratchBytes } from '../matmul/matmul';
import { BLOCK_BYTES, rowsOfBlock } from './blocks';
import { attentionBlocks } from './forwardBlocks';
import { attentionRows } from './forwardRows';

/**
 * `out[i,h] = Σ_j softmax_j(scale q[i,h] · k[j,g]) v[j,g]` over the keys j that `ranges[i]` lets row i see, where
 * g = ⌊h / (heads / kvHeads)⌋, and the logarithm of the softmax's denominator in `stats[i,h,0]`; `stats[i,h,1]` becomes 0.
 * `q` and `out` are `[rows, heads · dim]`, `k` and `v` `[keys, kvHeads · dim]`, `ranges` `[rows, 4]`.
 *
 * Keys are processed in parts: the sums so far are scaled down where a later key has a larger score, so that no
 * exponent is above 0. Computes the `part`-th of `parts` shares, which together give the same bits as `parts = 1`. `scratch`
 * is that of matmul.
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
  assert(BLOCK_BYTES <= matmulScratchBytes(), 'attention: the scratch memory is too small');
  if (rowsOfBlock(rows, heads / kvHeads, dim) === 0) {
    attentionRows(out, stats, q, k, v, ranges, rows, keys, heads, kvHeads, dim, scale, scratch, part, parts);
  } else {
    attentionBlocks(
      out,
      stats,
      q,
      k,
      v,
      ranges,
      rows,
      keys,
      heads,
      kvHeads,
      dim,
      scale,
      scratch,
      part,
      parts,
    );
  }
}
