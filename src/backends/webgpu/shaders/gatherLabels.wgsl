// The class indices of a batch: out[r] = labels[indices[r]].
//
// labels are bytes, four to a word with the first in the lowest bits; indices and out are [rows].

fn element(i: u32) {
  let at = u32(indices[i]);
  out[i] = i32((labels[at / 4u] >> (at % 4u * 8u)) & 0xffu);
}
