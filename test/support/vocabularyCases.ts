/** Cases of losses over a vocabulary, for the tables of kernels and ops. */
import type { Random } from '../../src/base/random.js';
import { linearCrossEntropyInChunks } from '../../src/ops/linearCrossEntropy.js';
import { inOut, input, type KernelCase, normals, output } from './kernelInputs.js';
import type { OpCase, Values } from './opCases.js';
import { PACKED_TYPES } from './packedCases.js';

/** `[rows, cols]`: vectors and their tails, several of the 256 threads of a workgroup, one row and many. */
const SHAPES = [
  [1, 1],
  [3, 3],
  [2, 8],
  [5, 15],
  [4, 16],
  [7, 17],
  [3, 255],
  [2, 256],
  [2, 257],
  [3, 1000],
  [130, 9],
] as const;

/** Classes, with none in every third row. */
const labels = (random: Random, rows: number, cols: number): Int32Array =>
  Int32Array.from({ length: rows }, (_, r) => (r % 3 === 1 ? -1 : Math.floor(random.uniform() * cols)));

export const vocabularyKernelCases: readonly KernelCase[] = SHAPES.flatMap(([rows, cols]) =>
  [1, 8, 1e4].map(
    (size): KernelCase => ({
      name: `vocabularyLoss ${rows}x${cols} logits ±${size}`,
      inputs: (random) => ({
        logits: inOut(normals(random, rows * cols, size)),
        targets: input(labels(random, rows, cols), 'i32'),
        scale: input([Math.fround(0.3)]),
        losses: output(rows),
      }),
      run: (backend, { losses, logits, targets, scale }) =>
        backend.run('vocabularyLoss', { losses, logits, targets, scale, rows, cols }),
      // An eighth of the usual bound: exp and log are within two roundings.
      magnitude: ({ targets }, { losses, logits }) => ({
        losses: Array.from(losses, (loss) => (loss + 0.3 * Math.log(cols)) / 8),
        logits: Array.from(
          logits,
          (d, i) => (i % cols === targets[Math.floor(i / cols)] ? 0.3 : (1 + size) * d) / 8,
        ),
      }),
    }),
  ),
);

/** `[tokens, width, vocabulary, labels]`: small, two chunks, and sizes of blocks. */
const SIZES = [
  [3, 2, 3, 4],
  [1, 1, 1, 2],
  [5, 3, 4, 70],
  [40, 33, 521, 130],
] as const;

interface Makers {
  readonly normal: (...shape: number[]) => Values;
  readonly packed: (dtype: (typeof PACKED_TYPES)[number], rows: number, cols: number) => Values;
  readonly random: Random;
}

/** Labels in no order, of rows that appear several times; every fifth is none, and its row is not read. */
function listsOf({ random }: Makers, tokens: number, vocabulary: number, count: number) {
  const below = (limit: number) => Math.floor(random.uniform() * limit);
  const list = (of: (i: number) => number): Values => ({
    shape: [count],
    data: Int32Array.from({ length: count }, (_, i) => of(i)),
  });
  return {
    rows: list((i) => (i % 5 === 4 ? tokens : below(tokens))),
    targets: list((i) => (i % 5 === 4 ? -1 : below(vocabulary))),
    scale: { shape: [], data: Float32Array.of(1 / count) },
  };
}

export function vocabularyOpCases(makers: Makers): OpCase[] {
  const op = (name: string, weight: Values, tokens: number, count: number): OpCase => ({
    name: `linearCrossEntropy ${name}`,
    inputs: {
      hidden: makers.normal(tokens, weight.shape[1]),
      weight,
      ...listsOf(makers, tokens, weight.shape[0], count),
    },
    frozen: ['weight', 'scale'],
    run: ({ hidden, weight: head, rows, targets, scale }) =>
      linearCrossEntropyInChunks(hidden, head, { rows, targets, scale }, 64),
    scale: 1,
  });
  return [
    ...SIZES.map(([tokens, width, vocabulary, count]) =>
      op(
        `${tokens}×${width}→${vocabulary}, ${count} labels`,
        makers.normal(vocabulary, width),
        tokens,
        count,
      ),
    ),
    ...PACKED_TYPES.map((dtype) =>
      op(`7×64→261 by ${dtype}, 30 labels`, makers.packed(dtype, 261, 64), 7, 30),
    ),
  ];
}
