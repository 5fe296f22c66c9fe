// The reverse of take: table[indices[r] * rowStride + c * colStride] += x[r,c], row after row, except
// those whose index is not from 0 to count - 1.
//
// One thread for each (r, c) where r is the first row with its index: it adds up all rows with that index, in order,
// so that no two threads write to one element.

fn element(i: u32) {
  let first = i / params.cols;
  let c = i % params.cols;
  let index = indices[first];
  // As an unsigned number, a negative index is a large one.
  if (u32(index) >= params.count) {
    return;
  }
  for (var r = 0u; r < first; r++) {
    if (indices[r] == index) {
      return;
    }
  }
  let at = u32(index) * params.rowStride + c * params.colStride;
  var sum = table[at];
  for (var r = first; r < params.rows; r++) {
    if (indices[r] == index) {
      sum += x[r * params.cols + c];
    }
  }
  table[at] = sum;
}
