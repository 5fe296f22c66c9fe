// Copies a storage of any element type: out[i] = x[i].
//
// It works on 32-bit words. The last word may belong to the storage only in part (bytes come four to a word):
// lastMask has ones where it does, and the other bytes of out are not changed.
// One thread per word.

fn element(i: u32) {
  if (i + 1u < params.length || params.lastMask == 0xffffffffu) {
    out[i] = x[i];
  } else {
    out[i] = (out[i] & ~params.lastMask) | (x[i] & params.lastMask);
  }
}
