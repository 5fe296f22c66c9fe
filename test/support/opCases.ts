/**
 * The table of differentiable ops. Each case gives a gradient check on the reference device (where it is
 * small) and a comparison of every other device with the reference, forward and all gradients.
 */

import type { PackedType } from '../../src/backends/elementTypes.js';
import { type PackedBytes, packWeights, unpackWeights } from '../../src/backends/packedWeights.js';
import { Random } from '../../src/base/random.js';
import { checkpoint } from '../../src/nn/checkpoint.js';
import { add } from '../../src/ops/add.js';
import { addLowRank } from '../../src/ops/addLowRank.js';
import { addLowRankAt } from '../../src/ops/addLowRankAt.js';
import { addResidual } from '../../src/ops/addResidual.js';
import { crossEntropy } from '../../src/ops/crossEntropy.js';
import { doraScale } from '../../src/ops/doraScale.js';
import { dropout } from '../../src/ops/dropout.js';
import { embedding } from '../../src/ops/embedding.js';
import { linear } from '../../src/ops/linear.js';
import { loraWeight } from '../../src/ops/loraWeight.js';
import { matmul } from '../../src/ops/matmul.js';
import { mul } from '../../src/ops/mul.js';
import { relu } from '../../src/ops/relu.js';
import { reshape } from '../../src/ops/reshape.js';

import { rmsNorm } from '../../src/ops/rmsNorm.js';
import { rope } from '../../src/ops/rope.js';
import { scaleColumns, scaleRows } from '../../src/ops/scale.js';
import { silu } from '../../src/ops/silu.js';
import { siluMul } from '../../src/ops/siluMul.js';
import type { Shape, Tensor } from '../../src/tensor.js';
import { attentionOpCases } from './attentionCases.js';
import { PACKED_TYPES, randomPacked } from './packedCases.js';
import { vocabularyOpCases } from './vocabularyCases.js';

export interface Values {
  readonly shape: Shape;
  readonly data: Float32Array | Int32Array;
  /** The same numbers as a packed frozen weight, which the op is given. */
  readonly packed?: PackedBytes;
}

type Inputs = Readonly<Record<string, Tensor>>;

export interface OpCase {
  readonly name: string;
  readonly inputs: Readonly<Record<string, Values>>;
  /** Inputs that get no gradient, beside the indices. */
  readonly frozen?: readonly string[];
  /** `scalar` passes on each number that has a sign: itself, or its absolute value. */
  readonly run: (inputs: Inputs, scalar: (value: number) => number) => Tensor;
  /**
   * Of the exponentials and logarithms of an op, whose rounding does not scale with the sum of its terms:
   * what its output and gradients are measured by. Absent, they are measured by the op on absolute values.
   */
  readonly scale?: number;
}

const random = new Random(20240517);

function normal(...shape: number[]): Values {
  const length = shape.reduce((a, b) => a * b, 1);
  return { shape, data: Float32Array.from({ length }, () => random.normal()) };
}

function packed(dtype: PackedType, rows: number, cols: number): Values {
  const made = packWeights(randomPacked(random, dtype, rows * cols));
  return { shape: [rows, cols], data: unpackWeights(dtype, made.bytes), packed: made };
}

/** At least 0.1 from 0, where ReLU has no derivative. */
function awayFromZero(...shape: number[]): Values {
  const values = normal(...shape);
  return { shape, data: values.data.map((x) => x + Math.sign(x) * 0.1) };
}

function classes(rows: number, cols: number): Values {
  return {
    shape: [rows],
    data: Int32Array.from({ length: rows }, () => Math.floor(random.uniform() * cols)),
  };
}

function scaled(values: Values, factor: number): Values {
  return { shape: values.shape, data: values.data.map((x) => x * factor) };
}

