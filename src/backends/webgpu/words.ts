/** Elements and parameters as the 32-bit words that WebGPU copies and binds. */
import { type DType, type HostArray, storageBytes } from '../backend.js';
import { isPackedType } from '../elementTypes.js';

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The bits of a number as an f32; NaN is a quiet one. */
export function floatBits(value: number): number {
  if (Number.isNaN(value)) return 0x7fc00000;
  float[0] = value;
  return bits[0];
}

/** A word filled with `value`. */
export function fillBits(dtype: DType, value: number): number {
  if (dtype === 'f32') return floatBits(value);
  return dtype === 'i32' ? value >>> 0 : (value & 0xff) * 0x01010101;
}

/** Mask with ones for the bytes of the last word that belong to `byteLength` bytes. */
export function lastMask(byteLength: number): number {
  const rest = byteLength % 4;
  return rest === 0 ? 0xffffffff : 2 ** (8 * rest) - 1;
}

/** The data in elements of `dtype`, or bytes of packed weights, padded to a whole word; `data` itself where no padding is needed. */
export function toWords(dtype: DType, data: ArrayLike<number>): ArrayBufferView {
  if (dtype === 'f32') return data instanceof Float32Array ? data : new Float32Array(data);
  if (dtype === 'i32') return data instanceof Int32Array ? data : new Int32Array(data);
  const Elements = dtype === 'u8' || isPackedType(dtype) ? Uint8Array : Uint16Array;
  const perWord = 4 / Elements.BYTES_PER_ELEMENT;
  if (data instanceof Elements && data.length % perWord === 0) return data;
  const elements = new Elements(Math.ceil(data.length / perWord) * perWord);
  elements.set(data);
  return elements;
}

/** The first `length` elements of `dtype` in `words`, or the bytes of that many packed weights. */
export function fromWords(dtype: DType, words: ArrayBuffer, length: number): HostArray {
  if (dtype === 'f32') return new Float32Array(words, 0, length);
  if (dtype === 'i32') return new Int32Array(words, 0, length);
  return dtype === 'u8' || isPackedType(dtype)
    ? new Uint8Array(words, 0, storageBytes(dtype, length))
    : new Uint16Array(words, 0, length);
}
