/** The 16-bit floating-point types, bit by bit: float32 holds both exactly. */

/** The upper half of a float32, given by its bits, rounded to the nearest, ties to even; a NaN stays one. */
export function bfloatBits(bits: number): number {
  const isNotNumber = (bits & 0x7fffffff) > 0x7f800000;
  if (isNotNumber) return (bits >>> 16) | 0x40;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/** IEEE 754 binary16 of a number, rounded to the nearest, ties to even: 1 bit sign, 5 exponent (bias 15), 10 fraction. */
export function halfBits(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(size)) return 0x7e00;
  // From here on the nearest of binary16 is infinity.
  if (size >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  // In units of the last place; 1,024 and above carries into the exponent by itself.
  const units = roundToEven(size / 2 ** (exponent - 10));
  return sign | (size < 2 ** -14 ? units : ((exponent + 15) << 10) + (units - 1024));
}

function roundToEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

/** The number that the bits of a binary16 stand for. */
export function halfToNumber(half: number): number {
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return (half & 0x8000 ? -1 : 1) * fraction * 2 ** -24;
  if (exponent === 0x1f && fraction !== 0) return Number.NaN;
  // As a float32, whose exponent has a bias of 127 instead of 15: there are files of a billion of these.
  const isInfinite = exponent === 0x1f;
  word[0] = ((half & 0x8000) << 16) | ((isInfinite ? 0xff : exponent + 112) << 23) | (fraction << 13);
  return float[0];
}

/** The number that the bits of a bfloat16 stand for. */
export function bfloatToNumber(bits: number): number {
  word[0] = bits << 16;
  return float[0];
}

/** The bits of the bfloat16 nearest to a number, by way of float32. */
export function numberToBfloat(value: number): number {
  float[0] = value;
  return bfloatBits(word[0]);
}
