/** The backward pass, a block of rows and the heads of one head of k at a time. */
import { madd } from '../simd';
import {
  copyRows,
  endOfSeen,
  firstSeen,
  gradientsAt,
  hideUnseen,
  keysOfBlock,
  multiply,
  outputsAt,
  queriesAt,
  rowsOfBlock,
  scoresAt,
  sumsAt,
} from './blocks';
import { scaleBy, widthOf } from './keyRows';
import { expRow, scoreGradients } from './softmax';

/** Keys of a share: fewer than a block has, so that there are enough shares. */
const SHARE_KEYS: usize = 128;

/** Parameters as in attentionQueriesBackward. */
export function queriesBlocks(
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
  const headBytes = dim << 2;
  const rowBytes = heads * headBytes;
  const stride = kvHeads * headBytes;
  const group = heads / kvHeads;
  const most = rowsOfBlock(rows, group, dim);
  const sums = sumsAt(scratch);
  const gradients = gradientsAt(scratch);
  const units = ((rows + most - 1) / most) * kvHeads;
  for (let unit = part; unit < units; unit += parts) {
    const head = unit % kvHeads;
    const row = (unit / kvHeads) * most;
    const count = min(most, rows - row);
    const m = count * group;
    const place = row * rowBytes + head * group * headBytes;
    gather(q + place, dOut + place, rowBytes, group * headBytes, count, scratch);
    memory.fill(sums, 0, m * headBytes);
    const ofRows = stats + ((row * heads + head * group) << 3);
    let first = firstSeen(ranges, row, count, 0, keys);
    while (first < keys) {
      const end = endOfSeen(ranges, row, count, first, min(first + keysOfBlock(dim), keys));
      const seen = end - first;
      const from = head * headBytes + first * stride;
      weighAgain(
        k + from,
        stride,
        ofRows,
        heads,
        ranges,
        row,
        count,
        group,
        first,
        seen,
        dim,
        scale,
        scratch,
      );
      toScores(v + from, stride, ofRows, heads, count, group, seen, dim, scale, scratch);
      multiply(
        sums,
        headBytes,
        gradients,
        widthOf(seen) << 2,
        4,
        k + from,
        stride,
        4,
        m,
        seen,
        dim,
        1,
        1,
        scratch,
      );
      first = firstSeen(ranges, row, count, end, keys);
    }
    addRows(dQ + place, rowBytes, sums, group * dim, count, beta);
  }
}

/** Parameters as in attentionKeysBackward. */
export function keysBlocks(
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
  const headBytes = dim << 2;
  const rowBytes = heads * headBytes;
  const stride = kvHeads * headBytes;
  const group = heads / kvHeads;
  const most = rowsOfBlock(rows, group, dim);
  const scores = scoresAt(scratch);
  const gradients = gradientsAt(scratch);
  const units = ((keys + SHARE_KEYS - 1) / SHARE_KEYS) * kvHeads;
  for (let unit = part; unit < units; unit += parts) {
    const head = unit % kvHeads;
    const start = (unit / kvHeads) * SHARE_KEYS;
    const limit = min(start + SHARE_KEYS, keys);
    scaleKeys(dK, head * headBytes, stride, start, limit, dim, beta);
    scaleKeys(dV, head * headBytes, stride, start, limit, dim, beta);
    for (let row: usize = 0; row < rows; row += most) {
      const count = min(most, rows - row);
      let first = firstSeen(ranges, row, count, start, limit);
      if (first === limit) continue;
      const m = count * group;
      const place = row * rowBytes + head * group * headBytes;
      gather(q + place, dOut + place, rowBytes, group * headBytes, count, scratch);
      const ofRows = stats + ((row * heads + head * group) << 3);
      while (first < limit) {
        const end = endOfSeen(ranges, row, count, first, limit);
        const n = end - first;
        const from = head * headBytes + first * stride;
        const width = widthOf(n) << 2;
        weighAgain(k + from, stride, ofRows, heads, ranges, row, count, group, first, n, dim, scale, scratch);
        if (dV) {
          const right = outputsAt(scratch);
          multiply(dV + from, stride, scores, 4, width, right, headBytes, 4, n, m, dim, 1, 1, scratch);
        }
        if (dK) {
          const right = queriesAt(scratch);
          toScores(v + from, stride, ofRows, heads, count, group, n, dim, scale, scratch);
          multiply(dK + from, stride, gradients, 4, width, right, headBytes, 4, n, m, dim, 1, 1, scratch);
        }
        first = firstSeen(ranges, row, count, end, limit);
      }
    }
  }
}

