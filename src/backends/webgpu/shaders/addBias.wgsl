// Adds a vector to every row, in place: out[r,c] += bias[c].
//
// out is [rows, cols], bias [cols].

fn element(i: u32) {
  out[i] += bias[i % params.cols];
}
