/** Cross-entropy of each row and its gradient, in place of the logits. */
import { log } from './math';
import { expRow, fillRow, rowMax, scaleRow } from './softmaxRows';

/**
 * With t = targets[r] and s = scale[0]: `losses[r] = s (log Σ_c exp(logits[r,c]) − logits[r,t])`, then
 * `logits[r,c] = s (softmax(logits[r])[c] − [c = t])`; logits `[rows, cols]` f32, targets `[rows]` i32, losses `[rows]`. A
 * target below 0 makes both 0, one of cols or more makes both NaN.
 *
 * Per row: the maximum; `exp(x − max)` in the place of x with its sum in float64; the division. Four columns are in the four
 * lanes.
 */
export function vocabularyLoss(
  losses: usize,
  logits: usize,
  targets: usize,
  scale: usize,
  rows: usize,
  cols: usize,
): void {
  const factor = load<f32>(scale);
  for (let r: usize = 0; r < rows; r++, losses += 4, targets += 4, logits += cols << 2) {
    const target = load<i32>(targets);
    if (target < 0 || <usize>target >= cols) {
      const value: f32 = target < 0 ? 0 : NaN;
      fillRow(logits, cols, value);
      store<f32>(losses, value);
      continue;
    }
    const atTarget = logits + ((<usize>target) << 2);
    const logit = <f64>load<f32>(atTarget);
    const max = rowMax(logits, cols);
    const sum = expRow(logits, logits, cols, max);
    scaleRow(logits, cols, <f32>(<f64>factor / sum));
    store<f32>(atTarget, load<f32>(atTarget) - factor);
    store<f32>(losses, <f32>(<f64>factor * (log(sum) + (<f64>max - logit))));
  }
}
