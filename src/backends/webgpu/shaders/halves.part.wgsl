/** The bits of the float32 that a bfloat16 or a binary16 stands for, in whole numbers, since float32 may lack subnormals. */
fn widened(half: u32, isBfloat: bool) -> u32 {
  if (isBfloat) {
    return half << 16u;
  }
  let sign = (half & 0x8000u) << 16u;
  let exponent = (half >> 10u) & 0x1fu;
  var fraction = half & 0x3ffu;
  if (exponent == 0x1fu) {
    return sign | 0x7f800000u | (fraction << 13u);
  }
  if (exponent != 0u) {
    return sign | ((exponent + 112u) << 23u) | (fraction << 13u);
  }
  if (fraction == 0u) {
    return sign;
  }
  // The highest one of a subnormal becomes the hidden bit.
  let top = firstLeadingBit(fraction);
  fraction = (fraction << (23u - top)) & 0x7fffffu;
  return sign | ((top + 103u) << 23u) | fraction;
}

/** The 16 bits at a position of words that hold two each. */
fn sixteen(word: u32, at: u32) -> u32 {
  return (word >> (at % 2u * 16u)) & 0xffffu;
}
