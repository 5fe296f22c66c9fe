// out[r,c] = x[r,c] * factors[c] + beta * out[r,c]. With beta = 0 out is never read.

fn element(i: u32) {
  var value = x[i] * factors[i % params.cols];
  if (params.beta != 0.0) {
    value += params.beta * out[i];
  }
  out[i] = value;
}
