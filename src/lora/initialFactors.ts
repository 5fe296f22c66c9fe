/** The initial values of an update's factors. */

import type { Random } from '../base/random.js';
import { kaimingUniform, normal } from '../nn/init.js';
import { copyParameter, isFrozenWeight, type Tensor } from '../tensor.js';
import type { LoraInit } from './config.js';
import { type Columns, dot, orthonormalColumns, singularValues } from './decompositions.js';
import { randomizedSvd } from './randomizedSvd.js';

export interface FactorShape {
  readonly rank: number;
  readonly inFeatures: number;
  readonly outFeatures: number;
}

/** A `[rank, inFeatures]` and B `[outFeatures, rank]`, row-major. */
export interface FactorValues {
  readonly a: Float32Array;
  readonly b: Float32Array;
}

/** The initializations that use a part of the weight. */
export type InitByWeight = Extract<LoraInit, `pissa${string}` | 'olora'>;

/** Whether the factors begin with a part of the weight, which is subtracted from it. */
export function beginsWithWeight(init: LoraInit): init is InitByWeight {
  return init === 'olora' || init.startsWith('pissa');
}

/** Factors of a Linear that do not depend on its weight. @throws RangeError for an odd rank with `orthogonal` */
export function drawnFactors(shape: FactorShape, init: LoraInit, random: Random): FactorValues {
  const { rank, inFeatures, outFeatures } = shape;
  if (init === 'orthogonal') return orthogonalFactors(shape, random);
  const count = rank * inFeatures;
  const b = new Float32Array(outFeatures * rank);
  if (init === 'kaiming') return { a: kaimingUniform(count, inFeatures, random), b };
  return { a: normal(count, init === 'gaussian' ? 1 / rank : 1, random), b };
}

/** Factors of an Embedding: A zero, B standard normal. */
export function embeddingFactors(
  { rank, inFeatures, outFeatures }: FactorShape,
  random: Random,
): FactorValues {
  return { a: new Float32Array(rank * inFeatures), b: normal(outFeatures * rank, 1, random) };
}

/**
 * Half of the rows of an orthogonal Q span A, the other half B: B A = 0 up to rounding.
 * @see https://datta0.github.io/posts/rethink-lora-init/
 */
function orthogonalFactors({ rank, inFeatures, outFeatures }: FactorShape, random: Random): FactorValues {
  if (rank % 2 !== 0) throw new RangeError(`lora: init orthogonal requires an even rank: ${rank}`);
  const gauss = (length: number) => Float64Array.from({ length }, () => random.normal());
  const q = orthonormalColumns(Array.from({ length: rank }, () => gauss(rank)));
  /** For each feature, a random combination of every second column of Q from `first` on, divided by 10. */
  const mixtures = (features: number, first: number) =>
    Array.from({ length: features }, () => {
      const shares = gauss(rank / 2);
      return Float64Array.from({ length: rank }, (_, r) =>
        shares.reduce((sum, share, i) => sum + (share * q[2 * i + first][r]) / 10, 0),
      );
    });
  return { a: rowsOf(mixtures(inFeatures, 0)), b: columnsOf(mixtures(outFeatures, 1)) };
}

/**
 * Factors from a weight `[outFeatures, inFeatures]`. PiSSA (arXiv:2404.02948), W = U S Vᵀ: B = U √(S/s), A = √(S/s) Vᵀ
 * of the largest singular values; `pissa_niter_N` finds them by random columns, which are multiplied with the weight N times
 * more. OLoRA (arXiv:2406.01775), W = Q R: B the first columns of Q, A the first rows of R.
 */
export async function factorsOfWeight(
  weight: Tensor,
  shape: FactorShape,
  init: InitByWeight,
  scaling: number,
  random: Random,
): Promise<FactorValues> {
  const { rank, inFeatures, outFeatures } = shape;
  const share = (s: number) => [Math.sqrt(s / scaling), Math.sqrt(s / scaling)] as const;
  const [, iterations] = /^pissa_niter_(\d+)$/.exec(init) ?? [];
  if (iterations !== undefined) {
    // The weight is the left operand here, which kernels accept only in f32.
    const copy = isFrozenWeight(weight) ? copyParameter(weight, false) : undefined;
    try {
      const { u, s, v } = await randomizedSvd(copy ?? weight, rank, Number(iterations), random);
      return truncated({ left: u, s, right: v }, shape, share);
    } finally {
      copy?.dispose();
    }
  }
  const values = await weight.read();
  if (init === 'olora') {
    const columns = columnsOfMatrix(values, outFeatures, inFeatures);
    const q = orthonormalColumns(columns.slice(0, rank));
    const a = q.flatMap((each) => columns.map((column) => dot(each, column)));
    return { a: Float32Array.from(a), b: rowsOf(q) };
  }
  return truncated(exactSvd(values, shape), shape, share);
}

/**
 * B A, the best approximation of rank `rank` to a matrix `[outFeatures, inFeatures]`: A = Vᵀ, B = U S.
 * @see https://en.wikipedia.org/wiki/Low-rank_approximation
 */
export function lowRankApproximation(values: Float64Array, shape: FactorShape): FactorValues {
  return truncated(exactSvd(values, shape), shape, (s) => [1, s]);
}

interface Svd {
  readonly left: Columns;
  readonly s: readonly number[];
  readonly right: Columns;
}

function exactSvd(values: ArrayLike<number>, { inFeatures, outFeatures }: FactorShape): Svd {
  const columns = columnsOfMatrix(values, outFeatures, inFeatures);
  if (outFeatures < inFeatures) {
    const { u, s, v } = singularValues(transposed(columns));
    return { left: v, s, right: u };
  }
  const { u, s, v } = singularValues(columns);
  return { left: u, s, right: v };
}

/** @param share  how a singular value is divided between a row of A and a column of B */
function truncated(
  { left, s, right }: Svd,
  { rank, inFeatures, outFeatures }: FactorShape,
  share: (s: number) => readonly [a: number, b: number],
): FactorValues {
  const a = new Float32Array(rank * inFeatures);
  const b = new Float32Array(outFeatures * rank);
  for (let r = 0; r < Math.min(rank, s.length); r++) {
    const [inA, inB] = share(s[r]);
    for (let c = 0; c < inFeatures; c++) a[r * inFeatures + c] = right[r][c] * inA;
    for (let c = 0; c < outFeatures; c++) b[c * rank + r] = left[r][c] * inB;
  }
  return { a, b };
}

/** The columns of a row-major matrix `[rows, count]`. */
function columnsOfMatrix(values: ArrayLike<number>, rows: number, count: number): Float64Array[] {
  return Array.from({ length: count }, (_, c) =>
    Float64Array.from({ length: rows }, (__, r) => values[r * count + c]),
  );
}

function transposed(columns: Columns): Float64Array[] {
  return Array.from(columns[0], (_, r) => Float64Array.from(columns, (column) => column[r]));
}

/** The row-major values of a matrix of these columns. */
function rowsOf(columns: Columns): Float32Array {
  return Float32Array.from(transposed(columns).flatMap((row) => [...row]));
}

/** The row-major values of the transpose of a matrix of these columns. */
function columnsOf(columns: Columns): Float32Array {
  return Float32Array.from(columns.flatMap((column) => [...column]));
}
