// dX[i] = dOut[i] σ(x[i]) (1 + x[i] (1 − σ(x[i]))) + beta * dX[i] with σ(x) = 1 / (1 + exp(−x)). With beta = 0 dX is never
// read.

fn element(i: u32) {
  let sigmoid = 1.0 / (1.0 + exp(-x[i]));
  var value = dOut[i] * sigmoid * (1.0 + x[i] * (1.0 - sigmoid));
  if (params.beta != 0.0) {
    value += params.beta * dX[i];
  }
  dX[i] = value;
}
