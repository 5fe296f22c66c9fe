/**
 * Blocks of 32 weights, with d and m as halves, little-endian. `q[j]` and `q[j + 16]` share a byte; the fifth bits of Q5
 * are one word.
 *
 *     Q4_0   d, 16 bytes of q             d · (q − 8)
 *     Q4_1   d, m, 16 bytes of q          d · q + m
 *     Q5_0   d, 4 bytes, 16 bytes of q    d · (q − 16)
 *     Q5_1   d, m, 4 bytes, 16 bytes      d · q + m
 *     Q8_0   d, 32 signed bytes           d · q
 *
 * @see https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h
 */
import { halfNumbers } from '../base/halves.js';
import { makeQ4, makeQ8, makeQ8WithMinimums, type PackedWeights, type Scratch } from './packed.js';

/**
 * Unpacks `blocks` blocks from the beginning of the view.
 * @param scratch  memory for the result, which the next call may overwrite
 */
export type Unpack = (view: DataView, blocks: number, scratch?: Scratch) => PackedWeights;

export const unpackQ4_0: Unpack = (view, blocks, scratch) => {
  const out = makeQ4(32 * blocks, scratch);
  const { scales, minimums } = out;
  const [halves, codes] = [halfNumbers(), viewOf(out.codes)];
  for (let b = 0; b < blocks; b++) {
    const at = 18 * b;
    const scale = halves[view.getUint16(at, true)];
    scales[b] = scale;
    // Exact, as is the sum with d · q: d has 11 bits.
    minimums[b] = -8 * scale;
    copyWords(codes, 16 * b, view, at + 2, 16);
  }
  return out;
};

export const unpackQ4_1: Unpack = (view, blocks, scratch) => {
  const out = makeQ4(32 * blocks, scratch);
  const { scales, minimums } = out;
  const [halves, codes] = [halfNumbers(), viewOf(out.codes)];
  for (let b = 0; b < blocks; b++) {
    const at = 20 * b;
    scales[b] = halves[view.getUint16(at, true)];
    minimums[b] = halves[view.getUint16(at + 2, true)];
    copyWords(codes, 16 * b, view, at + 4, 16);
  }
  return out;
};

export const unpackQ5_0: Unpack = (view, blocks, scratch) => {
  const out = makeQ8(32 * blocks, scratch);
  for (let b = 0; b < blocks; b++) {
    const at = 22 * b;
    out.scales[b] = halfNumbers()[view.getUint16(at, true)];
    unpackFives(out.codes, 32 * b, view, at + 2, -16);
  }
  return out;
};

export const unpackQ5_1: Unpack = (view, blocks, scratch) => {
  const out = makeQ8WithMinimums(32 * blocks, scratch);
  for (let b = 0; b < blocks; b++) {
    const at = 24 * b;
    out.scales[b] = halfNumbers()[view.getUint16(at, true)];
    out.minimums[b] = halfNumbers()[view.getUint16(at + 2, true)];
    unpackFives(out.codes, 32 * b, view, at + 4, 0);
  }
  return out;
};

export const unpackQ8_0: Unpack = (view, blocks, scratch) => {
  const out = makeQ8(32 * blocks, scratch);
  const { scales } = out;
  const [halves, codes] = [halfNumbers(), viewOf(out.codes)];
  for (let b = 0; b < blocks; b++) {
    const at = 34 * b;
    scales[b] = halves[view.getUint16(at, true)];
    copyWords(codes, 32 * b, view, at + 2, 32);
  }
  return out;
};

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array | Int8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** Copies whole words at any alignment, four times as fast as bytes. */
function copyWords(to: DataView, at: number, from: DataView, begin: number, bytes: number): void {
  for (let i = 0; i < bytes; i += 4) to.setUint32(at + i, from.getUint32(begin + i, true), true);
}

/** Unpacks 32 codes of 5 bits from their fifth bits and their pairs. */
function unpackFives(codes: Int8Array, to: number, view: DataView, at: number, offset: number): void {
  const fifths = view.getUint32(at, true);
  for (let j = 0; j < 16; j++) {
    const pair = view.getUint8(at + 4 + j);
    codes[to + j] = ((pair & 15) | (((fifths >>> j) & 1) << 4)) + offset;
    codes[to + j + 16] = ((pair >> 4) | (((fifths >>> (j + 16)) & 1) << 4)) + offset;
  }
}
