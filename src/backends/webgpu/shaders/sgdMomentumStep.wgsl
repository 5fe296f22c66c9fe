// One SGD step with momentum, in place, with the fields of hyper:
//   g = grad + weightDecay * p          velocity = momentum * velocity + (1 − dampening) g
//   p −= learningRate * (nesterov ? g + momentum * velocity : velocity)
//
// The numbers of the step lie in device memory, so that the step can be recorded once and replayed.

fn element(i: u32) {
  let g = grad[i] + hyper.weightDecay * param[i];
  let fresh = hyper.momentum * velocity[i] + hyper.oneMinusDampening * g;
  velocity[i] = fresh;
  var update = fresh;
  if (hyper.nesterov != 0.0) {
    update = g + hyper.momentum * fresh;
  }
  param[i] -= hyper.learningRate * update;
}
