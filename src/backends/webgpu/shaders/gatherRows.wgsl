// A batch of rows from bytes: out[r,c] = bytes[indices[r], c] * scale + shift.
//
// bytes is [?, cols], four to a word with the first in the lowest bits; indices is [rows], out [rows, cols].

fn element(i: u32) {
  let at = u32(indices[i / params.cols]) * params.cols + i % params.cols;
  let byte = (bytes[at / 4u] >> (at % 4u * 8u)) & 0xffu;
  out[i] = f32(byte) * params.scale + params.shift;
}
