// include: halves
// out[i] = x[i] from 16-bit floats, two to a word, to float32; both as bits, so that infinities and NaN stay.

fn element(i: u32) {
  out[i] = widened(sixteen(x[i / 2u], i), params.xType == BF16);
}
