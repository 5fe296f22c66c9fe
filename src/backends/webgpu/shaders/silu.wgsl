// out[i] = x[i] σ(x[i]) with σ(x) = 1 / (1 + exp(−x)).

fn element(i: u32) {
  out[i] = x[i] / (1.0 + exp(-x[i]));
}
