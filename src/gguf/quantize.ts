/** Converts numbers to the bytes of a GGUF tensor, with the rounding of ggml. */
import { ShapeError } from '../base/errors.js';
import { halfBits } from '../base/halves.js';
import { floatBytes } from '../safetensors/floats.js';
import { type GgufFloatType, TENSOR_TYPES } from './types.js';

/** The types that numbers can be rounded to. */
export type QuantizableType = GgufFloatType | 'Q8_0' | 'Q4_1';

const LARGEST_HALF = 65504;

/**
 * The bytes of a tensor: F16 and BF16 round to the nearest, ties to even; Q8_0 and Q4_1 as below.
 * @param values  [count], row-major
 * @throws ShapeError when they are not whole blocks
 * @throws RangeError when a block has a number that is not finite, or is too large for its scale
 */
export function quantize(values: Float32Array, type: QuantizableType): Uint8Array {
  if (type === 'Q8_0') return quantizeQ8_0(values);
  if (type === 'Q4_1') return quantizeQ4_1(values);
  return floatBytes(values, type);
}

/**
 * Q8_0 of ggml: d = max |x| / 127 and q = round(x · (1 / d)), halves away from zero, in f32; d is then rounded to a half.
 * @param values  [count], a multiple of 32
 * @throws as {@link quantize}
 * @see https://github.com/ggml-org/ggml/blob/master/src/ggml-quants.c
 */
export function quantizeQ8_0(values: Float32Array): Uint8Array {
  const size = TENSOR_TYPES.Q8_0.bytes;
  const out = blocksFor(values, size, 'quantizeQ8_0');
  const view = new DataView(out.buffer);
  for (let b = 0; b < values.length / 32; b++) {
    let most = 0;
    for (let i = 32 * b; i < 32 * b + 32; i++) most = Math.max(most, Math.abs(values[i]));
    const d = Math.fround(most / 127);
    putHalf(view, size * b, d, 'quantizeQ8_0', b);
    const inverse = inverseOf(d);
    for (let j = 0; j < 32; j++) {
      const value = values[32 * b + j];
      const code = roundHalfUp(Math.fround(Math.abs(value) * inverse));
      view.setInt8(size * b + 2 + j, value < 0 ? -code : code);
    }
  }
  return out;
}

/**
 * Q4_1 of ggml: m = min x, d = (max x − m) / 15 and q = min(15, ⌊(x − m) · (1 / d) + ½⌋), in f32; d and m are then rounded
 * to halves.
 * @param values  [count], a multiple of 32
 * @throws as {@link quantize}
 * @see https://github.com/ggml-org/ggml/blob/master/src/ggml-quants.c
 */
export function quantizeQ4_1(values: Float32Array): Uint8Array {
  const size = TENSOR_TYPES.Q4_1.bytes;
  const out = blocksFor(values, size, 'quantizeQ4_1');
  const view = new DataView(out.buffer);
  for (let b = 0; b < values.length / 32; b++) {
    let [least, most] = [values[32 * b], values[32 * b]];
    for (let i = 32 * b; i < 32 * b + 32; i++) {
      if (values[i] < least) least = values[i];
      // NaN propagates as the largest, and is refused with the scale.
      most = Math.max(most, values[i]);
    }
    const d = Math.fround(Math.fround(most - least) / 15);
    putHalf(view, size * b, d, 'quantizeQ4_1', b);
    putHalf(view, size * b + 2, least, 'quantizeQ4_1', b);
    const inverse = inverseOf(d);
    const codeOf = (i: number): number => {
      const scaled = Math.fround(Math.fround(values[i] - least) * inverse);
      return Math.min(15, Math.trunc(Math.fround(scaled + 0.5)));
    };
    for (let j = 0; j < 16; j++) {
      const pair = codeOf(32 * b + j) | (codeOf(32 * b + 16 + j) << 4);
      view.setUint8(size * b + 4 + j, pair);
    }
  }
  return out;
}

function blocksFor(values: Float32Array, size: number, where: string): Uint8Array<ArrayBuffer> {
  if (values.length % 32 === 0) return new Uint8Array((values.length / 32) * size);
  throw new ShapeError(`${where}: values must be blocks of 32: got ${values.length}`);
}

/** 1 / d in f32, or 0 where that is infinite: d is then 0 as a half, and so is every value. */
function inverseOf(d: number): number {
  const inverse = Math.fround(1 / d);
  return Number.isFinite(inverse) ? inverse : 0;
}

/** Rounds a non-negative number to the nearest integer, halves up; adding ½ in f32 first would round twice. */
function roundHalfUp(x: number): number {
  const below = Math.floor(x);
  return x - below >= 0.5 ? below + 1 : below;
}

function putHalf(view: DataView, at: number, value: number, where: string, block: number): void {
  // 65,520 and above is infinite as a half; comparisons with NaN are false.
  if (!(Math.abs(value) < LARGEST_HALF + 16))
    throw new RangeError(
      `${where}: values must be finite, and no scale above ${LARGEST_HALF}: block ${block} needs ${value}`,
    );
  view.setUint16(at, halfBits(value), true);
}
