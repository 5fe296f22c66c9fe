/** Integer products, for the table of cases. */
import { unpackWeights } from '../../src/backends/packedWeights.js';
import { type Arrays, type Input, input, type KernelCase, normals, output } from './kernelInputs.js';
import { PACKED_TYPES, packedInput } from './packedCases.js';

type Packed = Input['dtype'] & (typeof PACKED_TYPES)[number];

/** `[m, features, length of a row]`: edges of tiles, of blocks of 256 steps, 512 columns and 512 rows, and one row of decoding. */
const SHAPES: readonly (readonly [number, number, number])[] = [
  [1, 1, 32],
  [1, 7, 64],
  [1, 9, 96],
  [1, 33, 576],
  [1, 5, 160],
  [2, 3, 96],
  [4, 8, 32],
  [5, 31, 576],
  [6, 520, 32],
  [7, 17, 96],
  [33, 45, 544],
  [515, 9, 64],
  [3, 0, 32],
  [0, 3, 32],
];

/** Rows of groups of 16 that end within a block of 32 steps, and within a block of 256. */
const ODD_SHAPES: typeof SHAPES = [
  [1, 6, 48],
  [5, 9, 80],
  [6, 8, 272],
];

/** `[beta, whether there is a bias]`. */
const COMBINATIONS = [
  [0, false],
  [0, true],
  [0.75, true],
  [1, false],
] as const;

/** Numbers whose blocks of 32 differ in size by some powers of ten, one of them all zeros. */
function activations(random: Parameters<KernelCase['inputs']>[0], length: number): Float32Array {
  return normals(random, length).map((x, i) => {
    const block = Math.floor(i / 32) % 7;
    return block === 3 ? 0 : x * 10 ** (block - 4);
  });
}

function integerCase(
  dtype: Packed,
  [m, rows, cols]: (typeof SHAPES)[number],
  i: number,
  { transB, coarse }: { readonly transB: boolean; readonly coarse: boolean },
): KernelCase {
  const [k, n] = transB ? [cols, rows] : [rows, cols];
  const [beta, withBias] = COMBINATIONS[(i + (transB ? 0 : 1)) % COMBINATIONS.length];
  return {
    name: `integerMatmul ${m}x${k}x${n} N${transB ? 'T' : 'N'} by ${dtype}, beta ${beta}${coarse ? ', coarse' : ''}`,
    inputs: (random) => ({
      a: input(activations(random, m * k)),
      b: packedInput(random, dtype, rows * cols, i % 5 === 4 ? undefined : cols),
      ...(withBias ? { bias: input(normals(random, n)) } : {}),
      out: beta === 0 ? output(m * n) : { ...input(normals(random, m * n)), isOutput: true },
    }),
    run: (backend, { out, a, b, bias }) =>
      backend.run('integerMatmul', { out, a, b, bias, m, k, n, transB, coarse, beta }),
    magnitude: (before) => ({ out: magnitudes(before, dtype, { m, k, n, transB }) }),
  };
}

interface Sizes {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transB: boolean;
}

/** The sum of the magnitudes of all terms; of a weight code · scale and minimum are apart, as they are in the kernel. */
function magnitudes(before: Arrays, dtype: Packed, { m, k, n, transB }: Sizes): Float64Array {
  const weights = unpackWeights(dtype, Uint8Array.from(before.b));
  const most = weights.reduce((max, weight) => Math.max(max, Math.abs(weight)), 0);
  const sums = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = Math.abs(before.out[i * n + j] || 0) + Math.abs(before.bias?.[j] ?? 0);
      for (let l = 0; l < k; l++) {
        const weight = weights[transB ? j * k + l : l * n + j];
        sum += Math.abs(before.a[i * k + l]) * (transB ? Math.abs(weight) + most / 8 : Math.abs(weight));
      }
      sums[i * n + j] = sum;
    }
  }
  return sums;
}

export const integerCases: readonly KernelCase[] = PACKED_TYPES.flatMap((dtype) =>
  [...SHAPES, ...(dtype === 'q8x16' ? ODD_SHAPES : [])].flatMap((shape, i) => [
    integerCase(dtype, shape, i, { transB: true, coarse: false }),
    integerCase(dtype, shape, i, { transB: false, coarse: i % 2 === 1 }),
    integerCase(dtype, shape, i, { transB: true, coarse: true }),
  ]),
);
