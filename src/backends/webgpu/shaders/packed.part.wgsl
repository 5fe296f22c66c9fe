/** The place of a packed weight in words of its storage, which has codes, then scales, then, except in q8x16, minimums. */
struct Packed {
  code: u32,
  /** Bits before the code in its word. */
  offset: u32,
  scale: u32,
  minimum: u32,
}

/** The place of weight `at` of `length`. */
fn packedAt(at: u32, kind: u32, length: u32) -> Packed {
  if (kind == Q8X16) {
    // Without a minimum, an existing word is named instead.
    let scale = length / 4u + at / 16u;
    return Packed(at / 4u, at % 4u * 8u, scale, scale);
  }
  let group = at / 32u;
  if (kind == Q8) {
    return Packed(at / 4u, at % 4u * 8u, length / 4u + group, length / 4u + length / 32u + group);
  }
  // Weights j and j + 16 of a group share a byte.
  let byte = group * 16u + at % 16u;
  let offset = byte % 4u * 8u + at % 32u / 16u * 4u;
  return Packed(byte / 4u, offset, length / 8u + group, length / 8u + length / 32u + group);
}

/** code · scale + minimum, from the words at a place. */
fn unpacked(kind: u32, offset: u32, code: u32, scale: u32, minimum: u32) -> f32 {
  if (kind == Q4) {
    return f32(extractBits(code, offset, 4u)) * bitcast<f32>(scale) + bitcast<f32>(minimum);
  }
  let scaled = f32(extractBits(bitcast<i32>(code), offset, 8u)) * bitcast<f32>(scale);
  if (kind == Q8) {
    return scaled + bitcast<f32>(minimum);
  }
  return scaled;
}
