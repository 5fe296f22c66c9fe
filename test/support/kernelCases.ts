/**
 * One table of kernel calls with their inputs and error bounds, for every backend to be compared with the
 * reference. It knows the Backend interface, but not tensors or the test runner.
 */
import { fieldValues } from '../../src/backends/kernels.js';
import { halfBits, numberToBfloat } from '../../src/base/halves.js';
import type { Random } from '../../src/base/random.js';
import { attentionKernelCases } from './attentionCases.js';
import { decoderCases } from './decoderKernelCases.js';
import {
  inOut,
  input,
  integers,
  type KernelCase,
  LENGTHS,
  normals,
  output,
  ROWS_COLS,
} from './kernelInputs.js';
import { packedCases } from './packedCases.js';
import { vocabularyKernelCases } from './vocabularyCases.js';

export { errorBound, type Input, type KernelCase } from './kernelInputs.js';

/** 16-bit floats by their bits. */
export const toHalves = (dtype: 'bf16' | 'f16', data: Float32Array): Uint16Array =>
  Uint16Array.from(data, dtype === 'bf16' ? numberToBfloat : halfBits);

const TRANSPOSES = ['NN', 'NT', 'TN', 'TT'] as const;
/** `[alpha, beta, whether there is a bias]`. */
const COMBINATIONS = [
  [1, 0, false],
  [1, 1, false],
  [0.5, 0, true],
  [-1.25, 0.75, true],
  [1, 0, true],
  [2, 1, false],
] as const;

/** `[m, k, n]`: LoRA and DigitsNet, then the edges of every tile and block, alone and together. */
const MATMUL_SHAPES: readonly (readonly [number, number, number])[] = [
  ...([1, 2, 3, 8, 64] as const).flatMap(
    (rank) =>
      [
        [10, 784, rank],
        [10, rank, 256],
        [256, 10, rank],
        [rank, 10, 784],
        [rank, 256, 131],
        [67, rank, 784],
      ] as const,
  ),
  [10, 784, 256],
  [10, 10, 128],
  [10, 128, 10],
  [128, 10, 256],
  [1, 1, 1],
  [1, 5, 1],
  [5, 1, 7],
  [1, 784, 10],
  [2, 16, 4],
  [3, 15, 3],
  [3, 17, 5],
  [4, 4, 8],
  [5, 31, 9],
  [6, 7, 6],
  [3, 1025, 5],
  [7, 1031, 7],
  [7, 13, 17],
  [9, 600, 11],
  [2, 600, 40],
  [4, 28, 5],
  [3, 63, 6],
  [2, 100, 7],
  [4, 131, 4],
  [13, 29, 16],
  [17, 64, 15],
  [31, 33, 37],
  [32, 32, 32],
  [33, 255, 31],
  [35, 256, 65],
  [41, 257, 33],
  [61, 600, 35],
  [127, 32, 33],
  [129, 40, 47],
  [133, 33, 39],
  [33, 34, 511],
  [37, 36, 521],
  [47, 1031, 53],
];

function matmulCase(
  [m, k, n]: readonly [number, number, number],
  transposes: (typeof TRANSPOSES)[number],
  [alpha, beta, withBias]: readonly [number, number, boolean],
): KernelCase {
  const terms = `${alpha}ab${beta === 0 ? '' : ` + ${beta}out`}${withBias ? ' + bias' : ''}`;
  return {
    name: `matmul ${m}x${k}x${n} ${transposes} ${terms}`,
    inputs: (random) => ({
      a: input(normals(random, m * k)),
      b: input(normals(random, k * n)),
      ...(withBias ? { bias: input(normals(random, n, 3)) } : {}),
      out: beta === 0 ? output(m * n) : inOut(normals(random, m * n, 3)),
    }),
    run(backend, { out, a, b, bias }, scalar) {
      const [transA, transB] = [transposes[0] === 'T', transposes[1] === 'T'];
      const numbers = { alpha: scalar(alpha), beta: scalar(beta) };
      backend.run('matmul', { out, a, b, bias, m, k, n, transA, transB, ...numbers });
    },
  };
}

