/** Mean softmax cross-entropy and its gradient in one pass over the rows. */
import { log } from './math';
import { expRow, fillRow, rowMax, scaleRow } from './softmaxRows';

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
      fillRow(dLogits, cols, NaN);
      total = NaN;
    }
    logits += cols << 2;
    dLogits += cols << 2;
  }
  store<f32>(loss, <f32>(total / <f64>rows));
}
