/** Kernel calls with packed weights, for the table of cases. */
import { PACKED, type PackedType } from '../../src/backends/elementTypes.js';
import { packWeights } from '../../src/backends/packedWeights.js';
import { halfBits, halfToNumber } from '../../src/base/halves.js';
import type { Random } from '../../src/base/random.js';
import type { PackedWeights } from '../../src/gguf/packed.js';
import type { Input, KernelCase } from './kernelCases.js';

export const PACKED_TYPES = Object.keys(PACKED) as PackedType[];

const input = (data: ArrayLike<number>, dtype: Input['dtype'] = 'f32'): Input => ({
  dtype,
  data,
  isOutput: false,
});
const output = (length: number): Input => ({
  dtype: 'f32',
  data: new Float64Array(length).fill(Number.NaN),
  isOutput: true,
});
const normals = (random: Random, length: number): Float32Array =>
  Float32Array.from({ length }, () => random.normal());

/** A number that a half holds, as scales and minimums of a file are. */
const half = (value: number) => halfToNumber(halfBits(value));

/** Random weights: all codes, scales of either sign, and minimums that take most of the codes away again. */
export function randomPacked(random: Random, dtype: PackedType, count: number): PackedWeights {
  const { group, bits, hasMinimums } = PACKED[dtype];
  const groups = count / group;
  const scales = Float32Array.from({ length: groups }, () => half(random.normal() / 2 ** bits));
  const minimums = scales.map((scale) => half((0.2 * random.normal() - 0.5) * 2 ** (bits - 1) * scale));
  const byte = () => Math.floor(random.uniform() * 256);
  if (dtype === 'q4')
    return { kind: 'q4', group: 32, codes: Uint8Array.from({ length: count / 2 }, byte), scales, minimums };
  const codes = Int8Array.from({ length: count }, byte);
  return { kind: 'q8', group, codes, scales, ...(hasMinimums ? { minimums } : {}) };
}

/** Weights in rows of this length; without one, in one row. */
export const packedInput = (random: Random, dtype: PackedType, count: number, rowLength?: number): Input => {
  const { bytes } = packWeights(randomPacked(random, dtype, count));
  return { ...input(bytes, dtype), ...(rowLength === undefined ? {} : { rowLength }) };
};

/** `[m, features, length of a row]`: edges of tiles, of blocks of 256 steps and 512 columns, and the few rows of decoding. */
const SHAPES: readonly (readonly [number, number, number])[] = [
  [1, 1, 32],
  [1, 7, 64],
  [1, 33, 576],
  [2, 3, 96],
  [3, 8, 32],
  [4, 9, 288],
  [5, 16, 64],
  [5, 31, 576],
  [6, 520, 32],
  [7, 17, 96],
  [33, 9, 64],
  [33, 40, 544],
  [40, 45, 320],
  [35, 3, 1056],
  [3, 0, 32],
  [0, 3, 32],
];

/** `[alpha, beta, whether there is a bias]`. */
const COMBINATIONS = [
  [1, 0, false],
  [0.5, 0, true],
  [-1.25, 0.75, true],
  [2, 1, false],
] as const;

/** x Wᵀ and dY W, with a stored either way. */
const matmuls = PACKED_TYPES.flatMap((dtype) =>
  SHAPES.flatMap(([m, rows, cols], i) =>
    [0, 1, 2, 3].map((j): KernelCase => {
      const [transA, transB] = [j > 1, j % 2 === 0];
      const [k, n] = transB ? [cols, rows] : [rows, cols];
      const [alpha, beta, withBias] = COMBINATIONS[(i + j) % COMBINATIONS.length];
      return {
        name: `matmul ${m}x${k}x${n} ${transA ? 'T' : 'N'}${transB ? 'T' : 'N'} by ${dtype}, beta ${beta}`,
        inputs: (random) => ({
          a: input(normals(random, m * k)),
          // One case in nine has its weights in one row, which is right too, and slow.
          b: packedInput(random, dtype, rows * cols, (i + j) % 9 === 8 ? undefined : cols),
          ...(withBias ? { bias: input(normals(random, n)) } : {}),
          out: beta === 0 ? output(m * n) : { ...input(normals(random, m * n)), isOutput: true },
        }),
        run(backend, { out, a, b, bias }, scalar) {
          const numbers = { alpha: scalar(alpha), beta: scalar(beta) };
          backend.run('matmul', { out, a, b, bias, m, k, n, transA, transB, ...numbers });
        },
      };
    }),
  ),
);

/** The identity times every code with several scales: what is unpacked on the way into panels is exact. */
const exactMatmuls = PACKED_TYPES.flatMap((dtype) =>
  [false, true].map(
    (transB): KernelCase => ({
      name: `matmul of the identity and ${dtype}${transB ? ', transposed' : ''}`,
      inputs: (random) => ({
        a: input(Float32Array.from({ length: 4096 }, (_, i) => (i % 65 === 0 ? 1 : 0))),
        b: packedInput(random, dtype, 64 * 96 * 4, transB ? 64 : 384),
        out: output(64 * 96 * 4),
      }),
      run: (backend, { out, a, b }) => backend.run('matmul', { out, a, b, m: 64, k: 64, n: 384, transB }),
      magnitude: () => ({ out: new Float32Array(64 * 96 * 4) }),
    }),
  ),
);

const exact = PACKED_TYPES.flatMap((dtype): KernelCase[] => [
  ...[0, 1, 3, 65, 1000].map((groups): KernelCase => {
    const count = groups * PACKED[dtype].group;
    return {
      name: `copy ${count} ${dtype} to f32`,
      inputs: (random) => ({
        x: packedInput(random, dtype, count, count / (groups % 5 === 0 ? 5 : 1)),
        out: output(count),
      }),
      run: (backend, { out, x }) => backend.run('copy', { out, x }),
      magnitude: () => ({ out: new Float32Array(count) }),
    };
  }),
  ...[false, true].map((isColumns): KernelCase => {
    const [count, dim, rows] = [96, 64, 13];
    const indices = [0, 5, 95, 5, -1, 96, 17, 33, 48, 64, 80, 31, 32];
    const cols = isColumns ? count : dim;
    const strides = isColumns ? { rowStride: 1, colStride: dim } : { rowStride: dim, colStride: 1 };
    return {
      name: `take ${isColumns ? 'columns' : 'rows'} of ${dtype}`,
      inputs: (random) => ({
        table: packedInput(random, dtype, count * dim, dim),
        indices: input(isColumns ? indices.map((each) => each % dim) : indices, 'i32'),
        out: output(rows * cols),
      }),
      run: (backend, { out, table, indices }) =>
        backend.run('take', { out, table, indices, rows, cols, ...strides }),
      magnitude: () => ({ out: new Float32Array(rows * cols) }),
    };
  }),
]);

export const packedCases: readonly KernelCase[] = [...matmuls, ...exactMatmuls, ...exact];
