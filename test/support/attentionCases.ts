/** Cases of attention for the tables of kernels and ops, with all kinds of ranges. */
import type { Random } from '../../src/base/random.js';
import { attention } from '../../src/ops/attention.js';
import {
  type AttentionInputs,
  type AttentionSizes,
  addHead,
  headOf,
  type Matrix,
  maskOf,
  times,
  timesTransposed,
  transpose,
} from './denseAttention.js';
import type { Input, KernelCase } from './kernelCases.js';
import type { OpCase, Values } from './opCases.js';

type Range = readonly [from: number, to: number, prefixFrom: number, prefixTo: number];

/** What row i sees, by name; the last row sees the last key, as while generating. */
const PATTERNS: Readonly<Record<string, (i: number, rows: number, keys: number) => Range>> = {
  causal: (i, rows, keys) => [0, keys - rows + i + 1, 0, 0],
  bidirectional: (_, __, keys) => [0, keys, 0, 0],
  padded: (i, rows, keys) => (i % 3 === 2 || i > rows / 2 ? [i, i, 7, 2] : [0, Math.min(i + 1, keys), 0, 0]),
  packed: (i) => [i - (i % 11), i + 1, 0, 0],
  'with a prefix': (i) => (i < 5 ? [0, i + 1, 0, 0] : [i - ((i - 5) % 9), i + 1, 0, 5]),
  'in a window': (i, rows, keys) => [keys - rows + i - 16, keys - rows + i + 1, -9, -3],
  empty: (i) => [i, i, 4, 4],
  'with bounds outside': (i) => [-(2 ** 31), i % 4, i % 4, 2 ** 31 - 1],
};

export function rangesOf(pattern: string, rows: number, keys: number): Int32Array {
  return Int32Array.from(Array.from({ length: rows }, (_, i) => PATTERNS[pattern](i, rows, keys)).flat());
}

export const PATTERN_NAMES = Object.keys(PATTERNS);

/**
 * `[rows, keys, heads, kvHeads, dim]`: at the edges of vectors, of blocks of 96 rows of heads and 256 keys, of shares of 128
 * keys, and on both sides of the limit for blocks.
 */
const SHAPES: readonly (readonly [number, number, number, number, number])[] = [
  [1, 1, 1, 1, 1],
  [3, 3, 4, 4, 3],
  [12, 12, 6, 2, 8],
  [31, 31, 9, 3, 8],
  [32, 32, 2, 1, 5],
  [33, 33, 14, 2, 3],
  [63, 64, 2, 1, 16],
  [65, 65, 3, 1, 23],
  [64, 129, 4, 2, 9],
  [97, 97, 3, 1, 64],
  [2, 511, 2, 1, 4],
  [3, 512, 2, 2, 1],
  [5, 1031, 3, 1, 7],
  [1, 1100, 6, 2, 64],
  [7, 7, 2, 1, 5],
  [8, 257, 3, 1, 4],
  [40, 600, 3, 1, 6],
  [9, 150, 2, 1, 200],
  [8, 9, 2, 1, 260],
  [8, 30, 100, 1, 2],
];

const sizesOf = ([rows, keys, heads, kvHeads, dim]: (typeof SHAPES)[number]): AttentionSizes => {
  return { rows, keys, heads, kvHeads, dim, scale: 1 / Math.sqrt(dim) };
};

const normals = (random: Random, length: number, factor = 1): Float32Array =>
  Float32Array.from({ length }, () => factor * random.normal());
const input = (data: ArrayLike<number>, dtype: Input['dtype'] = 'f32'): Input => ({
  dtype,
  data,
  isOutput: false,
});
const output = (length: number): Input => {
  return { dtype: 'f32', data: new Float64Array(length).fill(Number.NaN), isOutput: true };
};

/** @param size  of q, so that scores are of about this magnitude */
function inputsOf(random: Random, sizes: AttentionSizes, pattern: string, size: number): AttentionInputs {
  const { rows, keys, heads, kvHeads, dim } = sizes;
  return {
    q: normals(random, rows * heads * dim, size),
    k: normals(random, keys * kvHeads * dim),
    v: normals(random, keys * kvHeads * dim),
    dOut: normals(random, rows * heads * dim),
    ranges: rangesOf(pattern, rows, keys),
  };
}

/** Tolerance of the table of kernels, and the value below which an exponential may be 0. */
const TOLERANCE = 64 * 2 ** -24;
const CUT_OFF = 2 ** -126;

const absolute = (x: Matrix): Matrix => x.map((row) => row.map(Math.abs));

