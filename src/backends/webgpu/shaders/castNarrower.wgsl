// out[i] = x[i] from float32 to 16-bit floats, two to a word, both as bits: rounded to the nearest, ties to even. The last
// word may belong to the storage only in part: then the rest of it is not changed. One thread per word.

fn bfloatBits(bits: u32) -> u32 {
  if ((bits & 0x7fffffffu) > 0x7f800000u) {
    return (bits >> 16u) | 0x40u;
  }
  return (bits + 0x7fffu + ((bits >> 16u) & 1u)) >> 16u;
}

fn halfBits(bits: u32) -> u32 {
  let sign = (bits >> 16u) & 0x8000u;
  let size = bits & 0x7fffffffu;
  if (size > 0x7f800000u) {
    return sign | 0x7e00u;
  }
  // 65,520 and above is nearest to infinity.
  if (size >= 0x477ff000u) {
    return sign | 0x7c00u;
  }
  if (size >= 0x38800000u) {
    return sign | (((size + 0xfffu + ((size >> 13u) & 1u)) >> 13u) - (112u << 10u));
  }
  // Below 2⁻¹⁴ in units of 2⁻²⁴; up to 2⁻²⁵ the result is 0.
  let exponent = size >> 23u;
  if (exponent < 102u) {
    return sign;
  }
  let shift = 126u - exponent;
  let fraction = (size & 0x7fffffu) | 0x800000u;
  var units = fraction >> shift;
  let rest = fraction & ((1u << shift) - 1u);
  let middle = 1u << (shift - 1u);
  if (rest > middle || (rest == middle && (units & 1u) == 1u)) {
    units += 1u;
  }
  return sign | units;
}

fn narrowed(bits: u32) -> u32 {
  if (params.outType == BF16) {
    return bfloatBits(bits);
  }
  return halfBits(bits);
}

fn element(i: u32) {
  let low = narrowed(x[2u * i]);
  if (2u * i + 1u < params.count) {
    out[i] = low | (narrowed(x[2u * i + 1u]) << 16u);
  } else {
    out[i] = (out[i] & 0xffff0000u) | low;
  }
}
