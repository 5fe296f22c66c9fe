// out[i] = gate[i] σ(gate[i]) * up[i] + beta * out[i] with σ(x) = 1 / (1 + exp(−x)). With beta = 0 out is never read.

fn element(i: u32) {
  var value = gate[i] / (1.0 + exp(-gate[i])) * up[i];
  if (params.beta != 0.0) {
    value += params.beta * out[i];
  }
  out[i] = value;
}
