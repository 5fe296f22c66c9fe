/**
 * Orthonormal columns and singular values of matrices that are lists of columns, in float64. Implemented here because the
 * smallest library with both would be a quarter of what a page loads.
 */

export type Columns = readonly Float64Array[];

/** Share of a vector's length below which the remainder is only rounding. */
const NOTHING = 1e-12;
/** Cosine of the angle between two columns that count as orthogonal. */
const ORTHOGONAL = 1e-12;
const MAX_SWEEPS = 60;

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** a += factor · b */
function addScaled(a: Float64Array, b: Float64Array, factor: number): void {
  for (let i = 0; i < a.length; i++) a[i] += factor * b[i];
}

function scaled(a: Float64Array, factor: number): Float64Array {
  return a.map((value) => value * factor);
}

/**
 * Q of W = Q R, the orthonormal columns that span those of W one after the other, by modified Gram-Schmidt done twice;
 * a column that depends on those before it gives some column that does not.
 * @param columns  no more of them than rows
 * @see https://doi.org/10.1007/s00211-005-0615-4 (twice is enough)
 */
export function orthonormalColumns(columns: Columns): Float64Array[] {
  const q: Float64Array[] = [];
  const residual = (column: Float64Array) => {
    const left = column.slice();
    for (let pass = 0; pass < 2; pass++) for (const each of q) addScaled(left, each, -dot(each, left));
    return left;
  };
  for (const column of columns) {
    let left = residual(column);
    for (let i = 0; dot(left, left) <= NOTHING ** 2 * dot(column, column); i++) {
      left = residual(new Float64Array(column.length).fill(1, i, i + 1));
      if (dot(left, left) > 0.5 / column.length) break;
      left.fill(0);
    }
    q.push(scaled(left, 1 / Math.sqrt(dot(left, left))));
  }
  return q;
}

/** W = U S Vᵀ, the singular values in descending order. */
export interface SingularValues {
  readonly u: Columns;
  readonly s: readonly number[];
  readonly v: Columns;
}

/**
 * The singular values of W by one-sided Jacobi rotations of Rᵀ, where W = Q R: they turn its columns until all are
 * orthogonal, and are as exact for the small values as for the large.
 * @param columns  of W, no more of them than rows
 * @see https://doi.org/10.1137/050639193 (Drmač and Veselić)
 */
export function singularValues(columns: Columns): SingularValues {
  const q = orthonormalColumns(columns);
  const size = columns.length;
  const turned = q.map((each) => Float64Array.from(columns, (column) => dot(each, column)));
  const turns = q.map((_, i) => new Float64Array(size).fill(1, i, i + 1));
  for (let sweep = 0; sweep < MAX_SWEEPS && turnAll(turned, turns); sweep++);
  const lengths = turned.map((column) => Math.sqrt(dot(column, column)));
  const order = [...lengths.keys()].sort((a, b) => lengths[b] - lengths[a]);
  const u = order.map((i) => {
    const sum = new Float64Array(columns[0].length);
    for (const [k, each] of q.entries()) addScaled(sum, each, turns[i][k]);
    return sum;
  });
  const s = order.map((i) => lengths[i]);
  const v = order.map((i) => scaled(turned[i], lengths[i] > 0 ? 1 / lengths[i] : 0));
  return { u, s, v };
}

/** One rotation of each pair of columns that is not orthogonal. Returns whether there was any. */
function turnAll(columns: Columns, turns: Columns): boolean {
  const squares = columns.map((column) => dot(column, column));
  let any = false;
  for (let p = 0; p < columns.length; p++) {
    for (let q = p + 1; q < columns.length; q++) {
      const product = dot(columns[p], columns[q]);
      if (Math.abs(product) <= ORTHOGONAL * Math.sqrt(squares[p] * squares[q])) continue;
      any = true;
      const zeta = (squares[q] - squares[p]) / (2 * product);
      const tangent = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
      const cosine = 1 / Math.hypot(1, tangent);
      turn(columns[p], columns[q], cosine, cosine * tangent);
      turn(turns[p], turns[q], cosine, cosine * tangent);
      squares[p] -= tangent * product;
      squares[q] += tangent * product;
    }
  }
  return any;
}

function turn(a: Float64Array, b: Float64Array, cosine: number, sine: number): void {
  for (let i = 0; i < a.length; i++) {
    const x = a[i];
    const y = b[i];
    a[i] = cosine * x - sine * y;
    b[i] = sine * x + cosine * y;
  }
}
