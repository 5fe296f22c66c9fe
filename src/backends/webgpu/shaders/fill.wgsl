// Fills a storage of any element type: out[i] = value.
//
// It works on 32-bit words; bytes come four to a word, with their value repeated. The last word may belong to
// the storage only in part: lastMask has ones where it does, and the other bytes are not changed.
// One thread per word.

fn element(i: u32) {
  if (i + 1u < params.length || params.lastMask == 0xffffffffu) {
    out[i] = params.bits;
  } else {
    out[i] = (out[i] & ~params.lastMask) | (params.bits & params.lastMask);
  }
}
