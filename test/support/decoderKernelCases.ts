/** Kernels of decoder layers: normalisation, gated activations, rotary positions. */
import { type Arrays, inOut, input, type KernelCase, LENGTHS, normals, output } from './kernelInputs.js';

/** The sizes of the edges, small models' widths, and rows enough for several stretches of them. */
const NORMED = [
  [1, 1],
  [1, 5],
  [3, 2],
  [7, 17],
  [2, 16],
  [5, 31],
  [4, 576],
  [131, 23],
  [2, 1031],
] as const;
const BETAS = [0, 1, -0.5] as const;

/** The sum of the magnitudes of all terms of rmsNorm's dX; the formula has one that is subtracted. */
function normalisedMagnitude(cols: number, beta: number, before: Arrays): Record<string, ArrayLike<number>> {
  const { x, weight, scales, dOut, dX } = before;
  const term = (i: number) => Math.abs(dOut[i] * weight[i % cols]);
  const magnitude = (i: number) => {
    const r = Math.floor(i / cols);
    let mean = 0;
    for (let j = r * cols; j < (r + 1) * cols; j++) mean += (term(j) * Math.abs(x[j])) / cols;
    const added = beta === 0 ? 0 : Math.abs(beta * dX[i]);
    return scales[r] * term(i) + scales[r] ** 3 * Math.abs(x[i]) * mean + added;
  };
  return { dX: Array.from(x, (_, i) => magnitude(i)) };
}

const rmsNormCases = NORMED.flatMap(([rows, cols]): KernelCase[] => [
  ...[1, 1e-3].map(
    (scale): KernelCase => ({
      name: `rmsNorm ${rows}x${cols} of ±${scale}`,
      inputs: (random) => ({
        x: input(normals(random, rows * cols, scale)),
        weight: input(normals(random, cols)),
        out: output(rows * cols),
        scales: output(rows),
      }),
      run: (backend, { out, scales, x, weight }) =>
        backend.run('rmsNorm', { out, scales, x, weight, rows, cols, eps: 1e-5 }),
    }),
  ),
  ...BETAS.flatMap((beta): KernelCase[] => [
    {
      name: `rmsNormBackward ${rows}x${cols} beta ${beta}`,
      inputs: (random) => ({
        x: input(normals(random, rows * cols)),
        weight: input(normals(random, cols)),
        scales: input(normals(random, rows).map(Math.abs)),
        dOut: input(normals(random, rows * cols)),
        dX: beta === 0 ? output(rows * cols) : inOut(normals(random, rows * cols)),
      }),
      run: (backend, { dX, x, weight, scales, dOut }) =>
        backend.run('rmsNormBackward', { dX, x, weight, scales, dOut, rows, cols, beta }),
      magnitude: (before) => normalisedMagnitude(cols, beta, before),
    },
    {
      name: `rmsNormWeightBackward ${rows}x${cols} beta ${beta}`,
      inputs: (random) => ({
        x: input(normals(random, rows * cols)),
        scales: input(normals(random, rows).map(Math.abs)),
        dOut: input(normals(random, rows * cols)),
        dWeight: beta === 0 ? output(cols) : inOut(normals(random, cols)),
      }),
      run: (backend, { dWeight, x, scales, dOut }, scalar) =>
        backend.run('rmsNormWeightBackward', { dWeight, x, scales, dOut, rows, cols, beta: scalar(beta) }),
    },
  ]),
]);

/** Gates from those whose exponential overflows or vanishes to the usual ones. */
const siluMulCases = LENGTHS.flatMap((n) =>
  BETAS.flatMap((beta): KernelCase[] => [
    {
      name: `siluMul ${n} beta ${beta}`,
      inputs: (random) => ({
        gate: input(normals(random, n, 4)),
        up: input(normals(random, n)),
        out: beta === 0 ? output(n) : inOut(normals(random, n)),
      }),
      run: (backend, { out, gate, up }, scalar) =>
        backend.run('siluMul', { out, gate, up, beta: scalar(beta) }),
    },
    {
      name: `siluMulBackward ${n} beta ${beta}`,
      inputs: (random) => ({
        gate: input(normals(random, n, 4)),
        up: input(normals(random, n)),
        dOut: input(normals(random, n)),
        dGate: beta === 0 ? output(n) : inOut(normals(random, n)),
      }),
      run: (backend, { dGate, gate, up, dOut }, scalar) =>
        backend.run('siluMulBackward', { dGate, gate, up, dOut, beta: scalar(beta) }),
    },
  ]),
);

/** [rows, heads, dim]: halves at the edges of a vector, and those of small models. */
const ROTATED = [
  [1, 1, 2],
  [3, 2, 6],
  [2, 3, 8],
  [7, 1, 10],
  [5, 2, 14],
  [4, 9, 64],
  [131, 1, 22],
] as const;
const POSITIONS = 11;

/** The sum of the magnitudes of all terms of rope's output; NaN where the position is outside the tables. */
function rotatedMagnitude(cols: number, dim: number, beta: number, before: Arrays): Float64Array {
  const { x, cos, sin, positions, out } = before;
  const half = dim / 2;
  return Float64Array.from(x, (value, i) => {
    const c = i % dim;
    const at = positions[Math.floor(i / cols)] * half + (c % half);
    const other = x[c < half ? i + half : i - half];
    return Math.abs(value * cos[at]) + Math.abs(other * sin[at]) + Math.abs(beta && beta * out[i]);
  });
}

const ropeCases = ROTATED.flatMap(([rows, heads, dim]) =>
  [false, true].flatMap((inverse) =>
    BETAS.map((beta): KernelCase => {
      const cols = heads * dim;
      const table = (POSITIONS * dim) / 2;
      return {
        name: `rope ${rows}x${heads}x${dim}${inverse ? ' inverse' : ''} beta ${beta}`,
        inputs: (random) => ({
          x: input(normals(random, rows * cols)),
          cos: input(normals(random, table)),
          sin: input(normals(random, table)),
          // Every row of the tables, and those on both sides of them.
          positions: input(
            Int32Array.from({ length: rows }, (_, r) => ((5 * r + 3) % (POSITIONS + 2)) - 1),
            'i32',
          ),
          out: beta === 0 ? output(rows * cols) : inOut(normals(random, rows * cols)),
        }),
        run: (backend, { out, x, cos, sin, positions }) =>
          backend.run('rope', { out, x, cos, sin, positions, rows, cols, dim, inverse, beta }),
        magnitude: (before) => ({ out: rotatedMagnitude(cols, dim, beta, before) }),
      };
    }),
  ),
);

export const decoderCases: readonly KernelCase[] = [...rmsNormCases, ...siluMulCases, ...ropeCases];
