// One SGD step without momentum, in place, with the fields of hyper:
//   p −= learningRate * (grad + weightDecay * p)
//
// The numbers of the step lie in device memory, so that the step can be recorded once and replayed.

fn element(i: u32) {
  param[i] -= hyper.learningRate * (grad[i] + hyper.weightDecay * param[i]);
}
