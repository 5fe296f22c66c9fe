/** The floating-point types of safetensors that float32 holds exactly: little-endian bytes to numbers and back. */

import { bfloatBits, halfBits, halfToNumber } from '../base/halves.js';

export type FloatType = 'F32' | 'F16' | 'BF16';

/** Number of bytes of one element. */
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

/** Numbers as bytes, rounded to the nearest value of the type, ties to even. */
export function floatBytes(data: Float32Array | Float64Array, dtype: FloatType): Uint8Array {
  const bytes = new Uint8Array((FLOAT_BYTES.get(dtype) ?? 4) * data.length);
  const view = new DataView(bytes.buffer);
  const floats = data instanceof Float32Array ? data : new Float32Array(data);
  const bits = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  for (let i = 0; i < bits.length; i++) {
    if (dtype === 'F32') view.setUint32(4 * i, bits[i], true);
    else if (dtype === 'BF16') view.setUint16(2 * i, bfloatBits(bits[i]), true);
    else view.setUint16(2 * i, halfBits(floats[i]), true);
  }
  return bytes;
}
