import { log } from '../math';
import { boundOf, dotRows, scaleBy, sumWeighted, widthOf } from './keyRows';
import { expOf, expRow, largest } from './softmax';

/** Keys at a time: those of all heads stay in the cache while each head reads its own. */
const CHUNK: usize = 64;

/**
 * The forward pass, a row at a time; parameters as in attention. Keys are read in their order, once for all heads that a
 * share has of a row, which matters where a single row passes over a long cache.
 */
export function attentionRows(
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
  const firstHead = ((kvHeads * part) / parts) * group;
  const endHead = ((kvHeads * (part + 1)) / parts) * group;
  for (let row: usize = 0; row < rows; row++) {
    const unit = row * heads;
    for (let h = firstHead; h < endHead; h++) {
      // The largest score so far; beside it the sum of the exponentials, which is 0 before the first key.
      store<f32>(stats + ((unit + h) << 3), -Infinity);
      store<f32>(stats + ((unit + h) << 3), 0, 4);
    }
    for (let stretch: usize = 0; stretch < 4; stretch += 2) {
      const end = boundOf(ranges, row, stretch + 1, keys);
      for (let j = boundOf(ranges, row, stretch, keys); j < end; j += CHUNK) {
        const count = min(CHUNK, end - j);
        for (let h = firstHead; h < endHead; h++) {
          const own = (unit + h) * headBytes;
          const at = (h / group) * headBytes + j * stride;
          dotRows(scratch, q + own, k + at, stride, count, dim, scale);
          const before = weigh(scratch, count, stats + ((unit + h) << 3));
          sumWeighted(out + own, scratch, v + at, stride, count, dim, before);
        }
      }
    }
    for (let h = firstHead; h < endHead; h++) {
      finish(out + (unit + h) * headBytes, stats + ((unit + h) << 3), dim);
    }
  }
}

/** Turns scores into weights; returns the factor for scaling the sums so far down, 0 where there are none. */
function weigh(scores: usize, count: usize, state: usize): f32 {
  const most = load<f32>(state);
  const sum = load<f32>(state, 4);
  const larger = max<f32>(most, largest(scores, count));
  const before: f32 = sum === 0 ? 0 : expOf(most - larger);
  store<f32>(state, larger);
  const end = scores + (widthOf(count) << 2);
  for (let x = scores + (count << 2); x < end; x += 4) store<f32>(x, -Infinity);
  store<f32>(state, sum * before + expRow(scores, widthOf(count), larger), 4);
  return before;
}

function finish(out: usize, state: usize, dim: usize): void {
  const sum = load<f32>(state, 4);
  const isEmpty = sum === 0;
  scaleBy(out, dim, isEmpty ? 0 : 1 / sum);
  store<f32>(state, isEmpty ? 0 : load<f32>(state) + <f32>log(sum));
  store<f32>(state, 0, 4);
}
