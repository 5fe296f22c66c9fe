// x[i] *= min(1, maxNorm / (norm[0] + 1e-6)); a norm of NaN makes all NaN.
//
// It tests the bits, because WGSL may assume that there is no NaN: without the sign, NaN lies above infinity, 0x7f800000.

fn element(i: u32) {
  let bits = norm[0];
  if ((bits & 0x7fffffffu) > 0x7f800000u) {
    x[i] = bits;
    return;
  }
  let factor = params.maxNorm / (bitcast<f32>(bits) + 1e-6);
  if (factor < 1.0) {
    x[i] = bitcast<u32>(bitcast<f32>(x[i]) * factor);
  }
}
