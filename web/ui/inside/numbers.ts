/** The numbers that the figure states and draws. */
import { PIXELS } from '../../lab/pixels.js';
import { MOST_RANK } from '../../lab/ranks.js';
import type { Inside } from '../../lab/views.js';

/** Weights and biases of the network. */
export const NETWORK_SIZE = 235_146;
/** Share of the values that a scale covers, so that a few large ones do not stretch it. */
const SHARE = 0.995;

type Layers = readonly { readonly inFeatures: number; readonly outFeatures: number }[];

/** Size of an adapter of this rank that is taught here: A and B of each layer, and the biases. */
export function adapterSize(layers: Layers, rank: number): number {
  return layers.reduce(
    (sum, { inFeatures, outFeatures }) => sum + rank * (inFeatures + outFeatures) + outFeatures,
    0,
  );
}

/** The stops of the slider; an adapter of a higher rank adds one at the end. */
export function ranksOf(rankTaught: number | undefined): number[] {
  const ranks = Array.from({ length: MOST_RANK }, (_, i) => i + 1);
  return rankTaught !== undefined && rankTaught > MOST_RANK ? [...ranks, rankTaught] : ranks;
}

/** The value that full colour stands for. It covers nearly all values, so that single large ones do not pale the rest. */
export function scaleOf(values: Float32Array): number {
  const sizes = values.map(Math.abs).sort();
  return sizes[Math.floor(SHARE * (sizes.length - 1))] || 1;
}

export function difference(after: Float32Array, before: Float32Array): Float32Array {
  return after.map((value, i) => value - before[i]);
}

export const digitOf = (values: Float32Array, digit: number) =>
  values.subarray(digit * PIXELS, (digit + 1) * PIXELS);

/** ‖after − before‖ / ‖before‖ */
export function moved(after: Float32Array, before: Float32Array): number {
  const norm = (values: Float32Array) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return norm(difference(after, before)) / norm(before);
}

export function rangeOf(values: Float32Array): readonly [least: number, most: number] {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return [least, most];
}

/** The effect of an adapter on the score of one digit, for one drawing. */
export interface Effect {
  /** The score before the last ReLU. */
  readonly before: number;
  readonly after: number;
  /** What each pixel's ink adds through the change; 0 without ink. */
  readonly ink: Float32Array;
  /** Their sum. */
  readonly fromInk: number;
  /** What the change adds to the score of an empty pad, whose pixels are not 0 for the network. */
  readonly fromPaper: number;
}

/**
 * `after − before = fromInk + fromPaper`: each pixel counts as an empty one plus its ink.
 * @returns undefined without an adapter
 */
export function effectOn(
  { before, after, input }: Pick<Inside, 'before' | 'after' | 'input'>,
  pixels: Uint8Array,
  digit: number,
): Effect | undefined {
  if (!after) return undefined;
  const weights = digitOf(before.weights, digit);
  const change = difference(digitOf(after.weights, digit), weights);
  /** Contributions of the ink, and of an empty pad. */
  const inkOf = (values: Float32Array) => values.map((value, i) => (value * (pixels[i] / 255)) / input.std);
  const paperOf = (values: Float32Array) => (-sum(values) * input.mean) / input.std;
  const ink = inkOf(change);
  const fromInk = sum(ink);
  const fromPaper = after.offsets[digit] - before.offsets[digit] + paperOf(change);
  const score = before.offsets[digit] + sum(inkOf(weights)) + paperOf(weights);
  return { before: score, after: score + fromInk + fromPaper, ink, fromInk, fromPaper };
}

const sum = (values: Float32Array) => values.reduce((total, value) => total + value, 0);

/** B A, `[outFeatures, inFeatures]`. */
export function productOf({ rank, a, b }: { rank: number; a: Float32Array; b: Float32Array }): Float32Array {
  const [rows, columns] = [b.length / rank, a.length / rank];
  const out = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let r = 0; r < rank; r++) {
      const factor = b[row * rank + r];
      for (let c = 0; c < columns; c++) out[row * columns + c] += factor * a[r * columns + c];
    }
  }
  return out;
}
