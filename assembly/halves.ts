/** The 16-bit floating-point types: bits to float32 and back. */
import { ElementType } from './commands.gen';

/** The number at an address, of any type of floats; exact. */
export function loadFloat(from: usize, type: i32): f32 {
  if (type === ElementType.f32) return load<f32>(from);
  const bits = <u32>load<u16>(from);
  if (type === ElementType.bf16) return reinterpret<f32>(bits << 16);
  const sign = (bits & 0x8000) << 16;
  // The exponents' biases differ by 112; a multiplication is also right for subnormals.
  if ((bits & 0x7c00) !== 0x7c00) {
    return reinterpret<f32>(sign | ((bits & 0x7fff) << 13)) * reinterpret<f32>(0x77800000);
  }
  return reinterpret<f32>(sign | 0x7f800000 | ((bits & 0x3ff) << 13));
}

/** Writes a number as any type of floats, rounded to the nearest, ties to even; a NaN stays one. */
export function storeFloat(to: usize, type: i32, value: f32): void {
  if (type === ElementType.f32) store<f32>(to, value);
  else
    store<u16>(
      to,
      <u16>(
        (type === ElementType.bf16 ? bfloatBits(reinterpret<u32>(value)) : halfBits(reinterpret<u32>(value)))
      ),
    );
}

function bfloatBits(bits: u32): u32 {
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >> 16) | 0x40;
  return (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
}

function halfBits(bits: u32): u32 {
  const sign = (bits >> 16) & 0x8000;
  const size = bits & 0x7fffffff;
  if (size > 0x7f800000) return sign | 0x7e00;
  // 65,520 and above is nearest to infinity.
  if (size >= 0x477ff000) return sign | 0x7c00;
  if (size >= 0x38800000) return sign | (((size + 0xfff + ((size >> 13) & 1)) >> 13) - (112 << 10));
  // Below 2⁻¹⁴ in units of 2⁻²⁴; up to 2⁻²⁵ the result is 0.
  const exponent = size >> 23;
  if (exponent < 102) return sign;
  const shift = 126 - exponent;
  const fraction = (size & 0x7fffff) | 0x800000;
  const units = fraction >> shift;
  const rest = fraction & ((1 << shift) - 1);
  const middle: u32 = 1 << (shift - 1);
  return sign | (rest > middle || (rest === middle && (units & 1) === 1) ? units + 1 : units);
}

/** Four bfloat16 side by side, as float32. */
export function fourBfloats(from: usize): v128 {
  return i32x4.shl(v128.load_ext<u16>(from), 16);
}

/**
 * Four finite binary16 side by side, as float32: sign and the rest are moved to their places, and the exponent is
 * corrected by a multiplication, which is also exact for subnormals. Infinities and NaN become large numbers.
 */
export function fourHalves(from: usize): v128 {
  const moved = i32x4.shl(v128.load_ext<i16>(from), 13);
  return f32x4.mul(v128.and(moved, i32x4.splat(0x8fffe000)), i32x4.splat(0x77800000));
}