/** [m, k, n]: small for the gradient check, then at and around tile sizes, k over several blocks. */
const MATRICES = [
  [1, 1, 1],
  [3, 5, 2],
  [4, 3, 8],
  [10, 7, 2],
  [5, 9, 13],
  [10, 784, 2],
  [7, 33, 65],
  [10, 600, 31],
  [129, 67, 70],
] as const;

const TRANSPOSES = [
  [false, false],
  [false, true],
  [true, false],
  [true, true],
] as const;

const matmulCases = MATRICES.flatMap(([m, k, n]) =>
  TRANSPOSES.map(([transA, transB]): OpCase => {
    const letters = `${transA ? 'T' : 'N'}${transB ? 'T' : 'N'}`;
    return {
      name: `matmul ${letters} ${m}×${k}×${n}`,
      inputs: { a: transA ? normal(k, m) : normal(m, k), b: transB ? normal(n, k) : normal(k, n) },
      run: ({ a, b }) => matmul(a, b, { transA, transB, alpha: 0.75 }),
    };
  }),
);

const linearCases = MATRICES.flatMap(([m, k, n]): OpCase[] => [
  {
    name: `linear ${m}×${k}→${n}`,
    inputs: { x: normal(m, k), weight: normal(n, k), bias: normal(n) },
    run: ({ x, weight, bias }) => linear(x, weight, bias),
  },
  {
    name: `add bias ${m}×${n}`,
    inputs: { a: normal(m, n), b: normal(n) },
    run: ({ a, b }) => add(a, b),
  },
]);

/** [m, rows, cols] of the weight: small, one row, and over several blocks. */
const PACKED_SHAPES = [
  [2, 4, 32],
  [1, 5, 32],
  [7, 33, 320],
  [1, 65, 576],
  [35, 64, 96],
] as const;

const packedCases = PACKED_TYPES.flatMap((dtype) =>
  PACKED_SHAPES.flatMap(([m, rows, cols]): OpCase[] => {
    const [weight, frozen] = [packed(dtype, rows, cols), ['weight']];
    return [
      {
        name: `linear ${m}×${cols}→${rows} by ${dtype}`,
        inputs: { x: normal(m, cols), weight, bias: normal(rows) },
        frozen,
        run: ({ x, weight, bias }) => linear(x, weight, bias),
      },
      {
        name: `matmul ${m}×${rows}×${cols} by ${dtype}`,
        inputs: { a: normal(m, rows), weight },
        frozen,
        run: ({ a, weight }, scalar) => matmul(a, weight, { alpha: scalar(-0.5) }),
      },
      {
        name: `add ${m}×${cols} to rows of ${dtype}`,
        inputs: { x: normal(m, cols), indices: classes(m, rows), weight },
        frozen,
        run: ({ x, indices, weight }) => add(x, embedding(indices, weight)),
      },
    ];
  }),
);

/** [rows, inFeatures, outFeatures, rank] */
const ADAPTED = [
  [2, 3, 4, 1],
  [3, 5, 4, 2],
  [10, 784, 33, 2],
  [10, 31, 10, 3],
  [9, 70, 65, 64],
] as const;

