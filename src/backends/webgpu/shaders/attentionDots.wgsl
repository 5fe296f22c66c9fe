// stats[i,h,1] = Σ_d dOut[i,h,d] out[i,h,d]. One thread for each number of stats; only every second one has work.

fn element(i: u32) {
  if (i % 2u == 0u) {
    return;
  }
  let start = i / 2u * params.dim;
  var sum = 0.0;
  for (var d = start; d < start + params.dim; d++) {
    sum += dOut[d] * out[d];
  }
  stats[i] = sum;
}