/** Every shape in every transposition, with the other terms in turn. */
const matmulCases = MATMUL_SHAPES.flatMap((shape, i) =>
  TRANSPOSES.map((transposes, j) =>
    matmulCase(shape, transposes, COMBINATIONS[(i + j) % COMBINATIONS.length]),
  ),
).concat(
  COMBINATIONS.flatMap((terms) =>
    TRANSPOSES.flatMap((transposes) => [
      matmulCase([10, 300, 18], transposes, terms),
      matmulCase([45, 300, 42], transposes, terms),
      matmulCase([6, 0, 9], transposes, terms),
    ]),
  ),
);

const elementwiseCases = LENGTHS.flatMap((n): KernelCase[] => [
  {
    name: `fill ${n}`,
    inputs: () => ({ out: output(n) }),
    run: (backend, { out }, scalar) => backend.run('fill', { out, value: scalar(-1.5) }),
  },
  {
    name: `fill i32 ${n}`,
    inputs: () => ({ out: output(n, 'i32') }),
    run: (backend, { out }) => backend.run('fill', { out, value: -7 }),
  },
  {
    name: `fill u8 ${n}`,
    inputs: () => ({ out: output(n, 'u8') }),
    run: (backend, { out }) => backend.run('fill', { out, value: 200 }),
  },
  {
    name: `copy ${n}`,
    inputs: (random) => ({ x: input(normals(random, n)), out: output(n) }),
    run: (backend, { out, x }) => backend.run('copy', { out, x }),
  },
  {
    name: `copy u8 ${n}`,
    inputs: (random) => ({ x: input(integers(random, n, 256), 'u8'), out: output(n, 'u8') }),
    run: (backend, { out, x }) => backend.run('copy', { out, x }),
  },
  {
    name: `relu ${n}`,
    inputs: (random) => ({ x: input(normals(random, n)), out: output(n) }),
    run: (backend, { out, x }) => backend.run('relu', { out, x }),
    magnitude: (_, { out }) => ({ out }),
  },
  {
    name: `silu ${n}`,
    inputs: (random) => ({ x: input(normals(random, n, 4)), out: output(n) }),
    run: (backend, { out, x }) => backend.run('silu', { out, x }),
  },
  ...[0, 1, -0.5].flatMap((beta): KernelCase[] => [
    {
      name: `siluBackward ${n} beta ${beta}`,
      inputs: (random) => ({
        x: input(normals(random, n, 4)),
        dOut: input(normals(random, n)),
        dX: beta === 0 ? output(n) : inOut(normals(random, n)),
      }),
      run: (backend, { dX, x, dOut }, scalar) =>
        backend.run('siluBackward', { dX, x, dOut, beta: scalar(beta) }),
    },
    {
      name: `axpby ${n} beta ${beta}`,
      inputs: (random) => ({
        x: input(normals(random, n)),
        out: beta === 0 ? output(n) : inOut(normals(random, n)),
      }),
      run: (backend, { out, x }, scalar) =>
        backend.run('axpby', { out, x, alpha: scalar(-0.75), beta: scalar(beta) }),
    },
    {
      name: `divide ${n} beta ${beta}`,
      inputs: (random) => ({
        a: input(normals(random, n)),
        b: input(normals(random, n).map((x) => x + Math.sign(x) * 0.1)),
        out: beta === 0 ? output(n) : inOut(normals(random, n)),
      }),
      run: (backend, { out, a, b }, scalar) => backend.run('divide', { out, a, b, beta: scalar(beta) }),
    },
    {
      name: `mul ${n} beta ${beta}`,
      inputs: (random) => ({
        a: input(normals(random, n)),
        b: input(normals(random, n)),
        out: beta === 0 ? output(n) : inOut(normals(random, n)),
      }),
      run: (backend, { out, a, b }, scalar) => backend.run('mul', { out, a, b, beta: scalar(beta) }),
    },
    {
      name: `mulScalar ${n} beta ${beta}`,
      inputs: (random) => ({
        x: input(normals(random, n)),
        factor: input(normals(random, 1)),
        out: beta === 0 ? output(n) : inOut(normals(random, n)),
      }),
      run: (backend, { out, x, factor }, scalar) =>
        backend.run('mulScalar', { out, x, factor, beta: scalar(beta) }),
    },
    {
      name: `reluBackward ${n} beta ${beta}`,
      inputs: (random) => ({
        x: input(normals(random, n)),
        dOut: input(normals(random, n)),
        dX: beta === 0 ? output(n) : inOut(normals(random, n)),
      }),
      run: (backend, { dX, x, dOut }, scalar) =>
        backend.run('reluBackward', { dX, x, dOut, beta: scalar(beta) }),
    },
  ]),
  {
    name: `mul ${n} in place`,
    inputs: (random) => ({ out: inOut(normals(random, n)), b: input(normals(random, n)) }),
    run: (backend, { out, b }) => backend.run('mul', { out, a: out, b }),
  },
]);

