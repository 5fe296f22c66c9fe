/** The weights of GGUF tensors: as codes with scales, exactly, or as f32. */
import { DataError, ShapeError } from '../base/errors.js';
import { readFloats } from '../safetensors/floats.js';
import { unpackQ4_K, unpackQ5_K, unpackQ6_K } from './kBlocks.js';
import { type PackedWeights, Scratch, unpackTo } from './packed.js';
import { type Unpack, unpackQ4_0, unpackQ4_1, unpackQ5_0, unpackQ5_1, unpackQ8_0 } from './smallBlocks.js';
import { type GgufBlockType, type GgufType, TENSOR_TYPES } from './types.js';

const UNPACK: Readonly<Record<GgufBlockType, Unpack>> = {
  Q4_0: unpackQ4_0,
  Q4_1: unpackQ4_1,
  Q5_0: unpackQ5_0,
  Q5_1: unpackQ5_1,
  Q8_0: unpackQ8_0,
  Q4_K: unpackQ4_K,
  Q5_K: unpackQ5_K,
  Q6_K: unpackQ6_K,
};

/** Number of weights unpacked at a time, so that their codes take little memory. */
const CHUNK = 2 ** 16;

export function isBlockType(type: GgufType): type is GgufBlockType {
  return Object.hasOwn(UNPACK, type);
}

/**
 * The codes, scales and minimums of a tensor of blocks, such that scale · code + minimum in f32 equals the result of the format's
 * own decoder, bit for bit except for the sign of zero. Q4_0, Q4_1 and Q4_K become q4; Q5_0, Q5_1, Q5_K and Q8_0 q8 with
 * groups of 32, Q6_K with groups of 16.
 *
 * @param bytes  the blocks, at any alignment
 * @param count  number of weights
 * @param name  name of the tensor in errors
 * @param scratch  memory for the result, which the next call may overwrite
 * @throws DataError when a scale or a minimum is infinite or NaN
 * @throws ShapeError when the number of bytes does not match the number of weights
 */
export function unpackBlocks(
  type: GgufBlockType,
  bytes: Uint8Array,
  count: number,
  name: string,
  scratch?: Scratch,
): PackedWeights {
  checkLength(type, bytes, count, name);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const weights = UNPACK[type](view, count / TENSOR_TYPES[type].weights, scratch);
  checkFinite(weights.scales, `${name}: scale`);
  if (weights.minimums) checkFinite(weights.minimums, `${name}: minimum`);
  return weights;
}

/**
 * The weights of a tensor as f32: those of blocks as from {@link unpackBlocks}, F32 bit for bit, F16 and BF16 exactly.
 *
 * @param bytes  the blocks or elements, at any alignment
 * @param count  number of weights
 * @param name  name of the tensor in errors
 * @returns [count], row-major
 * @throws DataError when a scale or a minimum of a block is infinite or NaN; elements may be
 * @throws ShapeError when the number of bytes does not match the number of weights
 */
export function dequantize(type: GgufType, bytes: Uint8Array, count: number, name: string): Float32Array {
  checkLength(type, bytes, count, name);
  if (!isBlockType(type)) return readFloats(bytes, type);
  const { weights, bytes: size } = TENSOR_TYPES[type];
  const out = new Float32Array(count);
  const scratch = new Scratch();
  for (let from = 0; from < count; from += CHUNK) {
    const length = Math.min(CHUNK, count - from);
    const at = (from / weights) * size;
    const blocks = bytes.subarray(at, at + (length / weights) * size);
    unpackTo(out, from, unpackBlocks(type, blocks, length, name, scratch));
  }
  return out;
}

function checkLength(type: GgufType, bytes: Uint8Array, count: number, name: string): void {
  const { weights, bytes: size } = TENSOR_TYPES[type];
  if (count % weights === 0 && bytes.length === (count / weights) * size) return;
  throw new ShapeError(
    `${name}: ${count} weights of ${type} need blocks of ${size} bytes for ${weights} each: got ${bytes.length} bytes`,
  );
}

function checkFinite(values: Float32Array, what: string): void {
  for (let i = 0; i < values.length; i++)
    if (!Number.isFinite(values[i])) throw new DataError(`${what} must be finite: ${values[i]}`);
}
