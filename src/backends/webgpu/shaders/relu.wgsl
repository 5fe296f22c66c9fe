// out[i] = max(x[i], 0); NaN stays NaN.
//
// It tests the bits, because WGSL may assume that there is no NaN, in max() as in a comparison: a float
// whose sign bit is set is below 0 (or −0) up to the bits of −infinity, 0xff800000, and NaN beyond.

fn element(i: u32) {
  let bits = x[i];
  let isBelow = bits >= 0x80000000u && bits <= 0xff800000u;
  out[i] = select(bits, 0u, isBelow);
}
