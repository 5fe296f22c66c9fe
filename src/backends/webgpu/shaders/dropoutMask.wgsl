// out[i] = h(i) < threshold ? 0 : kept, h a hash of i, a seed and a count.

/** The last steps of MurmurHash3. */
fn mix32(value: u32) -> u32 {
  var x = value;
  x = (x ^ (x >> 16u)) * 0x85ebca6bu;
  x = (x ^ (x >> 13u)) * 0xc2b2ae35u;
  return x ^ (x >> 16u);
}

fn element(i: u32) {
  let a = mix32(u32(state[0]) + u32(state[1]) * 0x9e3779b9u);
  let hash = mix32(mix32(i ^ a) + (a ^ 0x85ebca6bu));
  out[i] = select(params.kept, 0.0, hash < params.threshold);
}