/** Logarithms of the sums of exponentials, and dOut · out, of all rows and heads. */
function statsOf(inputs: AttentionInputs, sizes: AttentionSizes): Float32Array {
  const { rows, keys, heads, kvHeads, dim, scale } = sizes;
  const mask = maskOf(inputs.ranges, sizes);
  const stats = new Float32Array(2 * rows * heads);
  for (let h = 0; h < heads; h++) {
    const g = Math.floor((h * kvHeads) / heads);
    const [q, dOut] = [inputs.q, inputs.dOut].map((x) => headOf(x, rows, heads, h, dim));
    const [k, v] = [inputs.k, inputs.v].map((x) => headOf(x, keys, kvHeads, g, dim));
    const dP = timesTransposed(dOut, v);
    for (const [i, row] of timesTransposed(q, k).entries()) {
      const seen = row.flatMap((x, j) => (mask[i][j] ? [{ score: scale * x, d: dP[i][j] }] : []));
      if (seen.length === 0) continue;
      const most = Math.max(...seen.map(({ score }) => score));
      const powers = seen.map(({ score }) => Math.exp(score - most));
      const sum = powers.reduce((a, b) => a + b);
      stats[2 * (i * heads + h)] = most + Math.log(sum);
      stats[2 * (i * heads + h) + 1] = powers.reduce((d, power, n) => d + power * seen[n].d, 0) / sum;
    }
  }
  return stats;
}

/**
 * The magnitudes of all terms: the error of a probability comes from the rounding of its score, whose terms may be far
 * larger than their sum. An eighth of the usual bound, since only few terms of the sums matter.
 */
function magnitudesOf(inputs: AttentionInputs, sizes: AttentionSizes) {
  const { rows, keys, heads, kvHeads, dim, scale } = sizes;
  const mask = maskOf(inputs.ranges, sizes);
  const stats = statsOf(inputs, sizes);
  const [out, dQ] = [0, 0].map(() => new Float64Array(rows * heads * dim));
  const [dK, dV] = [0, 0].map(() => new Float64Array(keys * kvHeads * dim));
  const ofStats = new Float64Array(stats.length);
  for (let h = 0; h < heads; h++) {
    const g = Math.floor((h * kvHeads) / heads);
    const signed = [headOf(inputs.q, rows, heads, h, dim), headOf(inputs.k, keys, kvHeads, g, dim)];
    const [q, k] = signed.map(absolute);
    const dOut = absolute(headOf(inputs.dOut, rows, heads, h, dim));
    const v = absolute(headOf(inputs.v, keys, kvHeads, g, dim));
    const scores = timesTransposed(signed[0], signed[1]);
    const spread = timesTransposed(q, k).map((row, i) =>
      row.reduce((most, x, j) => (mask[i][j] ? Math.max(most, scale * x) : most), 1),
    );
    const p = scores.map((row, i) => {
      const logSum = stats[2 * (i * heads + h)];
      return row.map((x, j) =>
        mask[i][j] ? (spread[i] * Math.exp(scale * x - logSum)) / 8 + CUT_OFF / TOLERANCE : 0,
      );
    });
    const dP = timesTransposed(dOut, v);
    const means = dP.map((row, i) => row.reduce((sum, x, j) => sum + (8 * p[i][j] * x) / spread[i], 0));
    const dS = dP.map((row, i) => row.map((x, j) => scale * p[i][j] * (x + means[i])));
    addHead(out, times(p, v, dim), heads, h, dim);
    addHead(dV, times(transpose(p, keys), dOut, dim), kvHeads, g, dim);
    addHead(dQ, times(dS, k, dim), heads, h, dim);
    addHead(dK, times(transpose(dS, keys), q, dim), kvHeads, g, dim);
    for (let i = 0; i < rows; i++) ofStats[2 * (i * heads + h)] = spread[i] / 8;
  }
  return { out, stats: ofStats, dQ, dK, dV };
}

function casesOf(shape: (typeof SHAPES)[number], pattern: string, size: number): KernelCase[] {
  const sizes = sizesOf(shape);
  const { rows, keys, heads, kvHeads, dim } = sizes;
  const [queries, ofKeys] = [rows * heads * dim, keys * kvHeads * dim];
  const named = (kernel: string) =>
    `${kernel} ${rows}×${keys}, heads ${heads}/${kvHeads} of ${dim}, ${pattern}, ±${size}`;
  const given = (random: Random) => {
    const made = inputsOf(random, sizes, pattern, size);
    const { q, k, v, dOut, ranges } = made;
    const stats = input(statsOf(made, sizes));
    return { q: input(q), k: input(k), v: input(v), dOut: input(dOut), stats, ranges: input(ranges, 'i32') };
  };
  /** The gradients of a backward kernel, by beta. */
  const backward = (
    kernel: 'Queries' | 'Keys',
    names: Readonly<Record<string, number>>,
    beta: number,
  ): KernelCase => ({
    name: `${named(`attention${kernel}Backward`)}, ${Object.keys(names)}, beta ${beta}`,
    inputs: (random) => {
      const outputs = Object.entries(names).map(([name, length]) => {
        const added = { ...input(normals(random, length)), isOutput: true };
        return [name, beta === 0 ? output(length) : added] as const;
      });
      return { ...given(random), ...Object.fromEntries(outputs) };
    },
    run: (backend, { q, k, v, dOut, stats, ranges, dQ, dK, dV }) => {
      const args = { q, k, v, dOut, stats, ranges, ...sizes, beta };
      if (kernel === 'Queries') backend.run('attentionQueriesBackward', { dQ, ...args });
      else backend.run('attentionKeysBackward', { dK, dV, ...args });
    },
    magnitude: (before) => {
      const all = magnitudesOf(before as unknown as AttentionInputs, sizes);
      const added = (name: string, ofGradient: Float64Array) =>
        ofGradient.map((x, n) => x + (beta === 0 ? 0 : Math.abs(beta * before[name][n])));
      return Object.fromEntries(
        (['dQ', 'dK', 'dV'] as const).flatMap((name) =>
          name in names ? [[name, added(name, all[name])]] : [],
        ),
      );
    },
  });
  return [
    {
      name: named('attention'),
      inputs: (random) => {
        const { q, k, v, ranges, dOut } = given(random);
        return { q, k, v, ranges, dOut, out: output(queries), stats: output(2 * rows * heads) };
      },
      run: (backend, { out, stats, q, k, v, ranges }) =>
        backend.run('attention', { out, stats, q, k, v, ranges, ...sizes }),
      magnitude: (before) => magnitudesOf(before as unknown as AttentionInputs, sizes),
    },
    ...(rows * keys < 4500 ? [0, -0.5] : [0]).flatMap((beta) => [
      backward('Queries', { dQ: queries }, beta),
      backward('Keys', { dK: ofKeys, dV: ofKeys }, beta),
    ]),
    ...(rows * keys < 1000 ? [backward('Keys', { dK: ofKeys }, 1), backward('Keys', { dV: ofKeys }, 0)] : []),
  ];
}