/** Ops that work in the memory of others. */
const movedCases: OpCase[] = [
  ...ADAPTED.flatMap(([m, k, n, rank]): OpCase[] => {
    const inputs = { x: normal(m, k), weight: normal(n, k), loraA: normal(rank, k), loraB: normal(n, rank) };
    const rowMask = { shape: [m], data: Float32Array.from({ length: m }, (_, i) => i % 2) };
    return [
      {
        name: `addLowRank ${m}×${k}→${n} rank ${rank}`,
        inputs,
        run: ({ x, weight, loraA, loraB }) =>
          addLowRank(linear(x, weight), x, { loraA, loraB, scaling: 1.5 }),
      },
      {
        name: `addLowRank ${m}×${k}→${n} rank ${rank}, frozen, in some rows`,
        inputs: { ...inputs, rowMask },
        frozen: ['weight', 'loraA', 'rowMask'],
        run: ({ x, weight, loraA, loraB, rowMask: mask }) =>
          addLowRank(linear(x, weight), x, { loraA, loraB, scaling: 2, rowMask: mask }),
      },
    ];
  }),
  {
    name: 'addResidual of a branch, twice',
    inputs: { x: normal(3, 5), weight: normal(5, 5) },
    run: ({ x, weight }) => {
      const once = addResidual(x, silu(linear(x, weight)));
      return addResidual(once, linear(once, weight));
    },
    scale: 1e4,
  },
  {
    name: 'reshape',
    inputs: { x: normal(3, 4), weight: normal(2, 6) },
    run: ({ x, weight }) =>
      mul(linear(reshape(x, [2, 6]), weight), reshape(linear(reshape(x, [2, 6]), weight), [2, 2])),
  },
  {
    name: 'checkpoint',
    inputs: { x: normal(3, 4), weight: normal(4, 4), other: normal(4, 4) },
    run: ({ x, weight, other }) =>
      mul(
        checkpoint((h) => addResidual(h, linear(silu(linear(h, weight)), other)), linear(x, weight)),
        checkpoint((h) => linear(h, other), x),
      ),
    scale: 1e4,
  },
];

const loraCases = ADAPTED.flatMap(([m, k, n, rank]): OpCase[] => [
  {
    name: `addLowRank ${m}×${k}→${n} rank ${rank}, with biases`,
    inputs: {
      x: normal(m, k),
      weight: normal(n, k),
      bias: normal(n),
      loraA: normal(rank, k),
      loraB: normal(n, rank),
      loraBias: normal(n),
    },
    run: ({ x, weight, bias, loraA, loraB, loraBias }) =>
      addLowRank(linear(x, weight, bias), x, { loraA, loraB, scaling: 1.5, bias: loraBias }),
  },
  {
    name: `loraWeight ${n}×${k} rank ${rank}`,
    inputs: { weight: normal(n, k), loraA: normal(rank, k), loraB: normal(n, rank) },
    run: ({ weight, loraA, loraB }) => loraWeight(weight, loraA, loraB, 0.25),
  },
  {
    name: `loraWeight in a linear layer, frozen, ${m}×${k}→${n} rank ${rank}`,
    inputs: { x: normal(m, k), weight: normal(n, k), loraA: normal(rank, k), loraB: normal(n, rank) },
    frozen: ['weight'],
    run: ({ x, weight, loraA, loraB }) => linear(x, loraWeight(weight, loraA, loraB, 0.25)),
  },
]);

const elementwiseCases = [1, 3, 4, 17, 1031].flatMap((length): OpCase[] => [
  { name: `add ${length}`, inputs: { a: normal(length), b: normal(length) }, run: ({ a, b }) => add(a, b) },
  { name: `mul ${length}`, inputs: { a: normal(length), b: normal(length) }, run: ({ a, b }) => mul(a, b) },
  { name: `relu ${length}`, inputs: { x: awayFromZero(length) }, run: ({ x }) => relu(x) },
  { name: `silu ${length}`, inputs: { x: normal(length) }, run: ({ x }) => silu(x) },
]);

const lossCases = [
  [1, 2, 1],
  [3, 5, 1],
  [10, 10, 1],
  [10, 10, 30],
  [7, 1031, 1],
].map(([rows, cols, size]): OpCase => {
  const targets = classes(rows, cols);
  return {
    name: `crossEntropy ${rows}×${cols}, logits of ±${size}`,
    inputs: { logits: scaled(normal(rows, cols), size), targets },
    run: ({ logits, targets }) => crossEntropy(logits, targets),
    scale: Math.max(1, size),
  };
});

