// out[i] = x[i] * factor[0] + beta * out[i]. With beta = 0 out is never read.

fn element(i: u32) {
  var value = x[i] * factor[0];
  if (params.beta != 0.0) {
    value += params.beta * out[i];
  }
  out[i] = value;
}
