import { queriesBlocks } from './backwardBlocks';
import { rowsOfBlock } from './blocks';
import { boundOf, CHUNK, CHUNK_BYTES, dotRows, scaleBy, sumWeighted, widthOf } from './keyRows';
import { expRow, scoreGradients } from './softmax';

/**
 * `dQ[i,h] = Σ_j dS[i,h,j] k[j,g] + beta * dQ[i,h]` with `P = exp(scale q · k − stats[i,h,0])`, `dP = dOut[i,h] · v[j,g]` and
 * `dS = scale P (dP − stats[i,h,1])`; sizes as in attention. `beta = 0` never reads `dQ`.
 */
export function attentionQueriesBackward(
  dQ: usize,
  q: usize,
  k: usize,
  v: usize,
  dOut: usize,
  stats: usize,
  ranges: usize,
  rows: usize,
  keys: usize,
  heads: usize,
  kvHeads: usize,
  dim: usize,
  scale: f32,
  beta: f32,
  scratch: usize,
  part: usize,
  parts: usize,
): void {
  if (rowsOfBlock(rows, heads / kvHeads, dim) > 0) {
    queriesBlocks(
      dQ,
      q,
      k,
      v,
      dOut,
      stats,
      ranges,
      rows,
      keys,
      heads,
      kvHeads,
      dim,
      scale,
      beta,
      scratch,
      part,
      parts,
    );
    return;
  }
  const headBytes = dim << 2;
  const stride = kvHeads * headBytes;
  const group = heads / kvHeads;
  const gradients = scratch + CHUNK_BYTES;
  for (let unit = part; unit < rows * heads; unit += parts) {
    const row = unit / heads;
    const place = ((unit % heads) / group) * headBytes;
    const own = unit * headBytes;
    const logSum = load<f32>(stats + (unit << 3));
    const mean = load<f32>(stats + (unit << 3), 4);
    let before = beta;
    let isEmpty = true;
    for (let stretch: usize = 0; stretch < 4; stretch += 2) {
      const end = boundOf(ranges, row, stretch + 1, keys);
      for (let j = boundOf(ranges, row, stretch, keys); j < end; j += CHUNK) {
        const count = min(CHUNK, end - j);
        const at = place + j * stride;
        dotRows(scratch, q + own, k + at, stride, count, dim, scale);
        dotRows(gradients, dOut + own, v + at, stride, count, dim, 1);
        expRow(scratch, widthOf(count), logSum);
        scoreGradients(gradients, scratch, widthOf(count), mean, scale);
        sumWeighted(dQ + own, gradients, k + at, stride, count, dim, before);
        before = 1;
        isEmpty = false;
      }
    }
    if (isEmpty) scaleBy(dQ + own, dim, beta);
  }
}
