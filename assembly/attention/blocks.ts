/**
 * Blocks of query rows with all heads that read one head of k, as matrices in scratch memory: `group` rows, one for each
 * head, stand for one row of q.
 */
import { ElementType } from '../commands.gen';
import { matmulPanels, PACKED_A_BYTES } from '../matmul/panels';
import { Product } from '../matmul/product';
import { HEAD_BYTES, SPILL_OFFSET } from '../matmul/scratch';
import { boundOf, widthOf } from './keyRows';

/** Rows of a block and keys at a time: fewer where a row is long, so that everything fits into scratch memory. */
const BLOCK_ROWS: usize = 96;
const BLOCK_KEYS: usize = 256;
const SMALL_DIM: usize = 128;
const LARGEST_DIM: usize = 256;

/** Bytes of a packed operand, `[keys, dim]`; of scores, `[rows, keys]`; of rows, `[rows, dim]`; the same for both kinds of dim. */
const PACKED_BYTES: usize = (BLOCK_KEYS * SMALL_DIM) << 2;
const SCORE_BYTES: usize = (BLOCK_ROWS * BLOCK_KEYS) << 2;
const ROW_BYTES: usize = (BLOCK_ROWS * SMALL_DIM) << 2;
const STATE_BYTES: usize = BLOCK_ROWS << 4;
const AREAS: usize = HEAD_BYTES + PACKED_A_BYTES + PACKED_BYTES;

/** Scratch memory of the blocks in bytes: less than that of matmul. */
export const BLOCK_BYTES: usize = AREAS + 2 * SCORE_BYTES + 3 * ROW_BYTES + STATE_BYTES;

/** Number of rows from which packing keys pays off. */
const FEW_ROWS: usize = 8;

/** Where parts of the scratch memory begin. */
export function scoresAt(scratch: usize): usize {
  return scratch + AREAS;
}
export function gradientsAt(scratch: usize): usize {
  return scratch + AREAS + SCORE_BYTES;
}
export function queriesAt(scratch: usize): usize {
  return scratch + AREAS + 2 * SCORE_BYTES;
}
export function outputsAt(scratch: usize): usize {
  return scratch + AREAS + 2 * SCORE_BYTES + ROW_BYTES;
}
export function sumsAt(scratch: usize): usize {
  return scratch + AREAS + 2 * SCORE_BYTES + 2 * ROW_BYTES;
}
export function statesAt(scratch: usize): usize {
  return scratch + AREAS + 2 * SCORE_BYTES + 3 * ROW_BYTES;
}

/** Rows of q in a block; 0 where rows are better processed one by one. */
export function rowsOfBlock(rows: usize, group: usize, dim: usize): usize {
  if (rows < FEW_ROWS || dim > LARGEST_DIM) return 0;
  return (dim <= SMALL_DIM ? BLOCK_ROWS : BLOCK_ROWS / 2) / group;
}

export function keysOfBlock(dim: usize): usize {
  return dim <= SMALL_DIM ? BLOCK_KEYS : BLOCK_KEYS / 2;
}

/** The first key from `from` on, below `limit`, that one of the rows sees; `limit` when there is none. */
export function firstSeen(ranges: usize, row: usize, rows: usize, from: usize, limit: usize): usize {
  let first = limit;
  for (const end = row + rows; row < end; row++) {
    for (let stretch: usize = 0; stretch < 4; stretch += 2) {
      const start = max(boundOf(ranges, row, stretch, limit), from);
      if (start < boundOf(ranges, row, stretch + 1, limit)) first = min(first, start);
    }
  }
  return first;
}

/** The end, at most `limit`, of the run of keys from `from` on of which each is seen by one of the rows. */
export function endOfSeen(ranges: usize, row: usize, rows: usize, from: usize, limit: usize): usize {
  let end = from;
  let before = from;
  do {
    before = end;
    for (let i = row; i < row + rows; i++) {
      for (let stretch: usize = 0; stretch < 4; stretch += 2) {
        if (boundOf(ranges, i, stretch, limit) <= end) end = max(end, boundOf(ranges, i, stretch + 1, limit));
      }
    }
  } while (end !== before && end < limit);
  return end;
}

/** `out = alpha * a b + beta * out` in strides: bytes from a row or column to the next, and along k. */
export function multiply(
  out: usize,
  outRow: usize,
  a: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  bStep: usize,
  bCol: usize,
  m: usize,
  k: usize,
  n: usize,
  alpha: f32,
  beta: f32,
  scratch: usize,
): void {
  const product = changetype<Product>(scratch);
  product.m = m;
  product.k = k;
  product.n = n;
  product.a = a;
  product.aRow = aRow;
  product.aStep = aStep;
  product.b = b;
  product.bType = ElementType.f32;
  product.bStep = bStep;
  product.bCol = bCol;
  product.out = out;
  product.outRow = outRow;
  product.outCol = 4;
  product.alpha = alpha;
  product.beta = beta;
  product.bias = 0;
  product.isTransposed = false;
  product.spill = scratch + SPILL_OFFSET;
  product.packedA = scratch + HEAD_BYTES;
  product.packedB = scratch + HEAD_BYTES + PACKED_A_BYTES;
  matmulPanels(product, true);
}

/** Copies `rows` pieces of `bytes`, `fromRow` bytes apart, to others that are `toRow` bytes apart. */
export function copyRows(
  to: usize,
  toRow: usize,
  from: usize,
  fromRow: usize,
  rows: usize,
  bytes: usize,
): void {
  for (const end = from + rows * fromRow; from < end; from += fromRow, to += toRow)
    memory.copy(to, from, bytes);
}

/**
 * Sets the scores of keys that a row does not see to −infinity, for `count` keys from `first` on, to the end of the last vector.
 * Returns whether it sees any.
 */
export function hideUnseen(scores: usize, ranges: usize, row: usize, first: usize, count: usize): bool {
  const end = first + count;
  const from = max(boundOf(ranges, row, 0, end), first);
  const to = max(boundOf(ranges, row, 1, end), from);
  const prefixFrom = max(boundOf(ranges, row, 2, end), first);
  const prefixTo = max(boundOf(ranges, row, 3, end), prefixFrom);
  const isFirst = to === from || (prefixTo > prefixFrom && prefixFrom < from);
  const start = isFirst ? prefixFrom : from;
  const stop = isFirst ? prefixTo : to;
  const nextStart = max(isFirst ? from : prefixFrom, stop);
  const nextStop = max(isFirst ? to : prefixTo, nextStart);
  const width = widthOf(count);
  hide(scores, 0, start - first);
  hide(scores, stop - first, nextStop > nextStart ? nextStart - first : width);
  if (nextStop > nextStart) hide(scores, nextStop - first, width);
  return stop > start || nextStop > nextStart;
}

function hide(scores: usize, from: usize, to: usize): void {
  const lowest = f32x4.splat(-Infinity);
  let at = scores + (from << 2);
  const end = scores + (to << 2);
  for (; at + 16 <= end; at += 16) v128.store(at, lowest);
  for (; at < end; at += 4) store<f32>(at, -Infinity);
}
