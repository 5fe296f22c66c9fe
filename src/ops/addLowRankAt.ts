import { record } from '../autograd/record.js';
import type { Storage } from '../backends/backend.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import type { Tensor } from '../tensor.js';
import type { LowRank } from './addLowRank.js';
import { checkFactor, checkFloats, checkIntegers, checkShape, matrixSize } from './check.js';

const NAMES: OptionNames<LowRank> = { loraA: true, loraB: true, scaling: true, rowMask: true };

/**
 * `out = y + s h Bᵀ` with h = mask ⊙ Aᵀ[i], the rows of a low-rank table that is added to an embedding's: computed in the
 * memory of `y`, which cannot be used afterwards. With dh = mask ⊙ (s dOut B) the gradients are dB = s dOutᵀ h, dy = dOut, and
 * dA by adding dh at the indices.
 * @param y        [..., dim], the output of an op that nothing else uses
 * @param indices  [...], i32; one outside 0…num−1 gives a row of NaN
 * @param update   A [rank, num], B [dim, rank]
 * @throws ShapeError when the sizes do not fit, Error when y's memory cannot be taken over
 * @see https://arxiv.org/abs/2106.09685
 */
export function addLowRankAt(y: Tensor, indices: Tensor, update: LowRank): Tensor {
  checkOptions('addLowRankAt', update, NAMES);
  const { loraA, loraB, scaling, rowMask } = update;
  checkFactor('addLowRankAt', 'scaling', scaling);
  checkFloats('addLowRankAt', { y, loraA, loraB, rowMask });
  checkIntegers('addLowRankAt', 'indices', indices, y);
  const [rank, num] = matrixSize('addLowRankAt', 'loraA', loraA);
  const [n] = matrixSize('addLowRankAt', 'loraB', loraB);
  checkShape('addLowRankAt', 'loraB', loraB, [n, rank]);
  checkShape('addLowRankAt', 'y', y, [...indices.shape, n]);
  const m = indices.length;
  if (rowMask) checkShape('addLowRankAt', 'rowMask', rowMask, [m]);

  const { device } = y;
  const place = { indices: indices.storage, rows: m, cols: rank, rowStride: 1, colStride: num };
  const maskRows = (hidden: Storage) => {
    if (rowMask)
      device.run('scaleRows', { out: hidden, x: hidden, factors: rowMask.storage, rows: m, cols: rank });
  };
  const out = y.takeStorage('addLowRankAt');
  const hidden = device.alloc('f32', m * rank);
  device.run('take', { out: hidden, table: loraA.storage, ...place });
  maskRows(hidden);
  const back = { m, k: rank, n, transB: true, alpha: scaling, beta: 1 };
  device.run('matmul', { out, a: hidden, b: loraB.storage, ...back });
  return record({
    device,
    out,
    shape: y.shape,
    inputs: [y, loraA, loraB],
    constants: [indices, rowMask],
    saved: [hidden],
    backward: (dOut, grad, scratch, passOn) => {
      const ofB = { m: n, k: m, n: rank, transA: true, alpha: scaling };
      grad(loraB, (dB, beta) => device.run('matmul', { out: dB, a: dOut, b: hidden, ...ofB, beta }));
      grad(loraA, (dA, beta) => {
        const dh = scratch(m * rank);
        device.run('matmul', { out: dh, a: dOut, b: loraB.storage, m, k: n, n: rank, alpha: scaling });
        maskRows(dh);
        device.run('addAt', { table: dA, x: dh, ...place, beta });
      });
      passOn(y);
    },
  });
}
