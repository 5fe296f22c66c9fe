/** Rotary positions: the angle of rotation of each pair of a head's numbers, as cosines and sines. */
import type { Backend } from '../backends/backend.js';
import { Module } from '../nn/module.js';
import { type Tensor, tensor } from '../tensor.js';
import type { RopeConfig } from './llamaConfig.js';

/** Number of rows of the first table; later tables double it until they suffice. */
const FIRST_ROWS = 512;

const { fround } = Math;

/**
 * Angles for one position, [headDim / 2], in f32 at each step, as transformers computes them: at position 8,000 the rounding
 * of an angle is as large as 5e-4, and a model was trained with it.
 * @see https://github.com/huggingface/transformers/blob/main/src/transformers/modeling_rope_utils.py
 */
export function inverseFrequencies({ theta, scaling }: RopeConfig, headDim: number): Float32Array {
  const plain = Float32Array.from(
    { length: headDim / 2 },
    (_, i) => 1 / fround(theta ** fround((2 * i) / headDim)),
  );
  if (!scaling) return plain;
  if (scaling.type === 'linear') return plain.map((frequency) => frequency / scaling.factor);
  if (scaling.type === 'factors') return plain.map((frequency, i) => frequency / scaling.factors[i]);
  const { factor, lowFreqFactor, highFreqFactor, originalContextLength } = scaling;
  return plain.map((frequency) => {
    const wavelength = fround((2 * Math.PI) / frequency);
    if (wavelength > originalContextLength / lowFreqFactor) return frequency / factor;
    if (wavelength < originalContextLength / highFreqFactor) return frequency;
    const smooth = (originalContextLength / wavelength - lowFreqFactor) / (highFreqFactor - lowFreqFactor);
    return ((1 - smooth) * frequency) / factor + smooth * frequency;
  });
}

/** The tables of one model on its device, which grow with the longest text so far. They are not part of its state. */
export class RotaryTables extends Module {
  readonly #frequencies: Float32Array;
  #tables: { readonly cos: Tensor; readonly sin: Tensor } | undefined;

  constructor(rope: RopeConfig, headDim: number) {
    super();
    this.#frequencies = inverseFrequencies(rope, headDim);
  }

  /** Cosines and sines, [rows, headDim / 2], for at least the positions 0 to `length` − 1. */
  upTo(device: Backend, length: number): { readonly cos: Tensor; readonly sin: Tensor } {
    if (this.#tables && this.#tables.cos.device === device && this.#tables.cos.shape[0] >= length)
      return this.#tables;
    this.#drop();
    let rows = FIRST_ROWS;
    while (rows < length) rows *= 2;
    const [cos, sin] = this.#values(rows).map((data) => tensor(device, data, [rows, data.length / rows]));
    for (const each of [cos, sin]) this.nonPersistent.add(each);
    this.#tables = { cos, sin };
    return this.#tables;
  }

  #values(rows: number): [cos: Float32Array, sin: Float32Array] {
    const half = this.#frequencies.length;
    const [cos, sin] = [new Float32Array(rows * half), new Float32Array(rows * half)];
    for (let position = 0; position < rows; position++) {
      for (let i = 0; i < half; i++) {
        const angle = fround(position * this.#frequencies[i]);
        cos[position * half + i] = Math.cos(angle);
        sin[position * half + i] = Math.sin(angle);
      }
    }
    return [cos, sin];
  }

  /** Frees the tables, or leaves them to the garbage collector where a backward may read them. */
  #drop(): void {
    for (const each of Object.values(this.#tables ?? {})) {
      this.nonPersistent.delete(each);
      if (!each.isRead) each.dispose();
    }
    this.#tables = undefined;
  }
}
