import { log } from '../math';
import {
  copyRows,
  endOfSeen,
  firstSeen,
  hideUnseen,
  keysOfBlock,
  multiply,
  outputsAt,
  queriesAt,
  rowsOfBlock,
  scoresAt,
  statesAt,
} from './blocks';
import { scaleBy, widthOf } from './keyRows';
import { expOf, expRow, largest } from './softmax';

/** The forward pass, a block of rows and the heads of one head of k at a time; parameters as in attention. */
export function attentionBlocks(
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
  const rowBytes = heads * headBytes;
  const stride = kvHeads * headBytes;
  const group = heads / kvHeads;
  const most = rowsOfBlock(rows, group, dim);
  const outputs = outputsAt(scratch);
  const units = ((rows + most - 1) / most) * kvHeads;
  // Blocks are distributed to the shares in turn, because later blocks often see more keys.
  for (let unit = part; unit < units; unit += parts) {
    const head = unit % kvHeads;
    const row = (unit / kvHeads) * most;
    const count = min(most, rows - row);
    const place = row * rowBytes + head * group * headBytes;
    copyRows(queriesAt(scratch), group * headBytes, q + place, rowBytes, count, group * headBytes);
    const at = head * headBytes;
    const m = count * group;
    begin(outputs, statesAt(scratch), m, dim);
    let first = firstSeen(ranges, row, count, 0, keys);
    while (first < keys) {
      const end = endOfSeen(ranges, row, count, first, min(first + keysOfBlock(dim), keys));
      const seen = end - first;
      const scores = scoresAt(scratch);
      const scoreRow = widthOf(seen) << 2;
      const from = at + first * stride;
      multiply(
        scores,
        scoreRow,
        queriesAt(scratch),
        headBytes,
        4,
        k + from,
        4,
        stride,
        m,
        dim,
        seen,
        scale,
        0,
        scratch,
      );
      weigh(scores, ranges, row, count, group, first, seen, dim, scratch);
      multiply(outputs, headBytes, scores, scoreRow, 4, v + from, stride, 4, m, seen, dim, 1, 1, scratch);
      first = firstSeen(ranges, row, count, end, keys);
    }
    finish(stats + ((row * heads + head * group) << 3), heads, count, group, dim, scratch);
    copyRows(out + place, rowBytes, outputs, group * headBytes, count, group * headBytes);
  }
}

/** Initialises the sums: for each row the largest score, and the sum of exponentials in 8 bytes. */
function begin(outputs: usize, states: usize, m: usize, dim: usize): void {
  memory.fill(outputs, 0, (m * dim) << 2);
  for (const end = states + (m << 4); states < end; states += 16) {
    store<f32>(states, -Infinity);
    store<f64>(states, 0, 8);
  }
}

/** Turns scores into weights, and scales the outputs so far down where a score is larger than all before. */
function weigh(
  scores: usize,
  ranges: usize,
  row: usize,
  rows: usize,
  group: usize,
  first: usize,
  count: usize,
  dim: usize,
  scratch: usize,
): void {
  const width = widthOf(count);
  let state = statesAt(scratch);
  let output = outputsAt(scratch);
  for (const end = row + rows; row < end; row++) {
    for (let h: usize = 0; h < group; h++, state += 16, output += dim << 2, scores += width << 2) {
      if (!hideUnseen(scores, ranges, row, first, count)) {
        memory.fill(scores, 0, width << 2);
        continue;
      }
      const most = load<f32>(state);
      const larger = max<f32>(most, largest(scores, width));
      const sum = load<f64>(state, 8);
      const before: f32 = sum === 0 ? 0 : expOf(most - larger);
      store<f64>(state, sum * <f64>before + <f64>expRow(scores, width, larger), 8);
      store<f32>(state, larger);
      scaleBy(output, dim, before);
    }
  }
}

/** Divides the outputs by their sums, and writes the stats of each row's heads. */
function finish(stats: usize, heads: usize, rows: usize, group: usize, dim: usize, scratch: usize): void {
  let state = statesAt(scratch);
  let output = outputsAt(scratch);
  for (let row: usize = 0; row < rows; row++, stats += heads << 3) {
    for (let h: usize = 0; h < group; h++, state += 16, output += dim << 2) {
      const sum = load<f64>(state, 8);
      const isEmpty = sum === 0;
      scaleBy(output, dim, isEmpty ? 0 : <f32>(1 / sum));
      store<f32>(stats + (h << 3), isEmpty ? 0 : load<f32>(state) + <f32>log(sum));
      store<f32>(stats + (h << 3), 0, 4);
    }
  }
}
