/** The first values of an update's factors. */
import { Matrix, QrDecomposition, SVD } from 'ml-matrix';
import { kaimingUniform, normal } from '../nn/init.js';
import type { Random } from '../random.js';
import type { LoraInit } from './config.js';

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

/** Whether the factors begin with a part of the weight, which is taken off again. */
export function beginsWithWeight(init: LoraInit): init is 'pissa' | 'olora' {
  return init === 'pissa' || init === 'olora';
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
  if (rank % 2 !== 0) throw new RangeError(`lora: init orthogonal wants an even rank: ${rank}`);
  const gauss = (rows: number, cols: number) =>
    Matrix.from1DArray(
      rows,
      cols,
      Array.from({ length: rows * cols }, () => random.normal()),
    );
  const q = new QrDecomposition(gauss(rank, rank)).orthogonalMatrix;
  const rows = (first: number) =>
    q.selection(
      Array.from({ length: rank / 2 }, (_, i) => 2 * i + first),
      Array.from({ length: rank }, (_, i) => i),
    );
  const a = gauss(inFeatures, rank / 2)
    .mmul(rows(0))
    .transpose()
    .div(10);
  const b = gauss(outFeatures, rank / 2)
    .mmul(rows(1))
    .div(10);
  return { a: flat(a), b: flat(b) };
}

/**
 * Factors from a weight `[outFeatures, inFeatures]`. PiSSA (arXiv:2404.02948), W = U S Vᵀ: B = U √(S/s), A = √(S/s) Vᵀ
 * of the largest singular values. OLoRA (arXiv:2406.01775), W = Q R: B the first columns of Q, A the first rows of R.
 */
export function factorsOfWeight(
  weight: ArrayLike<number>,
  { rank, inFeatures, outFeatures }: FactorShape,
  init: 'pissa' | 'olora',
  scaling: number,
): FactorValues {
  const w = Matrix.from1DArray(outFeatures, inFeatures, Array.from(weight));
  if (init === 'olora') {
    // Q of the leading columns is Q of all of a wide matrix.
    const square = w.subMatrix(0, outFeatures - 1, 0, Math.min(outFeatures, inFeatures) - 1);
    const q = new QrDecomposition(square).orthogonalMatrix.subMatrix(0, outFeatures - 1, 0, rank - 1);
    return { a: flat(q.transpose().mmul(w)), b: flat(q) };
  }
  return truncatedSvd(w, rank, (s) => [Math.sqrt(s / scaling), Math.sqrt(s / scaling)]);
}

/**
 * B A, the best approximation of rank `rank` to a matrix `[outFeatures, inFeatures]`: A = Vᵀ, B = U S.
 * @see https://en.wikipedia.org/wiki/Low-rank_approximation
 */
export function lowRankApproximation(
  values: Float64Array,
  { rank, inFeatures, outFeatures }: FactorShape,
): FactorValues {
  const matrix = Matrix.from1DArray(outFeatures, inFeatures, Array.from(values));
  return truncatedSvd(matrix, rank, (s) => [1, s]);
}

/** @param share  how a singular value is divided between a row of A and a column of B */
function truncatedSvd(
  w: Matrix,
  rank: number,
  share: (s: number) => readonly [a: number, b: number],
): FactorValues {
  const { leftSingularVectors: u, rightSingularVectors: v, diagonal } = new SVD(w, { autoTranspose: true });
  const a = new Float32Array(rank * w.columns);
  const b = new Float32Array(w.rows * rank);
  for (let r = 0; r < Math.min(rank, diagonal.length); r++) {
    const [inA, inB] = share(diagonal[r]);
    for (let c = 0; c < w.columns; c++) a[r * w.columns + c] = v.get(c, r) * inA;
    for (let c = 0; c < w.rows; c++) b[c * rank + r] = u.get(c, r) * inB;
  }
  return { a, b };
}

function flat(matrix: Matrix): Float32Array {
  return Float32Array.from(matrix.to1DArray());
}
