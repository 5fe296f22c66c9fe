// out[i] = alpha * x[i] + beta * out[i]. With beta = 0 out is never read.

fn element(i: u32) {
  var value = params.alpha * x[i];
  if (params.beta != 0.0) {
    value += params.beta * out[i];
  }
  out[i] = value;
}
