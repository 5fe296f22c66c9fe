// Rows of a table by index: out[r,c] = table[indices[r] * rowStride + c * colStride].

fn element(i: u32) {
  let row = u32(indices[i / params.cols]);
  out[i] = table[row * params.rowStride + i % params.cols * params.colStride];
}