const rowCases = ROWS_COLS.flatMap(([rows, cols]): KernelCase[] => [
  {
    name: `addBias ${rows}x${cols}`,
    inputs: (random) => ({
      out: inOut(normals(random, rows * cols)),
      bias: input(normals(random, cols)),
    }),
    run: (backend, { out, bias }) => backend.run('addBias', { out, bias, rows, cols }),
  },
  ...[0, 1, -0.5].map(
    (beta): KernelCase => ({
      name: `sumRows ${rows}x${cols} beta ${beta}`,
      inputs: (random) => ({
        x: input(normals(random, rows * cols)),
        out: beta === 0 ? output(cols) : inOut(normals(random, cols)),
      }),
      run: (backend, { out, x }, scalar) =>
        backend.run('sumRows', { out, x, rows, cols, beta: scalar(beta) }),
    }),
  ),
  ...[1, 8, 1e4].map(
    (scale): KernelCase => ({
      name: `softmaxCrossEntropy ${rows}x${cols} logits ±${scale}`,
      inputs: (random) => ({
        logits: input(normals(random, rows * cols, scale)),
        targets: input(integers(random, rows, cols), 'i32'),
        loss: output(1),
        dLogits: output(rows * cols),
      }),
      run: (backend, { loss, dLogits, logits, targets }) =>
        backend.run('softmaxCrossEntropy', { loss, dLogits, logits, targets, rows, cols }),
      // An eighth of the usual bound: exp and log are within two roundings.
      magnitude: ({ targets }, { loss, dLogits }) => ({
        loss: [(loss[0] + Math.log(cols)) / 8],
        dLogits: Array.from(
          dLogits,
          (d, i) => (i % cols === targets[Math.floor(i / cols)] ? 1 / rows : (1 + scale) * d) / 8,
        ),
      }),
    }),
  ),
  {
    name: `countWrong ${rows}x${cols}`,
    inputs: (random) => ({
      logits: input(normals(random, rows * cols)),
      targets: input(integers(random, rows, cols), 'i32'),
      counts: inOut(integers(random, 2 * cols, 50), 'i32'),
    }),
    run: (backend, { counts, logits, targets }) =>
      backend.run('countWrong', { counts, logits, targets, rows, cols }),
  },
  {
    name: `gatherRows ${rows}x${cols}`,
    inputs: (random) => ({
      bytes: input(integers(random, 20 * cols, 256), 'u8'),
      indices: input(integers(random, rows, 20), 'i32'),
      out: output(rows * cols),
    }),
    run: (backend, { out, bytes, indices }, scalar) =>
      backend.run('gatherRows', {
        out,
        bytes,
        indices,
        rows,
        cols,
        scale: scalar(1 / (255 * 0.3081)),
        shift: scalar(-0.42421296),
      }),
  },
  {
    name: `gatherLabels ${rows}`,
    inputs: (random) => ({
      labels: input(integers(random, 20, 256), 'u8'),
      indices: input(integers(random, rows, 20), 'i32'),
      out: output(rows, 'i32'),
    }),
    run: (backend, { out, labels, indices }) => backend.run('gatherLabels', { out, labels, indices }),
  },
]);

/** Empty, half full, one place left, full. */
const appendCases = [0, 3, 7, 8].map(
  (count): KernelCase => ({
    name: `append to ${count} of 8`,
    inputs: (random) => ({
      list: inOut(Float32Array.from({ length: 9 }, (_, i) => (i === 0 ? count : random.normal()))),
      x: input(normals(random, 1)),
    }),
    run: (backend, { list, x }) => backend.run('append', { list, x }),
  }),
);

