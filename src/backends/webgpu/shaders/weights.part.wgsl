/** An element of b, which lies as float32 or as 16-bit floats, two to a word. */
fn weightAt(at: u32) -> f32 {
  if (params.bType == F32) {
    return bitcast<f32>(b[at]);
  }
  return bitcast<f32>(widened(sixteen(b[at / 2u], at), params.bType == BF16));
}