/** The shapes that every pattern is tried with. */
const SOME = [SHAPES[2], SHAPES[7]];

const dotCases = SHAPES.map(([rows, , heads, , dim]): KernelCase => {
  return {
    name: `attentionDots ${rows}, heads ${heads} of ${dim}`,
    inputs: (random) => ({
      out: input(normals(random, rows * heads * dim)),
      dOut: input(normals(random, rows * heads * dim)),
      stats: { ...input(normals(random, 2 * rows * heads)), isOutput: true },
    }),
    run: (backend, { stats, out, dOut }) =>
      backend.run('attentionDots', { stats, out, dOut, rows, heads, dim }),
  };
});

export const attentionKernelCases: readonly KernelCase[] = [
  ...dotCases,
  ...SHAPES.flatMap((shape) => casesOf(shape, 'causal', 1)),
  ...PATTERN_NAMES.slice(1).flatMap((pattern) => SOME.flatMap((shape) => casesOf(shape, pattern, 1))),
  ...SOME.flatMap((shape) => casesOf(shape, 'causal', 100)),
];

/** `[rows, keys, heads, kvHeads, dim]`, the first ones small enough for the gradient check. */
const OP_SHAPES = [
  [5, 5, 2, 1, 3],
  [2, 5, 4, 2, 2],
  [41, 41, 9, 3, 8],
  [70, 70, 4, 4, 5],
] as const;

function opCase(random: Random, shape: (typeof OP_SHAPES)[number], pattern: string): OpCase {
  const [rows, keys, heads, kvHeads, dim] = shape;
  const made = (length: number, cols: number): Values => {
    return { shape: [length, cols], data: normals(random, length * cols) };
  };
  return {
    name: `attention ${rows}×${keys}, heads ${heads}/${kvHeads} of ${dim}, ${pattern}`,
    inputs: {
      q: made(rows, heads * dim),
      k: made(keys, kvHeads * dim),
      v: made(keys, kvHeads * dim),
      ranges: { shape: [rows, 4], data: rangesOf(pattern, rows, keys) },
    },
    run: ({ q, k, v, ranges }) => attention(q, k, v, { ranges, heads, kvHeads, scale: 0.6 }),
    scale: 16,
  };
}

/** @param random  of the table */
export function attentionOpCases(random: Random): OpCase[] {
  const all = OP_SHAPES.flatMap((shape) => PATTERN_NAMES.map((pattern) => opCase(random, shape, pattern)));
  const ranges: Values = { shape: [4, 4], data: rangesOf('causal', 4, 4) };
  const x = (): Values => ({ shape: [4, 6], data: normals(random, 24) });
  const options = { heads: 2 };
  return [
    ...all,
    ...['q', 'k', 'v'].map(
      (frozen): OpCase => ({ ...all[0], name: `${all[0].name}, ${frozen} frozen`, frozen: [frozen] }),
    ),
    {
      name: 'attention of one tensor, three times',
      inputs: { x: x(), ranges },
      run: ({ x: all3, ranges: seen }) => attention(all3, all3, all3, { ranges: seen, ...options }),
      scale: 16,
    },
    {
      name: 'attention twice, with the same keys and other values',
      inputs: { q: x(), k: x(), v: x(), w: x(), ranges },
      run: ({ q, k, v, w, ranges: seen }) =>
        attention(attention(q, k, v, { ranges: seen, ...options }), k, w, { ranges: seen, ...options }),
      scale: 16,
    },
  ];
}
