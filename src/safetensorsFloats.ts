/** The floating-point types of safetensors that float32 holds exactly: little-endian bytes to numbers and back. */

export type FloatType = 'F32' | 'F16' | 'BF16';

/** Bytes of one element. */
export const FLOAT_BYTES: ReadonlyMap<string, number> = new Map<FloatType, number>([
  ['F32', 4],
  ['F16', 2],
  ['BF16', 2],
]);

/** Elements at any alignment as float32, exactly. */
export function readFloats(bytes: Uint8Array, dtype: FloatType): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out = new Float32Array(bytes.length / (FLOAT_BYTES.get(dtype) ?? 4));
  // Bits, not numbers, so that a NaN keeps its payload.
  const bits = new Uint32Array(out.buffer);
  if (dtype === 'F32') {
    for (let i = 0; i < bits.length; i++) bits[i] = view.getUint32(4 * i, true);
  } else if (dtype === 'BF16') {
    for (let i = 0; i < bits.length; i++) bits[i] = view.getUint16(2 * i, true) << 16;
  } else {
    for (let i = 0; i < out.length; i++) out[i] = halfToNumber(view.getUint16(2 * i, true));
  }
  return out;
}

/** Writes numbers from `offset` on, rounded to the nearest of the type, ties to even. */
export function writeFloats(
  view: DataView,
  offset: number,
  data: Float32Array | Float64Array,
  dtype: FloatType,
): void {
  const floats = data instanceof Float32Array ? data : new Float32Array(data);
  const bits = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  for (let i = 0; i < bits.length; i++) {
    if (dtype === 'F32') view.setUint32(offset + 4 * i, bits[i], true);
    else if (dtype === 'BF16') view.setUint16(offset + 2 * i, bfloatBits(bits[i]), true);
    else view.setUint16(offset + 2 * i, halfBits(floats[i]), true);
  }
}

/** The upper half of a float32, rounded; a NaN stays one. */
function bfloatBits(bits: number): number {
  const isNotNumber = (bits & 0x7fffffff) > 0x7f800000;
  if (isNotNumber) return (bits >>> 16) | 0x40;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/** IEEE 754 binary16 of a number: 1 bit sign, 5 exponent (bias 15), 10 fraction. */
function halfBits(value: number): number {
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

/** IEEE 754 binary16: 1 bit sign, 5 exponent (bias 15), 10 fraction. */
function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
