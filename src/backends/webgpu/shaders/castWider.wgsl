// include: halves, packed
// out[i] = x[i] to float32 from 16-bit floats, two to a word, as bits, so that infinities and NaN stay; or from packed weights.

fn element(i: u32) {
  if (params.xType >= Q4) {
    let place = packedAt(i, params.xType, params.length);
    out[i] = bitcast<u32>(unpacked(params.xType, place.offset, x[place.code], x[place.scale], x[place.minimum]));
    return;
  }
  out[i] = widened(sixteen(x[i / 2u], i), params.xType == BF16);
}
