// out[r] = sqrt(Σ_s x[r,s]), in order.

fn element(i: u32) {
  var sum = 0.0;
  for (var s = 0u; s < params.stretches; s++) {
    sum += x[i * params.stretches + s];
  }
  out[i] = sqrt(sum);
}
