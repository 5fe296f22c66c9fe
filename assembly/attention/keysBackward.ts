import { loadTail, madd, storeTail } from '../simd';
import { keysBlocks } from './backwardBlocks';
import { rowsOfBlock } from './blocks';
import { boundOf, CHUNK_BYTES, dotRows, scaleBy, widthOf } from './keyRows';
import { expRow, scoreGradients } from './softmax';

/** Keys of a share. */
const BLOCK: usize = 64;

/**
 * `dK[j,g] = Σ dS[i,h,j] q[i,h] + beta * dK[j,g]` and `dV[j,g] = Σ P[i,h,j] dOut[i,h] + beta * dV[j,g]` over all rows i, in
 * their order, that see key j, and heads h of g; P and dS as in attentionQueriesBackward. `beta = 0` reads neither. An
 * address 0 stands for a gradient that is not needed.
 */
export function attentionKeysBackward(
  dK: usize,
  dV: usize,
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
    keysBlocks(
      dK,
      dV,
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
  const units = ((keys + BLOCK - 1) / BLOCK) * kvHeads;
  for (let unit = part; unit < units; unit += parts) {
    const place = (unit % kvHeads) * headBytes;
    const first = (unit / kvHeads) * BLOCK;
    const last = min(first + BLOCK, keys);
    for (let j = first; j < last; j++) {
      if (dK) scaleBy(dK + place + j * stride, dim, beta);
      if (dV) scaleBy(dV + place + j * stride, dim, beta);
    }
    for (let row: usize = 0; row < rows; row++) {
      for (let stretch: usize = 0; stretch < 4; stretch += 2) {
        const from = max(boundOf(ranges, row, stretch, keys), first);
        const end = min(boundOf(ranges, row, stretch + 1, keys), last);
        if (from >= end) continue;
        const count = end - from;
        const at = place + from * stride;
        const firstHead = row * heads + (unit % kvHeads) * group;
        for (let each = firstHead; each < firstHead + group; each++) {
          const own = each * headBytes;
          const stat = stats + (each << 3);
          dotRows(scratch, q + own, k + at, stride, count, dim, scale);
          expRow(scratch, widthOf(count), load<f32>(stat));
          if (dV) addOuter(dV + at, scratch, dOut + own, stride, count, dim);
          if (!dK) continue;
          dotRows(gradients, dOut + own, v + at, stride, count, dim, 1);
          scoreGradients(gradients, scratch, widthOf(count), load<f32>(stat, 4), scale);
          addOuter(dK + at, gradients, q + own, stride, count, dim);
        }
      }
    }
  }
}

/** `out[j] += weights[j] * x` for `count` rows of out. */
function addOuter(out: usize, weights: usize, x: usize, stride: usize, count: usize, dim: usize): void {
  const zeros = f32x4.splat(0);
  const vectorEnd = x + ((dim & ~3) << 2);
  const tail = dim & 3;
  for (let j: usize = 0; j < count; j++, out += stride) {
    const weight = v128.load32_splat(weights + (j << 2));
    let to = out;
    for (let from = x; from < vectorEnd; from += 16, to += 16) {
      v128.store(to, madd(weight, v128.load(from), v128.load(to)));
    }
    if (tail) storeTail(to, madd(weight, loadTail(vectorEnd, tail, zeros), loadTail(to, tail, zeros)), tail);
  }
}