/** An input that is used twice, and a result that flows into two ops: gradients accumulate. */
const graphCases: OpCase[] = [
  { name: 'square by mul(x, x)', inputs: { x: normal(5) }, run: ({ x }) => mul(x, x) },
  {
    name: 'one hidden tensor in two branches',
    inputs: { x: normal(3, 4), weight: normal(5, 4) },
    run: ({ x, weight }) => {
      const hidden = linear(x, weight);
      return add(mul(hidden, hidden), hidden);
    },
  },
  {
    name: 'a frozen weight with an update, in two layers and beside them',
    inputs: { x: normal(3, 4), weight: normal(4, 4), loraA: normal(2, 4), loraB: normal(4, 2) },
    frozen: ['weight'],
    run: ({ x, weight, loraA, loraB }) => {
      const adapted = loraWeight(weight, loraA, loraB, 0.5);
      return add(linear(linear(x, adapted), adapted), matmul(x, adapted));
    },
  },
  {
    name: 'relu after linear after relu, twice the same weight',
    inputs: { x: awayFromZero(3, 4), weight: normal(4, 4), bias: normal(4) },
    run: ({ x, weight, bias }) => linear(relu(linear(relu(x), weight, bias)), weight, bias),
  },
];

/** Indices starting from 0, some of them twice. */
function indices(below: number, ...shape: number[]): Values {
  const length = shape.reduce((a, b) => a * b, 1);
  return { shape, data: Int32Array.from({ length }, () => Math.floor(random.uniform() * below)) };
}

function mask(rows: number): Values {
  return { shape: [rows], data: Float32Array.from({ length: rows }, (_, r) => r % 3 && 1) };
}

/** [rows, inFeatures, outFeatures, rank] */
const VARIANTS = [
  [3, 5, 4, 2],
  [10, 31, 10, 3],
  [9, 70, 65, 16],
] as const;

const variantCases = VARIANTS.flatMap(([m, k, n, rank]): OpCase[] => {
  const factors = () => ({ loraA: normal(rank, k), loraB: normal(n, rank) });
  return [
    {
      name: `addLowRank ${m}×${k}→${n}, twice, of rank ${rank} and ${rank + 1}`,
      inputs: {
        x: normal(m, k),
        weight: normal(n, k),
        ...factors(),
        otherA: normal(rank + 1, k),
        otherB: normal(n, rank + 1),
      },
      run: ({ x, weight, loraA, loraB, otherA, otherB }, scalar) =>
        addLowRank(addLowRank(linear(x, weight), x, { loraA, loraB, scaling: 1.5 }), x, {
          loraA: otherA,
          loraB: otherB,
          scaling: scalar(-0.5),
        }),
    },
    {
      name: `addLowRank ${m}×${k}→${n} of another input, in some rows`,
      inputs: { x: normal(m, k), weight: normal(n, k), ...factors(), input: normal(m, k), rowMask: mask(m) },
      frozen: ['rowMask'],
      run: ({ x, weight, loraA, loraB, input, rowMask }) =>
        addLowRank(linear(x, weight), input, { loraA, loraB, scaling: 2, rowMask }),
    },
    {
      name: `embedding of ${k}×${n} at ${m}, with addLowRankAt twice`,
      inputs: {
        x: indices(k, m, 2),
        weight: normal(k, n),
        ...factors(),
        otherA: normal(rank + 1, k),
        otherB: normal(n, rank + 1),
        rowMask: mask(2 * m),
      },
      frozen: ['rowMask'],
      run: ({ x, weight, loraA, loraB, otherA, otherB, rowMask }, scalar) =>
        addLowRankAt(addLowRankAt(embedding(x, weight), x, { loraA, loraB, scaling: 1.5 }), x, {
          loraA: otherA,
          loraB: otherB,
          scaling: scalar(-0.5),
          rowMask,
        }),
    },
    {
      name: `scaleColumns ${m}×${n}`,
      inputs: { x: normal(m, n), factors: normal(n) },
      run: ({ x, factors }) => scaleColumns(x, factors),
    },
    {
      name: `scaleRows ${m}×${n}`,
      inputs: { x: normal(m, n), factors: mask(m) },
      frozen: ['factors'],
      run: ({ x, factors }) => scaleRows(x, factors),
    },
    {
      name: `add ${m}×${n}, alpha −0.5`,
      inputs: { a: normal(m, n), b: normal(m, n) },
      run: ({ a, b }, scalar) => add(a, b, { alpha: scalar(-0.5) }),
    },
    {
      name: `dropout ${m}×${k}`,
      inputs: { x: normal(m, k), state: { shape: [2], data: Int32Array.of(17, 0) } },
      run: ({ x, state }) => {
        state.write([17, 3]);
        return dropout(x, state, 0.3);
      },
    },
    ...[false, true].map((byColumn): OpCase => {
      const name = byColumn ? 'columns' : 'rows';
      return {
        name: `doraScale of ${name} of ${n}×${k}`,
        inputs: {
          magnitude: normal(n),
          weight: byColumn ? normal(k, n) : normal(n, k),
          ...factors(),
          order: { shape: [n], data: Int32Array.from({ length: n }, (_, i) => i) },
        },
        frozen: ['weight', 'loraA', 'loraB'],
        run: ({ magnitude, weight, loraA, loraB, order }) =>
          doraScale(magnitude, {
            weight,
            updates: [{ loraA, loraB, scaling: 0.5 }],
            columns: byColumn ? order : undefined,
          }),
        scale: 4,
      };
    }),
  ];
});