function adamCase(n: number, weightDecay: number, decoupledDecay: number): KernelCase {
  const values = adamHyper(3, weightDecay, decoupledDecay);
  const hyper = Float32Array.from(fieldValues('adamStep', 'hyper', values));
  return {
    name: `adamStep ${n} weightDecay ${weightDecay} decoupledDecay ${decoupledDecay}`,
    inputs: (random) => ({
      param: inOut(normals(random, n)),
      grad: input(normals(random, n, 0.01)),
      m: inOut(normals(random, n, 0.01)),
      v: inOut(normals(random, n, 0.01).map((x) => x * x)),
      hyper: input(hyper),
    }),
    run: (backend, { param, grad, m, v, hyper: h }) =>
      backend.run('adamStep', { param, grad, m, v, hyper: h }),
    magnitude: (before, { v }) => {
      const g = Array.from(before.grad, (x, i) => Math.abs(x) + weightDecay * Math.abs(before.param[i]));
      const meanOf = (i: number) => Math.abs(before.m[i]) + g[i];
      const update = (i: number) =>
        (values.stepSize * meanOf(i)) / (Math.sqrt(v[i]) / values.biasCorrection2Sqrt + values.eps);
      return {
        param: Array.from(before.param, (x, i) => Math.abs(x) + update(i)),
        m: Array.from(before.m, (_, i) => meanOf(i)),
        v: Array.from(before.v, (x, i) => x + g[i] ** 2),
      };
    },
  };
}

function adamHyper(step: number, weightDecay: number, decoupledDecay: number) {
  return {
    stepSize: 0.001 / (1 - 0.9 ** step),
    biasCorrection2Sqrt: Math.sqrt(1 - 0.999 ** step),
    oneMinusBeta1: 0.1,
    beta2: 0.999,
    oneMinusBeta2: 0.001,
    eps: 1e-8,
    weightDecay,
    decoupledDecay,
  };
}

function sgdCase(n: number, momentum: number, nesterov: number): KernelCase {
  const values = { learningRate: 0.1, momentum, oneMinusDampening: 0.9, weightDecay: 0.01, nesterov };
  const hyper = Float32Array.from(fieldValues('sgdMomentumStep', 'hyper', values));
  return {
    name: `sgdStep ${n} momentum ${momentum} nesterov ${nesterov}`,
    inputs: (random) => ({
      param: inOut(normals(random, n)),
      grad: input(normals(random, n)),
      ...(momentum === 0 ? {} : { velocity: inOut(normals(random, n)) }),
      hyper: input(hyper),
    }),
    run: (backend, { param, grad, velocity, hyper: h }) => {
      if (velocity) backend.run('sgdMomentumStep', { param, velocity, grad, hyper: h });
      else backend.run('sgdStep', { param, grad, hyper: h });
    },
    magnitude: (before) => {
      const g = Array.from(before.grad, (x, i) => Math.abs(x) + 0.01 * Math.abs(before.param[i]));
      const velocity = g.map((x, i) => x + momentum * Math.abs(before.velocity?.[i] ?? 0));
      return {
        param: Array.from(before.param, (x, i) => Math.abs(x) + 0.1 * (g[i] + velocity[i])),
        velocity,
      };
    },
  };
}

const vectorCases = LENGTHS.flatMap((n): KernelCase[] => [
  {
    name: `norm ${n}`,
    inputs: (random) => ({ x: input(normals(random, n)), out: output(1) }),
    run: (backend, { out, x }) => backend.run('rowNorms', { out, x, rows: 1, cols: x.length }),
  },
  ...[0.5, 1e6].map(
    (maxNorm): KernelCase => ({
      name: `clipNorm ${n} to ${maxNorm}`,
      inputs: (random) => ({ x: inOut(normals(random, n)), norm: input([3.7]) }),
      run: (backend, { x, norm }) => backend.run('clipNorm', { x, norm, maxNorm }),
    }),
  ),
  ...[0, 0.1, 0.5, 1].map(
    (probability): KernelCase => ({
      name: `dropoutMask ${n} of ${probability}`,
      inputs: () => ({ out: output(n), state: inOut([-123456789, 41 + n], 'i32') }),
      run: (backend, { out, state }) => backend.run('dropoutMask', { out, state, probability }),
      magnitude: (_, { out }) => ({ out }),
    }),
  ),
]);

