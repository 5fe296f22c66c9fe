/** Mean softmax cross-entropy and its gradient in one pass over the rows. */
import { expNonPositive, log } from './math';
import { loadTail, storeTail } from './simd';

/**
 * `loss[0] = mean_r (log Σ_c exp(logits[r,c]) − logits[r,targets[r]])` and
 * `dLogits[r,c] = (softmax(logits[r])[c] − [c = targets[r]]) / rows`,
 * logits and dLogits `[rows, cols]` f32, targets `[rows]` i32.
 *
 * Per row: the maximum; `exp(x − max)` into dLogits with its sum in float64; the division. Four columns
 * are in the four lanes. A target outside 0…cols−1 makes the loss and its row of dLogits NaN.
 */
export function softmaxCrossEntropy(
  loss: usize,
  dLogits: usize,
  logits: usize,
  targets: usize,
  rows: usize,
  cols: usize,
): void {
  assert(rows > 0, 'softmaxCrossEntropy: the batch is empty');
  let total: f64 = 0;
  for (let r: usize = 0; r < rows; r++) {
    const target = load<u32>(targets + (r << 2));
    if (<usize>target < cols) {
      const max = rowMax(logits, cols);
      const sum = expRow(dLogits, logits, cols, max);
      scaleRow(dLogits, cols, <f32>(1 / (sum * <f64>rows)));
      const atTarget = dLogits + ((<usize>target) << 2);
      store<f32>(atTarget, load<f32>(atTarget) - <f32>(1 / <f64>rows));
      total += log(sum) + (<f64>max - <f64>load<f32>(logits + ((<usize>target) << 2)));
    } else {
      fillNaN(dLogits, cols);
      total = NaN;
    }
    logits += cols << 2;
    dLogits += cols << 2;
  }
  store<f32>(loss, <f32>(total / <f64>rows));
}

/** The largest of `cols` values, NaN when there is one. */
function rowMax(x: usize, cols: usize): f32 {
  const lowest = f32x4.splat(-Infinity);
  const vectorEnd = x + ((cols & ~3) << 2);
  let max = lowest;
  for (; x < vectorEnd; x += 16) max = f32x4.max(max, v128.load(x));
  if (cols & 3) max = f32x4.max(max, loadTail(x, cols & 3, lowest));
  max = f32x4.max(max, v128.shuffle<f32>(max, max, 2, 3, 0, 1));
  max = f32x4.max(max, v128.shuffle<f32>(max, max, 1, 0, 3, 2));
  return f32x4.extract_lane(max, 0);
}

/** `out[c] = exp(x[c] − max)`; returns their sum, added up in two lanes of float64. */
function expRow(out: usize, x: usize, cols: usize, max: f32): f64 {
  const maxes = f32x4.splat(max);
  const vectorEnd = x + ((cols & ~3) << 2);
  const tail = cols & 3;
  let sums = f64x2.splat(0);
  for (; x < vectorEnd; x += 16, out += 16) {
    const e = expNonPositive(f32x4.sub(v128.load(x), maxes));
    v128.store(out, e);
    sums = addLanes(sums, e);
  }
  if (tail) {
    const e = expNonPositive(f32x4.sub(loadTail(x, tail, f32x4.splat(-Infinity)), maxes));
    storeTail(out, e, tail);
    sums = addLanes(sums, e);
  }
  return f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
}

function addLanes(sums: v128, x: v128): v128 {
  const low = f64x2.promote_low_f32x4(x);
  const high = f64x2.promote_low_f32x4(v128.shuffle<f32>(x, x, 2, 3, 2, 3));
  return f64x2.add(sums, f64x2.add(low, high));
}

function scaleRow(x: usize, cols: usize, scale: f32): void {
  const scales = f32x4.splat(scale);
  const end = x + (cols << 2);
  const vectorEnd = x + ((cols & ~3) << 2);
  for (; x < vectorEnd; x += 16) v128.store(x, f32x4.mul(v128.load(x), scales));
  for (; x < end; x += 4) store<f32>(x, load<f32>(x) * scale);
}

function fillNaN(x: usize, cols: usize): void {
  for (const end = x + (cols << 2); x < end; x += 4) store<f32>(x, NaN);
}
