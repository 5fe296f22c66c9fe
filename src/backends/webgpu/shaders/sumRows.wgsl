// Sums of stretches of rows: out[s,c] = Σ_r x[r,c] + beta * out[s,c] for r from s * stretch, `stretch` rows or
// the remaining ones.
//
// x is [rows, cols], out [⌈rows / stretch⌉, cols]: with one stretch the sums over all rows, with more the rows of
// the next, smaller sum. One thread per element of out, which it sums up in order, the same each time.
// With beta = 0 out is never read.

fn element(i: u32) {
  let first = i / params.cols * params.stretch;
  let end = min(first + params.stretch, params.rows);
  var sum = 0.0;
  var at = first * params.cols + i % params.cols;
  for (var r = first; r < end; r++) {
    sum += x[at];
    at += params.cols;
  }
  if (params.beta != 0.0) {
    sum += params.beta * out[i];
  }
  out[i] = sum;
}
