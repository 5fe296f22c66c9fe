/** The gradient of q · k: scale P (dOut · v − stats[1]) with P = exp(score − stats[0]), for vectors that begin at these places. */
fn scoreGradient(own: u32, key: u32, at: u32) -> f32 {
  var sum = 0.0;
  for (var d = 0u; d < params.dim; d++) {
    sum += dOut[own + d] * v[key + d];
  }
  let p = exp(min(scoreOf(own, key) - stats[2u * at], 0.0));
  return params.scale * p * (sum - stats[2u * at + 1u]);
}
