/** out[row,col] = alpha * sum + beta * out[row,col] + bias[col]; with beta = 0 out is never read. */
fn finish(sum: f32, row: u32, col: u32) {
  var value = params.alpha * sum;
  let at = row * params.n + col;
  if (params.beta != 0.0) {
    value += params.beta * out[at];
  }
  if (params.hasBias != 0u) {
    value += bias[col];
  }
  out[at] = value;
}
