/** A matrix product in plain JavaScript: register tiles over any strides. V8 computes it in float64 scalars. */

export interface Matrix {
  readonly data: Float32Array;
  /** Elements from row to row, and from column to column. */
  readonly rowStride: number;
  readonly colStride: number;
}

export const rows = (data: Float32Array, cols: number): Matrix => ({ data, rowStride: cols, colStride: 1 });
/** The transpose of a row-major matrix of `cols` columns. */
export const transposed = (data: Float32Array, cols: number): Matrix => ({
  data,
  rowStride: 1,
  colStride: cols,
});

/** out[m,n] = beta out + scale a b; out is row-major. Tiles of 2×4, 2×2 for what is left, single elements at the edge. */
export function matmul(
  out: Float32Array,
  [m, k, n]: readonly [number, number, number],
  a: Matrix,
  b: Matrix,
  { scale = 1, beta = 0 }: { scale?: number; beta?: 0 | 1 } = {},
): void {
  const evenRows = m - (m % 2);
  const n4 = n - (n % 4);
  const n2 = n - (n % 2);
  for (let j = 0; j < n4; j += 4) {
    for (let i = 0; i < evenRows; i += 2) tile2x4(out, i, j, n, k, a, b, scale, beta);
  }
  for (let j = n4; j < n2; j += 2) {
    for (let i = 0; i < evenRows; i += 2) tile2x2(out, i, j, n, k, a, b, scale, beta);
  }
  for (let i = 0; i < m; i++) {
    for (let j = i < evenRows ? n2 : 0; j < n; j++) element(out, i, j, n, k, a, b, scale, beta);
  }
}

type Tile = (
  out: Float32Array,
  i: number,
  j: number,
  n: number,
  k: number,
  a: Matrix,
  b: Matrix,
  scale: number,
  beta: number,
) => void;

const tile2x4: Tile = (out, i, j, n, k, a, b, scale, beta) => {
  const { data: x, rowStride: xRow, colStride: xCol } = a;
  const { data: y, rowStride: yRow, colStride: yCol } = b;
  let p = i * xRow;
  let q = j * yCol;
  let c00 = 0;
  let c01 = 0;
  let c02 = 0;
  let c03 = 0;
  let c10 = 0;
  let c11 = 0;
  let c12 = 0;
  let c13 = 0;
  for (let l = 0; l < k; l++) {
    const x0 = x[p];
    const x1 = x[p + xRow];
    const y0 = y[q];
    const y1 = y[q + yCol];
    const y2 = y[q + 2 * yCol];
    const y3 = y[q + 3 * yCol];
    c00 += x0 * y0;
    c01 += x0 * y1;
    c02 += x0 * y2;
    c03 += x0 * y3;
    c10 += x1 * y0;
    c11 += x1 * y1;
    c12 += x1 * y2;
    c13 += x1 * y3;
    p += xCol;
    q += yRow;
  }
  const o = i * n + j;
  out[o] = beta * out[o] + scale * c00;
  out[o + 1] = beta * out[o + 1] + scale * c01;
  out[o + 2] = beta * out[o + 2] + scale * c02;
  out[o + 3] = beta * out[o + 3] + scale * c03;
  out[o + n] = beta * out[o + n] + scale * c10;
  out[o + n + 1] = beta * out[o + n + 1] + scale * c11;
  out[o + n + 2] = beta * out[o + n + 2] + scale * c12;
  out[o + n + 3] = beta * out[o + n + 3] + scale * c13;
};

const tile2x2: Tile = (out, i, j, n, k, a, b, scale, beta) => {
  const { data: x, rowStride: xRow, colStride: xCol } = a;
  const { data: y, rowStride: yRow, colStride: yCol } = b;
  let p = i * xRow;
  let q = j * yCol;
  let c00 = 0;
  let c01 = 0;
  let c10 = 0;
  let c11 = 0;
  for (let l = 0; l < k; l++) {
    const x0 = x[p];
    const x1 = x[p + xRow];
    const y0 = y[q];
    const y1 = y[q + yCol];
    c00 += x0 * y0;
    c01 += x0 * y1;
    c10 += x1 * y0;
    c11 += x1 * y1;
    p += xCol;
    q += yRow;
  }
  const o = i * n + j;
  out[o] = beta * out[o] + scale * c00;
  out[o + 1] = beta * out[o + 1] + scale * c01;
  out[o + n] = beta * out[o + n] + scale * c10;
  out[o + n + 1] = beta * out[o + n + 1] + scale * c11;
};

const element: Tile = (out, i, j, n, k, a, b, scale, beta) => {
  let sum = 0;
  for (let l = 0; l < k; l++) {
    sum += a.data[i * a.rowStride + l * a.colStride] * b.data[l * b.rowStride + j * b.colStride];
  }
  out[i * n + j] = beta * out[i * n + j] + scale * sum;
};
