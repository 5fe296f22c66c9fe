// dGate[i] = dOut[i] * up[i] * σ(g) (1 + g (1 − σ(g))) + beta * dGate[i] with g = gate[i], σ(x) = 1 / (1 + exp(−x)). With
// beta = 0 dGate is never read.

fn element(i: u32) {
  let sigmoid = 1.0 / (1.0 + exp(-gate[i]));
  var value = dOut[i] * up[i] * sigmoid * (1.0 + gate[i] * (1.0 - sigmoid));
  if (params.beta != 0.0) {
    value += params.beta * dGate[i];
  }
  dGate[i] = value;
}
