/** Orthonormal columns and singular values, against ml-matrix. */
import { Matrix, SVD } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { dot, orthonormalColumns, singularValues } from '../../src/lora/decompositions.js';

const SHAPES = [
  [1, 1],
  [5, 1],
  [7, 7],
  [40, 13],
  [96, 64],
] as const;

const gauss = (rows: number, count: number, random: Random) =>
  Array.from({ length: count }, () => Float64Array.from({ length: rows }, () => random.normal()));

/** Column r is the sum of the products of a column with its share in `of`. */
const isIdentity = (columns: readonly Float64Array[]) =>
  columns.every((a, i) => columns.every((b, j) => Math.abs(dot(a, b) - (i === j ? 1 : 0)) < 1e-12));

describe('orthonormalColumns', () => {
  it.each(SHAPES)('of %i × %i span what they come from, one after the other', (rows, count) => {
    const columns = gauss(rows, count, new Random(1));
    const q = orthonormalColumns(columns);
    expect(isIdentity(q)).toBe(true);
    for (const [k, column] of columns.entries()) {
      const inSpan = q.slice(0, k + 1).reduce((sum, each) => sum + dot(each, column) ** 2, 0);
      expect(inSpan).toBeCloseTo(dot(column, column), 9);
    }
  });

  it('are orthogonal where the columns are nearly parallel', () => {
    const columns = Array.from({ length: 12 }, (_, c) =>
      Float64Array.from({ length: 12 }, (__, r) => 1 / (r + c + 1)),
    );
    expect(isIdentity(orthonormalColumns(columns))).toBe(true);
  });

  it('find some direction where a column depends on others or is zero', () => {
    const a = Float64Array.of(1, 2, 3, 4);
    const q = orthonormalColumns([
      a,
      a.map((value) => -2 * value),
      new Float64Array(4),
      Float64Array.of(1, 0, 0, 0),
    ]);
    expect(isIdentity(q)).toBe(true);
  });
});

describe('singularValues', () => {
  it.each(SHAPES)('of %i × %i are those of ml-matrix, and give the matrix again', (rows, count) => {
    const columns = gauss(rows, count, new Random(2));
    const { u, s, v } = singularValues(columns);
    const { diagonal } = new SVD(new Matrix(columns.map((column) => [...column])).transpose());
    s.forEach((value, i) => {
      expect(value).toBeCloseTo(diagonal[i], 10);
    });
    expect(isIdentity(u)).toBe(true);
    expect(isIdentity(v)).toBe(true);
    columns.forEach((column, c) => {
      column.forEach((value, r) => {
        expect(s.reduce((sum, each, k) => sum + u[k][r] * each * v[k][c], 0)).toBeCloseTo(value, 10);
      });
    });
  });

  it('are exact for values of very different sizes, and zero where the rank is less', () => {
    const [first, second] = orthonormalColumns(gauss(6, 2, new Random(3)));
    const columns = [first, second, new Float64Array(6)].map((each, i) =>
      each.map((x) => x * [1, 1e-9, 1][i]),
    );
    const { s } = singularValues(columns);
    expect(s[0]).toBeCloseTo(1, 12);
    expect(s[1] / 1e-9).toBeCloseTo(1, 6);
    expect(s[2]).toBeLessThan(1e-20);
  });
});
