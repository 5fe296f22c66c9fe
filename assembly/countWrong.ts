/**
 * Counts predictions per class into counts `[2, cols]` i32, from logits `[rows, cols]` f32 and targets
 * `[rows]` i32: `counts[t] += 1` for each row, and `counts[cols + t] += 1` where the first largest logit is
 * not at `t`, or where the logit at `t` is NaN. A target outside 0…cols−1 is not counted.
 */
export function countWrong(counts: usize, logits: usize, targets: usize, rows: usize, cols: usize): void {
  const rowBytes = cols << 2;
  for (let r: usize = 0; r < rows; r++, logits += rowBytes) {
    const target = <usize>load<u32>(targets + (r << 2));
    if (target >= cols) continue;
    const count = counts + (target << 2);
    store<i32>(count, load<i32>(count) + 1);
    if (isLargest(logits, cols, target)) continue;
    store<i32>(count + rowBytes, load<i32>(count + rowBytes) + 1);
  }
}

/**
 * Whether a scan for the first largest value of a row, which passes over NaN, ends at `target` (and not at
 * NaN).
 */
function isLargest(row: usize, cols: usize, target: usize): bool {
  let best: usize = 0;
  let largest = load<f32>(row);
  for (let c: usize = 1; c < cols; c++) {
    const value = load<f32>(row + (c << 2));
    if (value > largest) {
      largest = value;
      best = c;
    }
  }
  return best === target && largest >= -Infinity;
}
