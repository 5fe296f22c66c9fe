/** The 16-bit floating-point types, bit by bit: float32 holds both exactly. */

/** The upper half of a float32, given by its bits, rounded to the nearest, ties to even; a NaN stays one. */
export function bfloatBits(bits: number): number {
  const isNotNumber = (bits & 0x7fffffff) > 0x7f800000;
  if (isNotNumber) return (bits >>> 16) | 0x40;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

/** IEEE 754 binary16 of a number, rounded to the nearest, ties to even: 1 bit sign, 5 exponent (bias 15), 10 fraction. */
export function halfBits(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  float[0] = value;
  const sign = (word[0] >>> 16) & 0x8000;
  const [size, single] = [Math.abs(value), Math.abs(float[0])];
  // A value that float32 cannot hold becomes the odd one of its neighbours there: it lies on the same side of every tie.
  const bits = (word[0] & 0x7fffffff) - (single > size ? 1 : 0);
  const exact = single === size ? bits : bits | 1;
  if (exact >= SINGLE_65536) return sign | 0x7c00;
  if (exact < SINGLE_LEAST_NORMAL) {
    word[0] = exact;
    return sign | roundToEven(float[0] * 2 ** 24);
  }
  // The exponent's bias goes from 127 to 15; what rounds up carries into it by itself, from 65,520 on to infinity.
  return sign | ((exact - (112 << 23) + 0xfff + ((exact >>> 13) & 1)) >>> 13);
}

/** The bits of float32 numbers: the first that is beyond binary16 however it is rounded, and its least normal one. */
const [SINGLE_65536, SINGLE_LEAST_NORMAL] = [0x47800000, 0x38800000];

function roundToEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

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

let numbers: Float32Array | undefined;

/** {@link halfToNumber} of all 65,536, for whoever has millions of them. */
export function halfNumbers(): Float32Array {
  numbers ??= Float32Array.from({ length: 2 ** 16 }, (_, half) => halfToNumber(half));
  return numbers;
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

/** The bits of 16-bit floats from little-endian bytes, at any alignment. */
export function halvesOf(bytes: Uint8Array): Uint16Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const bits = new Uint16Array(bytes.length / 2);
  for (let i = 0; i < bits.length; i++) bits[i] = view.getUint16(2 * i, true);
  return bits;
}
