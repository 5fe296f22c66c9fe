/**
 * Attention as matrices: a mask of booleans, all scores of a head, and gradients by the rules for products and softmax. An
 * oracle that shares nothing with the kernels, which never hold such a matrix.
 */
export interface AttentionSizes {
  readonly rows: number;
  readonly keys: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly dim: number;
  readonly scale: number;
}

export interface AttentionInputs {
  readonly q: ArrayLike<number>;
  readonly k: ArrayLike<number>;
  readonly v: ArrayLike<number>;
  readonly dOut: ArrayLike<number>;
  readonly ranges: ArrayLike<number>;
}

export type Matrix = readonly (readonly number[])[];

export function maskOf(ranges: ArrayLike<number>, { rows, keys }: AttentionSizes): boolean[][] {
  return Array.from({ length: rows }, (_, i) =>
    Array.from({ length: keys }, (__, j) => {
      const [from, to, prefixFrom, prefixTo] = Array.from({ length: 4 }, (___, n) => ranges[4 * i + n]);
      return (from <= j && j < to) || (prefixFrom <= j && j < prefixTo);
    }),
  );
}

/** The `dim` columns of one of `heads` heads. */
export function headOf(x: ArrayLike<number>, rows: number, heads: number, h: number, dim: number): Matrix {
  return Array.from({ length: rows }, (_, i) =>
    Array.from({ length: dim }, (__, d) => x[(i * heads + h) * dim + d]),
  );
}

export function transpose(a: Matrix, rows: number): number[][] {
  return Array.from({ length: rows }, (_, j) => a.map((row) => row[j]));
}

/** `a bᵀ`. */
export function timesTransposed(a: Matrix, b: Matrix): number[][] {
  return a.map((x) => b.map((y) => x.reduce((sum, value, d) => sum + value * y[d], 0)));
}

/** `a b`, `b` with `cols` columns. */
export function times(a: Matrix, b: Matrix, cols: number): number[][] {
  return timesTransposed(a, transpose(b, cols));
}

function softmax(scores: readonly number[], mask: readonly boolean[]): number[] {
  const seen = scores.map((score, j) => (mask[j] ? score : Number.NEGATIVE_INFINITY));
  const most = Math.max(...seen);
  const powers = seen.map((score, j) => (mask[j] ? Math.exp(score - most) : 0));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => (sum === 0 ? 0 : power / sum));
}

/** Adds a head's matrix at its columns. */
export function addHead(to: Float64Array, x: Matrix, heads: number, h: number, dim: number): void {
  for (const [i, row] of x.entries())
    for (const [d, value] of row.entries()) to[(i * heads + h) * dim + d] += value;
}

/** The output and all gradients, in float64. */
export function denseAttention(inputs: AttentionInputs, sizes: AttentionSizes) {
  const { rows, keys, heads, kvHeads, dim, scale } = sizes;
  const mask = maskOf(inputs.ranges, sizes);
  const [out, dQ] = [0, 0].map(() => new Float64Array(rows * heads * dim));
  const [dK, dV] = [0, 0].map(() => new Float64Array(keys * kvHeads * dim));
  for (let h = 0; h < heads; h++) {
    const g = Math.floor((h * kvHeads) / heads);
    const [q, dOut] = [inputs.q, inputs.dOut].map((x) => headOf(x, rows, heads, h, dim));
    const [k, v] = [inputs.k, inputs.v].map((x) => headOf(x, keys, kvHeads, g, dim));
    const p = timesTransposed(q, k).map((row, i) =>
      softmax(
        row.map((x) => scale * x),
        mask[i],
      ),
    );
    addHead(out, times(p, v, dim), heads, h, dim);
    addHead(dV, times(transpose(p, keys), dOut, dim), kvHeads, g, dim);
    const dS = timesTransposed(dOut, v).map((row, i) => {
      const mean = row.reduce((sum, x, j) => sum + x * p[i][j], 0);
      return row.map((x, j) => scale * p[i][j] * (x - mean));
    });
    addHead(dQ, times(dS, k, dim), heads, h, dim);
    addHead(dK, times(transpose(dS, keys), q, dim), kvHeads, g, dim);
  }
  return { out, dQ, dK, dV };
}
