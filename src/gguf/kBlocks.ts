/**
 * Blocks of 256 weights, with d and dmin as halves, little-endian. Q4_K and Q5_K have 8 groups of 32, each with a scale
 * and a minimum of 6 bits, the twelve bytes of {@link scaleOf}; Q6_K has 16 groups of 16, each with a signed byte.
 *
 *     Q4_K   d, dmin, 12 bytes, 128 bytes of q              d · sc · q − dmin · mn
 *     Q5_K   d, dmin, 12 bytes, 32 bytes, 128 bytes of q    d · sc · q − dmin · mn
 *     Q6_K   128 bytes of q, 64 bytes, 16 scales, d         d · sc · (q − 32)
 *
 * A product of a half's 11 bits with the bits of sc and of q is exact in f32.
 *
 * @see https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h
 */
import { halfToNumber } from '../base/halves.js';
import { makeQ4, makeQ8WithMinimums } from './packed.js';
import type { Unpack } from './smallBlocks.js';

/** Unpacks Q4_K. Two groups share 32 bytes: the first has the lower four bits. */
export const unpackQ4_K: Unpack = (view, blocks, scratch) => {
  const out = makeQ4(256 * blocks, scratch);
  for (let b = 0; b < blocks; b++) {
    const at = 144 * b;
    unpackScales(out, 8 * b, view, at);
    for (let pair = 0; pair < 4; pair++) {
      const from = at + 16 + 32 * pair;
      const to = 128 * b + 32 * pair;
      for (let j = 0; j < 16; j++) {
        const [first, second] = [view.getUint8(from + j), view.getUint8(from + 16 + j)];
        out.codes[to + j] = (first & 15) | ((second & 15) << 4);
        out.codes[to + 16 + j] = (first >> 4) | (second & 0xf0);
      }
    }
  }
  return out;
};

/** Unpacks Q5_K, which is like Q4_K; bit g of 32 more bytes is the fifth bit of group g. */
export const unpackQ5_K: Unpack = (view, blocks, scratch) => {
  const out = makeQ8WithMinimums(256 * blocks, scratch);
  for (let b = 0; b < blocks; b++) {
    const at = 176 * b;
    unpackScales(out, 8 * b, view, at);
    for (let g = 0; g < 8; g++) {
      const from = at + 48 + 32 * (g >> 1);
      const shift = 4 * (g & 1);
      const to = 256 * b + 32 * g;
      for (let j = 0; j < 32; j++) {
        const fifth = (view.getUint8(at + 16 + j) >> g) & 1;
        out.codes[to + j] = ((view.getUint8(from + j) >> shift) & 15) | (fifth << 4);
      }
    }
  }
  return out;
};

/**
 * Unpacks Q6_K. Each half of 128 weights has 64 bytes with the lower four bits of four times 32 weights, and 32 bytes with their
 * upper two: weights 0 and 64 share a byte, 32 and 96 another.
 */
export const unpackQ6_K: Unpack = (view, blocks) => {
  const codes = new Int8Array(256 * blocks);
  const scales = new Float32Array(16 * blocks);
  for (let b = 0; b < blocks; b++) {
    const at = 210 * b;
    const scale = halfToNumber(view.getUint16(at + 208, true));
    for (let g = 0; g < 16; g++) scales[16 * b + g] = scale * view.getInt8(at + 192 + g);
    for (let part = 0; part < 8; part++) {
      const [half, quarter] = [part >> 2, part & 3];
      const lower = at + 64 * half + 32 * (quarter & 1);
      const upper = at + 128 + 32 * half;
      const to = 256 * b + 32 * part;
      for (let j = 0; j < 32; j++) {
        const four = (view.getUint8(lower + j) >> (4 * (quarter >> 1))) & 15;
        const two = (view.getUint8(upper + j) >> (2 * quarter)) & 3;
        codes[to + j] = (four | (two << 4)) - 32;
      }
    }
  }
  return { kind: 'q8', group: 16, codes, scales };
};

interface Scaled {
  readonly scales: Float32Array;
  readonly minimums: Float32Array;
}

/** Unpacks the 8 scales and minimums of a block that begins at `at`. */
function unpackScales({ scales, minimums }: Scaled, to: number, view: DataView, at: number): void {
  const d = halfToNumber(view.getUint16(at, true));
  const dmin = halfToNumber(view.getUint16(at + 2, true));
  for (let g = 0; g < 8; g++) {
    scales[to + g] = d * scaleOf(view, at + 4, g);
    minimums[to + g] = -dmin * minimumOf(view, at + 4, g);
  }
}

/** A scale: the first four lie in bytes 0 to 3; of the others, the lower four bits in bytes 8 to 11, the upper two above the first. */
function scaleOf(view: DataView, at: number, g: number): number {
  if (g < 4) return view.getUint8(at + g) & 63;
  return (view.getUint8(at + g + 4) & 15) | ((view.getUint8(at + g - 4) >> 6) << 4);
}

/** A minimum: stored like the scales, in bytes 4 to 7 and the upper halves of bytes 8 to 11. */
function minimumOf(view: DataView, at: number, g: number): number {
  if (g < 4) return view.getUint8(at + g + 4) & 63;
  return (view.getUint8(at + g + 4) >> 4) | ((view.getUint8(at + g) >> 6) << 4);
}
