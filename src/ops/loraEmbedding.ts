import { record } from '../autograd/record.js';
import { ShapeError } from '../errors.js';
import { checkOptions, type OptionNames } from '../options.js';
import type { Tensor } from '../tensor.js';
import { checkFactor, checkFloats, checkIntegers, checkShape, matrixSize } from './check.js';

export interface LoraEmbeddingInputs {
  /** [num, dim] */
  readonly weight: Tensor;
  readonly updates: readonly EmbeddingUpdate[];
}

/** One low-rank update of a table. */
export interface EmbeddingUpdate {
  /** [rank, num] */
  readonly loraA: Tensor;
  /** [dim, rank] */
  readonly loraB: Tensor;
  /** alpha / rank */
  readonly scaling: number;
  /** [count] zeros and ones: which of the indices get this update; default all. */
  readonly rowMask?: Tensor | undefined;
}

const NAMES: OptionNames<LoraEmbeddingInputs> = { weight: true, updates: true };
const UPDATE_NAMES: OptionNames<EmbeddingUpdate> = { loraA: true, loraB: true, scaling: true, rowMask: true };

/**
 * `y = E[i] + Σ s (mask ⊙ Aᵀ[i]) Bᵀ`: rows of a table, and of low-rank tables that are added to it. With h = mask ⊙ Aᵀ[i]
 * and dh = s mask ⊙ (dy B) the gradients are dB = s dyᵀ h, and dA and dE by adding dh and dy at their indices.
 * @param indices  [...], i32; one outside 0…num−1 gives a row of NaN
 * @returns        [..., dim]
 * @throws ShapeError when the sizes do not fit, TypeError for indices that are no i32
 * @see https://arxiv.org/abs/2106.09685
 */
export function loraEmbedding(indices: Tensor, inputs: LoraEmbeddingInputs): Tensor {
  checkOptions('loraEmbedding', inputs, NAMES);
  const { weight, updates } = inputs;
  checkFloats('loraEmbedding', { weight });
  checkIntegers('loraEmbedding', 'indices', indices, weight);
  if (indices.shape.length === 0)
    throw new ShapeError('loraEmbedding: indices must have a dimension: got []');
  const [num, dim] = matrixSize('loraEmbedding', 'weight', weight);
  const { device } = weight;
  const count = indices.length;
  for (const update of updates) checkUpdate(update, weight, count);
  const parts = updates.map((update) => {
    const rank = update.loraA.shape[0];
    return { ...update, rank, hidden: device.alloc('f32', count * rank) };
  });
  const out = device.alloc('f32', count * dim);
  device.run('take', {
    out,
    table: weight.storage,
    indices: indices.storage,
    rows: count,
    cols: dim,
    rowStride: dim,
    colStride: 1,
  });
  for (const { loraA, loraB, scaling, rowMask, rank, hidden } of parts) {
    device.run('take', {
      out: hidden,
      table: loraA.storage,
      indices: indices.storage,
      rows: count,
      cols: rank,
      rowStride: 1,
      colStride: num,
    });
    if (rowMask)
      device.run('mulRows', { out: hidden, x: hidden, factors: rowMask.storage, rows: count, cols: rank });
    const dims = { m: count, k: rank, n: dim, transB: true, alpha: scaling, beta: 1 };
    device.run('matmul', { out, a: hidden, b: loraB.storage, ...dims });
  }
  return record({
    device,
    out,
    shape: [...indices.shape, dim],
    inputs: [weight, ...parts.flatMap(({ loraA, loraB }) => [loraA, loraB])],
    constants: parts.map(({ rowMask }) => rowMask),
    saved: parts.map(({ hidden }) => hidden),
    backward: (dOut, grad, scratch) => {
      grad(weight, (dWeight, beta) => {
        device.run('addAt', {
          table: dWeight,
          x: dOut,
          indices: indices.storage,
          rows: count,
          cols: dim,
          rowStride: dim,
          colStride: 1,
          beta,
        });
      });
      for (const { loraA, loraB, scaling, rowMask, rank, hidden } of parts) {
        grad(loraB, (dB, beta) =>
          device.run('matmul', {
            out: dB,
            a: dOut,
            b: hidden,
            m: dim,
            k: count,
            n: rank,
            transA: true,
            alpha: scaling,
            beta,
          }),
        );
        grad(loraA, (dA, beta) => {
          const dHidden = scratch(count * rank);
          device.run('matmul', {
            out: dHidden,
            a: dOut,
            b: loraB.storage,
            m: count,
            k: dim,
            n: rank,
            alpha: scaling,
          });
          if (rowMask)
            device.run('mulRows', {
              out: dHidden,
              x: dHidden,
              factors: rowMask.storage,
              rows: count,
              cols: rank,
            });
          device.run('addAt', {
            table: dA,
            x: dHidden,
            indices: indices.storage,
            rows: count,
            cols: rank,
            rowStride: 1,
            colStride: num,
            beta,
          });
        });
      }
    },
  });
}

function checkUpdate(update: EmbeddingUpdate, weight: Tensor, count: number): void {
  checkOptions('loraEmbedding: update', update, UPDATE_NAMES);
  const { loraA, loraB, scaling, rowMask } = update;
  const [num, dim] = weight.shape;
  checkFloats('loraEmbedding', { weight, loraA, loraB, rowMask });
  checkFactor('loraEmbedding', 'scaling', scaling);
  const [rank] = matrixSize('loraEmbedding', 'loraA', loraA);
  checkShape('loraEmbedding', 'loraA', loraA, [rank, num]);
  checkShape('loraEmbedding', 'loraB', loraB, [dim, rank]);
  if (rowMask) checkShape('loraEmbedding', 'rowMask', rowMask, [count]);
}