const tableCases = ROWS_COLS.flatMap(([rows, cols]): KernelCase[] => [
  ...(['scaleRows', 'scaleColumns'] as const).flatMap((kernel) =>
    [0, -0.5].map(
      (beta): KernelCase => ({
        name: `${kernel} ${rows}x${cols} beta ${beta}`,
        inputs: (random) => ({
          x: input(normals(random, rows * cols)),
          factors: input(normals(random, kernel === 'scaleRows' ? rows : cols)),
          out: beta === 0 ? output(rows * cols) : inOut(normals(random, rows * cols)),
        }),
        run: (backend, { out, x, factors }, scalar) =>
          backend.run(kernel, { out, x, factors, rows, cols, beta: scalar(beta) }),
      }),
    ),
  ),
  {
    name: `rowNorms ${rows}x${cols}`,
    inputs: (random) => ({ x: input(normals(random, rows * cols)), out: output(rows) }),
    run: (backend, { out, x }) => backend.run('rowNorms', { out, x, rows, cols }),
  },
  ...([true, false] as const).flatMap((byRows): KernelCase[] => {
    const [rowStride, colStride] = byRows ? [cols, 1] : [1, 20];
    const what = `${rows}x${cols} ${byRows ? 'rows' : 'columns'}`;
    return [
      {
        name: `take ${what}`,
        inputs: (random) => ({
          table: input(normals(random, 20 * cols)),
          indices: input(integers(random, rows, 20), 'i32'),
          out: output(rows * cols),
        }),
        run: (backend, { out, table, indices }) =>
          backend.run('take', { out, table, indices, rows, cols, rowStride, colStride }),
      },
      ...[0, 1].map(
        (beta): KernelCase => ({
          name: `addAt ${what} beta ${beta}`,
          inputs: (random) => ({
            table: beta === 0 ? output(20 * cols) : inOut(normals(random, 20 * cols)),
            x: input(normals(random, rows * cols)),
            indices: input(integers(random, rows, 20), 'i32'),
          }),
          run: (backend, { table, x, indices }) =>
            backend.run('addAt', { table, x, indices, rows, cols, rowStride, colStride, beta }),
        }),
      ),
    ];
  }),
]);

const optimizerCases = LENGTHS.flatMap((n) => [
  adamCase(n, 0, 0),
  adamCase(n, 0.01, 0),
  adamCase(n, 0, 0.001),
  sgdCase(n, 0, 0),
  sgdCase(n, 0.9, 0),
  sgdCase(n, 0.9, 1),
]);

const HALVES = ['bf16', 'f16'] as const;

/** Frozen weights of 16 bits: the edges of tiles, blocks and panels, both ways that a Linear takes them. */
const HALF_SHAPES: readonly (readonly [number, number, number])[] = [
  [1, 1, 1],
  [1, 64, 9],
  [2, 3, 5],
  [3, 17, 7],
  [4, 4, 8],
  [5, 31, 33],
  [7, 33, 16],
  [10, 257, 18],
  [33, 40, 47],
  [45, 300, 42],
  [6, 0, 9],
  [4, 8, 521],
];

const halfMatmulCases = HALVES.flatMap((dtype) =>
  HALF_SHAPES.flatMap(([m, k, n], i) =>
    TRANSPOSES.map((transposes, j): KernelCase => {
      const [alpha, beta, withBias] = COMBINATIONS[(i + j) % COMBINATIONS.length];
      const [transA, transB] = [transposes[0] === 'T', transposes[1] === 'T'];
      return {
        name: `matmul ${m}x${k}x${n} ${transposes} by ${dtype}, beta ${beta}`,
        inputs: (random) => ({
          a: input(normals(random, m * k)),
          b: input(toHalves(dtype, normals(random, k * n)), dtype),
          ...(withBias ? { bias: input(normals(random, n, 3)) } : {}),
          out: beta === 0 ? output(m * n) : inOut(normals(random, m * n, 3)),
        }),
        run(backend, { out, a, b, bias }, scalar) {
          const numbers = { alpha: scalar(alpha), beta: scalar(beta) };
          backend.run('matmul', { out, a, b, bias, m, k, n, transA, transB, ...numbers });
        },
      };
    }),
  ),
);

