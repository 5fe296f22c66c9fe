/** An element of b, which is stored as float32, as 16-bit floats, two to a word, or packed. */
fn weightAt(at: u32) -> f32 {
  if (params.bType == F32) {
    return bitcast<f32>(b[at]);
  }
  if (params.bType >= Q4) {
    let place = packedAt(at, params.bType, params.k * params.n);
    return unpacked(params.bType, place.offset, b[place.code], b[place.scale], b[place.minimum]);
  }
  return bitcast<f32>(widened(sixteen(b[at / 2u], at), params.bType == BF16));
}
