/** Packed weights on the host: as the bytes of a storage, and as numbers. */
import type { PackedWeights } from '../gguf/packed.js';
import { PACKED, type PackedType, storageBytes } from './elementTypes.js';

export interface PackedBytes {
  readonly dtype: PackedType;
  /** The bytes for `write`, see {@link PACKED}. */
  readonly bytes: Uint8Array;
}

/**
 * Packs codes, scales and minimums one after the other, as `q4`, `q8`, or `q8x16` for groups of 16.
 * @throws RangeError for groups of 16 with minimums, which no type holds
 */
export function packWeights(weights: PackedWeights): PackedBytes {
  const { kind, group, codes, scales, minimums } = weights;
  if (group === 16 && minimums)
    throw new RangeError(`packWeights: groups of 16 have no minimums: got ${minimums.length}`);
  const dtype = kind === 'q4' ? 'q4' : group === 16 ? 'q8x16' : 'q8';
  if (weights.bytes && IS_LITTLE_ENDIAN) return { dtype, bytes: weights.bytes };
  const bytes = new Uint8Array(storageBytes(dtype, scales.length * group));
  bytes.set(new Uint8Array(codes.buffer, codes.byteOffset, codes.byteLength));
  putFloats(bytes, codes.byteLength, scales);
  if (minimums) putFloats(bytes, codes.byteLength + scales.byteLength, minimums);
  return { dtype, bytes };
}

const IS_LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** Writes floats in little-endian order, as WebAssembly and GPUs require, whatever the host uses. */
function putFloats(bytes: Uint8Array, offset: number, values: Float32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset);
  for (let i = 0; i < values.length; i++) view.setFloat32(4 * i, values[i], true);
}

/** The numbers that the bytes of a storage stand for: code · scale + minimum, in f32. */
export function unpackWeights(dtype: PackedType, bytes: Uint8Array): Float32Array {
  const { group, bits, hasMinimums } = PACKED[dtype];
  const count = bytes.length / (storageBytes(dtype, group) / group);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const scales = (count * bits) / 8;
  const minimums = scales + (count / group) * 4;
  const out = new Float32Array(count);
  for (let g = 0; g < count / group; g++) {
    const scale = view.getFloat32(scales + 4 * g, true);
    // As in gguf/, zeros are positive.
    const minimum = hasMinimums ? view.getFloat32(minimums + 4 * g, true) : 0;
    if (bits === 8) unpackBytes(out, group * g, view, group, scale, minimum);
    else unpackPairs(out, group * g, view, scale, minimum);
  }
  return out;
}

function unpackBytes(
  out: Float32Array,
  at: number,
  view: DataView,
  group: number,
  scale: number,
  minimum: number,
): void {
  for (let i = at; i < at + group; i++) out[i] = Math.fround(view.getInt8(i) * scale) + minimum;
}

/** A group of 32 in 16 bytes. */
function unpackPairs(out: Float32Array, at: number, view: DataView, scale: number, minimum: number): void {
  for (let j = 0; j < 16; j++) {
    const pair = view.getUint8(at / 2 + j);
    out[at + j] = Math.fround((pair & 15) * scale) + minimum;
    out[at + 16 + j] = Math.fround((pair >> 4) * scale) + minimum;
  }
}
