// include: halves, packed
// Rows of a table by index: out[r,c] = table[indices[r] * rowStride + c * colStride], or NaN where an index is not from 0
// to count - 1. That NaN comes from the host, because WGSL may assume that there is none.

fn element(i: u32) {
  let row = u32(indices[i / params.cols]);
  // As an unsigned number, a negative index is a large one.
  if (row >= params.count) {
    out[i] = params.nan;
    return;
  }
  let at = row * params.rowStride + i % params.cols * params.colStride;
  if (params.tableType == F32) {
    out[i] = bitcast<f32>(table[at]);
  } else if (params.tableType >= Q4) {
    let place = packedAt(at, params.tableType, params.count * params.cols);
    out[i] = unpacked(params.tableType, place.offset, table[place.code], table[place.scale], table[place.minimum]);
  } else {
    out[i] = bitcast<f32>(widened(sixteen(table[at / 2u], at), params.tableType == BF16));
  }
}