/** Multiplies the gradients of keys `first` … `end` by beta before they are added to; none where the address is 0. */
function scaleKeys(
  gradients: usize,
  place: usize,
  stride: usize,
  first: usize,
  end: usize,
  dim: usize,
  beta: f32,
): void {
  if (gradients === 0) return;
  for (let j = first; j < end; j++) scaleBy(gradients + place + j * stride, dim, beta);
}

/** Copies a block's rows of q and dOut to the areas of queries and outputs. */
function gather(q: usize, dOut: usize, rowBytes: usize, bytes: usize, count: usize, scratch: usize): void {
  copyRows(queriesAt(scratch), bytes, q, rowBytes, count, bytes);
  copyRows(outputsAt(scratch), bytes, dOut, rowBytes, count, bytes);
}

/** Computes the probabilities of `seen` keys from `k` on again, in place of the scores; 0 where a row does not see one. */
function weighAgain(
  k: usize,
  stride: usize,
  stats: usize,
  heads: usize,
  ranges: usize,
  row: usize,
  rows: usize,
  group: usize,
  first: usize,
  seen: usize,
  dim: usize,
  scale: f32,
  scratch: usize,
): void {
  const width = widthOf(seen);
  const headBytes = dim << 2;
  let scores = scoresAt(scratch);
  const m = rows * group;
  multiply(
    scores,
    width << 2,
    queriesAt(scratch),
    headBytes,
    4,
    k,
    4,
    stride,
    m,
    dim,
    seen,
    scale,
    0,
    scratch,
  );
  for (const end = row + rows; row < end; row++, stats += heads << 3) {
    for (let h: usize = 0; h < group; h++, scores += width << 2) {
      hideUnseen(scores, ranges, row, first, seen);
      expRow(scores, width, load<f32>(stats + (h << 3)));
    }
  }
}

/** Computes the gradients of the scores from the probabilities, in a separate area. */
function toScores(
  v: usize,
  stride: usize,
  stats: usize,
  heads: usize,
  rows: usize,
  group: usize,
  seen: usize,
  dim: usize,
  scale: f32,
  scratch: usize,
): void {
  const width = widthOf(seen);
  let scores = scoresAt(scratch);
  let gradients = gradientsAt(scratch);
  const m = rows * group;
  multiply(gradients, width << 2, outputsAt(scratch), dim << 2, 4, v, 4, stride, m, dim, seen, 1, 0, scratch);
  for (let row: usize = 0; row < rows; row++, stats += heads << 3) {
    for (let h: usize = 0; h < group; h++, scores += width << 2, gradients += width << 2) {
      scoreGradients(gradients, scores, width, load<f32>(stats + (h << 3), 4), scale);
    }
  }
}

/** `out = x + beta * out` for rows of `count` numbers; `beta = 0` never reads `out`. */
function addRows(out: usize, rowBytes: usize, x: usize, count: usize, rows: usize, beta: f32): void {
  if (beta === 0) {
    copyRows(out, rowBytes, x, count << 2, rows, count << 2);
    return;
  }
  const betas = f32x4.splat(beta);
  const vectorBytes = (count & ~3) << 2;
  for (let r: usize = 0; r < rows; r++, out += rowBytes, x += count << 2) {
    let at: usize = 0;
    for (; at < vectorBytes; at += 16) {
      v128.store(out + at, madd(betas, v128.load(out + at), v128.load(x + at)));
    }
    for (; at < count << 2; at += 4) store<f32>(out + at, beta * load<f32>(out + at) + load<f32>(x + at));
  }
}