/** All 65,536 of a type; and numbers at and beside the middles between two halves, subnormal, huge and not finite ones. */
const everyHalf = Uint16Array.from({ length: 65536 }, (_, i) => i);
function awkwardNumbers(random: Random): Float32Array {
  const numbers = new Float32Array(4096);
  const bits = new Uint32Array(numbers.buffer);
  for (let i = 0; i < bits.length; i++) {
    const high = Math.floor(random.uniform() * 65536) << 16;
    // The low half of a float32 decides how a bfloat16 is rounded, the low 13 bits how a binary16 is.
    bits[i] = high | [0, 1, 0x7fff, 0x8000, 0x8001, 0x0fff, 0x1000, 0x1001, 0x3000, 0xffff][i % 10];
  }
  // The same number again in the range of binary16, a third of them subnormal there.
  for (let i = 0; i < 2048; i++) {
    bits[i] = (bits[i] & 0x807fffff) | ((102 + (i % 43)) << 23);
  }
  return numbers;
}

/** The identity times every finite half, in both directions: what is unpacked while panels are packed is exact. */
const exactMatmulCases = HALVES.flatMap((dtype) => {
  const exponent = dtype === 'f16' ? 0x7c00 : 0x7f80;
  const finite = everyHalf.map((bits) => ((bits & exponent) === exponent ? 0 : bits));
  const identity = Float32Array.from({ length: 1024 }, (_, i) => (i % 33 === 0 ? 1 : 0));
  return [false, true].map(
    (transB): KernelCase => ({
      name: `matmul of the identity and every finite ${dtype}${transB ? ', transposed' : ''}`,
      inputs: () => ({ a: input(identity), b: input(finite, dtype), out: output(65536) }),
      run: (backend, { out, a, b }) => backend.run('matmul', { out, a, b, m: 32, k: 32, n: 2048, transB }),
      magnitude: () => ({ out: new Float32Array(65536) }),
    }),
  );
});

const castCases = HALVES.flatMap((dtype): KernelCase[] => [
  {
    name: `copy all ${dtype} to f32`,
    inputs: () => ({ x: input(everyHalf, dtype), out: output(65536) }),
    run: (backend, { out, x }) => backend.run('copy', { out, x }),
    magnitude: () => ({ out: new Float32Array(65536) }),
  },
  {
    name: `copy f32 to ${dtype}`,
    inputs: (random) => ({ x: input(awkwardNumbers(random)), out: output(4096, dtype) }),
    run: (backend, { out, x }) => backend.run('copy', { out, x }),
  },
  ...[1, 2, 7, 4099].map(
    (n): KernelCase => ({
      name: `copy ${n} f32 to ${dtype}`,
      inputs: (random) => ({ x: input(normals(random, n)), out: output(n, dtype) }),
      run: (backend, { out, x }) => backend.run('copy', { out, x }),
    }),
  ),
  {
    name: `copy 7 of ${dtype}`,
    inputs: (random) => ({ x: input(toHalves(dtype, normals(random, 7)), dtype), out: output(7, dtype) }),
    run: (backend, { out, x }) => backend.run('copy', { out, x }),
  },
  {
    name: `copy ${dtype} to the other type of 16 bits`,
    inputs: (random) => ({
      x: input(toHalves(dtype, normals(random, 101)), dtype),
      out: output(101, dtype === 'bf16' ? 'f16' : 'bf16'),
    }),
    run: (backend, { out, x }) => backend.run('copy', { out, x }),
  },
  ...ROWS_COLS.map(
    ([rows, cols]): KernelCase => ({
      name: `take ${rows}x${cols} of ${dtype}`,
      inputs: (random) => ({
        table: input(toHalves(dtype, normals(random, 20 * cols)), dtype),
        indices: input(integers(random, rows, 20), 'i32'),
        out: output(rows * cols),
      }),
      run: (backend, { out, table, indices }) =>
        backend.run('take', { out, table, indices, rows, cols, rowStride: cols, colStride: 1 }),
    }),
  ),
]);

export const kernelCases: readonly KernelCase[] = [
  ...matmulCases,
  ...elementwiseCases,
  ...rowCases,
  ...appendCases,
  ...optimizerCases,
  ...vectorCases,
  ...tableCases,
  ...halfMatmulCases,
  ...exactMatmulCases,
  ...castCases,
  ...decoderCases,
  ...packedCases,
  ...attentionKernelCases,
  ...vocabularyKernelCases,
];

/** The word that a case's name begins with. */
const kernelOf = ({ name }: KernelCase) => name.split(' ')[0];

export const kernelNames: readonly string[] = [...new Set(kernelCases.map(kernelOf))];
export const casesOf = (name: string): KernelCase[] =>
  kernelCases.filter((kernel) => kernelOf(kernel) === name);
