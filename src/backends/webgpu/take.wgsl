// include: halves
// Rows of a table by index: out[r,c] = table[indices[r] * rowStride + c * colStride].

fn element(i: u32) {
  let row = u32(indices[i / params.cols]);
  let at = row * params.rowStride + i % params.cols * params.colStride;
  if (params.tableType == F32) {
    out[i] = bitcast<f32>(table[at]);
  } else {
    out[i] = bitcast<f32>(widened(sixteen(table[at / 2u], at), params.tableType == BF16));
  }
}
