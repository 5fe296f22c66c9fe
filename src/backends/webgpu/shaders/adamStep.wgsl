// One Adam step, in place, with the fields of hyper:
//   g = grad + weightDecay * p          p −= decoupledDecay * p
//   m += (1 − beta1)(g − m)             v = beta2 v + (1 − beta2) g²
//   p −= stepSize * m / (√v / biasCorrection2Sqrt + eps)
//
// The numbers of the step lie in device memory, so that the step can be recorded once and replayed.

fn element(i: u32) {
  let old = param[i];
  let g = grad[i] + hyper.weightDecay * old;
  let mean = m[i] + hyper.oneMinusBeta1 * (g - m[i]);
  let square = hyper.beta2 * v[i] + hyper.oneMinusBeta2 * g * g;
  m[i] = mean;
  v[i] = square;
  let decayed = old - hyper.decoupledDecay * old;
  param[i] = decayed - hyper.stepSize * mean / (sqrt(square) / hyper.biasCorrection2Sqrt + hyper.eps);
}
