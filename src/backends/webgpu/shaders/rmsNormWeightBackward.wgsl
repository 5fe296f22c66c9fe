// Sums over stretches of rows: sums[s,c] = Σ_r x[r,c] * scales[r] * dOut[r,c] for r from s * stretch, `stretch` rows or the
// remaining ones. One thread per element of sums, which it sums up in order, the same each time.

fn element(i: u32) {
  let first = i / params.cols * params.stretch;
  let end = min(first + params.stretch, params.rows);
  var sum = 0.0;
  var at = first * params.cols + i % params.cols;
  for (var r = first; r < end; r++) {
    sum += x[at] * scales[r] * dOut[at];
    at += params.cols;
  }
  sums[i] = sum;
}
