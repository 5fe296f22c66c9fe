/** Weights as codes with a scale, and in some formats a minimum, for each group: the form to which blocks are unpacked. */

/** Packed weights: value = scale · code + minimum, in f32; the minimum is 0 where there is none. */
export type PackedWeights = Q4Weights | Q8Weights;

export interface Q4Weights {
  readonly kind: 'q4';
  /** Number of weights that share a scale. */
  readonly group: 32;
  /** Codes, [count / 2]: byte 16g + j has weight 32g + j in its lower 4 bits and weight 32g + 16 + j in its upper ones, 0 to 15. */
  readonly codes: Uint8Array;
  /** Scales, [count / 32]. */
  readonly scales: Float32Array;
  /** Minimums, [count / 32]. */
  readonly minimums: Float32Array;
  /** Codes, scales and minimums in sequence, where they are stored so, in the byte order of this machine. */
  readonly bytes?: Uint8Array;
}

export interface Q8Weights {
  readonly kind: 'q8';
  /** Number of weights that share a scale. */
  readonly group: 16 | 32;
  /** Codes, [count]. */
  readonly codes: Int8Array;
  /** Scales, [count / group]. */
  readonly scales: Float32Array;
  /** Minimums, [count / group]; undefined where the format has none. */
  readonly minimums?: Float32Array;
  /** Codes, scales, and minimums or zeros in sequence, where they are stored so, in the byte order of this machine. */
  readonly bytes?: Uint8Array;
}

/** Memory for weights that are unpacked one after another, of which only the last are used. */
export class Scratch {
  #buffer = new ArrayBuffer(0);

  /** A buffer of at least `bytes` bytes with arbitrary contents. */
  take(bytes: number): ArrayBuffer {
    if (this.#buffer.byteLength < bytes) this.#buffer = new ArrayBuffer(bytes);
    return this.#buffer;
  }
}

/** Codes, then scales, then minimums in one buffer, as devices take them, so that they need not be joined later. */
function makeParts(count: number, codeBytes: number, scratch: Scratch | undefined) {
  const groups = count / 32;
  const length = codeBytes + 8 * groups;
  const buffer = scratch?.take(length) ?? new ArrayBuffer(length);
  const scales = new Float32Array(buffer, codeBytes, groups);
  const minimums = new Float32Array(buffer, codeBytes + 4 * groups, groups);
  return { buffer, scales, minimums, bytes: new Uint8Array(buffer, 0, length) };
}

export function makeQ4(count: number, scratch?: Scratch): Q4Weights {
  const { buffer, ...parts } = makeParts(count, count / 2, scratch);
  return { kind: 'q4', group: 32, codes: new Uint8Array(buffer, 0, count / 2), ...parts };
}

export function makeQ8(count: number, scratch?: Scratch): Q8Weights & { readonly group: 32 } {
  const { buffer, scales, minimums, bytes } = makeParts(count, count, scratch);
  minimums.fill(0);
  return { kind: 'q8', group: 32, codes: new Int8Array(buffer, 0, count), scales, bytes };
}

export function makeQ8WithMinimums(
  count: number,
  scratch?: Scratch,
): Q8Weights & { readonly minimums: Float32Array } {
  const { buffer, ...parts } = makeParts(count, count, scratch);
  return { kind: 'q8', group: 32, codes: new Int8Array(buffer, 0, count), ...parts };
}

/** Writes the values of packed weights, beginning at `offset`. */
export function unpackTo(out: Float32Array, offset: number, weights: PackedWeights): void {
  if (weights.kind === 'q4') unpackQ4(out, offset, weights);
  else unpackQ8(out, offset, weights);
}

function unpackQ4(out: Float32Array, offset: number, { codes, scales, minimums }: Q4Weights): void {
  for (let g = 0; g < scales.length; g++) {
    const [scale, minimum] = [scales[g], minimums[g]];
    const at = offset + 32 * g;
    for (let j = 0; j < 16; j++) {
      const pair = codes[16 * g + j];
      // Double precision holds the sum exactly, so that the array rounds once, as f32 does.
      out[at + j] = scale * (pair & 15) + minimum;
      out[at + 16 + j] = scale * (pair >> 4) + minimum;
    }
  }
}

function unpackQ8(out: Float32Array, offset: number, { group, codes, scales, minimums }: Q8Weights): void {
  for (let g = 0; g < scales.length; g++) {
    const [scale, minimum] = [scales[g], minimums?.[g] ?? 0];
    const at = group * g;
    for (let j = 0; j < group; j++) out[offset + at + j] = scale * codes[at + j] + minimum;
  }
}