const gatedCases = [1, 3, 4, 17, 1031].flatMap((length): OpCase[] => [
  {
    name: `siluMul ${length}`,
    inputs: { gate: normal(length), up: normal(length) },
    run: ({ gate, up }) => siluMul(gate, up),
  },
  { name: `siluMul ${length} by itself`, inputs: { x: normal(length) }, run: ({ x }) => siluMul(x, x) },
]);

/** [rows, heads, dim] */
const rotatedCases = [
  [1, 1, 2],
  [3, 2, 6],
  [5, 1, 8],
  [9, 3, 64],
].map(
  ([rows, heads, dim]): OpCase => ({
    name: `rope ${rows}×${heads}×${dim} of an input that is used twice`,
    inputs: {
      x: normal(rows, heads * dim),
      cos: normal(7, dim / 2),
      sin: normal(7, dim / 2),
      positions: classes(rows, 7),
    },
    frozen: ['cos', 'sin'],
    run: ({ x, cos, sin, positions }) => add(rope(x, { cos, sin, positions, heads }), mul(x, x)),
    scale: 32,
  }),
);

/** [rows, cols] */
const decoderCases = [
  [1, 1],
  [3, 5],
  [4, 8],
  [7, 131],
  [70, 33],
].flatMap(([rows, cols]): OpCase[] => [
  {
    name: `rmsNorm ${rows}×${cols}`,
    inputs: { x: normal(rows, cols), weight: normal(cols) },
    run: ({ x, weight }) => rmsNorm(x, weight, 0.1),
    scale: 4 * Math.sqrt(rows),
  },
  {
    name: `rmsNorm ${rows}×${cols}, its weight frozen, of an input that is used twice`,
    inputs: { x: normal(rows, cols), weight: normal(cols) },
    frozen: ['weight'],
    run: ({ x, weight }) => add(rmsNorm(x, weight, 0.1), mul(x, x)),
    scale: 16,
  },
]);

export const opCases: readonly OpCase[] = [
  ...matmulCases,
  ...linearCases,
  ...packedCases,
  ...loraCases,
  ...movedCases,
  ...elementwiseCases,
  ...lossCases,
  ...graphCases,
  ...variantCases,
  ...decoderCases,
  ...gatedCases,
  ...rotatedCases,
  ...attentionOpCases(random),
  ...vocabularyOpCases({ random, normal, packed }),
];
