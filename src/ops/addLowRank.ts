import { record } from '../autograd/record.js';
import type { Storage } from '../backends/backend.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import type { Tensor } from '../tensor.js';
import { checkFactor, checkFloats, checkShape, matrixSize, rowCount } from './check.js';

/** A low-rank update of a layer's output. */
export interface LowRank {
  /** [rank, inFeatures] */
  readonly loraA: Tensor;
  /** [outFeatures, rank] */
  readonly loraB: Tensor;
  /** alpha / rank */
  readonly scaling: number;
  /** [rows] zeros and ones, constants: the rows that get the update. Default all. */
  readonly rowMask?: Tensor | undefined;
}

export interface LowRankWithBias extends LowRank {
  /** [outFeatures], added to every row, scaled as the update is. */
  readonly bias?: Tensor | undefined;
}

const NAMES: OptionNames<LowRankWithBias> = {
  loraA: true,
  loraB: true,
  scaling: true,
  rowMask: true,
  bias: true,
};

/**
 * `out = y + s (h Bᵀ + bias)` with h = mask ⊙ (x Aᵀ), computed in the memory of `y`, which cannot be used afterwards. With
 * dh = mask ⊙ (s dOut B) the gradients are dB = s dOutᵀ h, dA = dhᵀ x, dx = dh A, dBias = s Σ dOut and dy = dOut.
 * @param y  [..., outFeatures], the output of an op that nothing else uses
 * @param x  [..., inFeatures], with the same number of rows
 * @throws ShapeError when the sizes do not fit, Error when y's memory cannot be taken over
 * @see https://arxiv.org/abs/2106.09685
 */
export function addLowRank(y: Tensor, x: Tensor, update: LowRankWithBias): Tensor {
  checkOptions('addLowRank', update, NAMES);
  const { loraA, loraB, scaling, rowMask, bias } = update;
  checkFactor('addLowRank', 'scaling', scaling);
  checkFloats('addLowRank', { y, x, loraA, loraB, rowMask, bias });
  const [rank, k] = matrixSize('addLowRank', 'loraA', loraA);
  const m = rowCount('addLowRank', 'x', x, k);
  const n = loraB.shape[0];
  checkShape('addLowRank', 'loraB', loraB, [n, rank]);
  checkShape('addLowRank', 'y', y, [...x.shape.slice(0, -1), n]);
  if (rowMask) checkShape('addLowRank', 'rowMask', rowMask, [m]);
  if (bias) checkShape('addLowRank', 'bias', bias, [n]);
  if (y === x) throw new Error('addLowRank: y and x must be two tensors');

  const { device } = y;
  const maskRows = (hidden: Storage) => {
    if (rowMask)
      device.run('scaleRows', { out: hidden, x: hidden, factors: rowMask.storage, rows: m, cols: rank });
  };
  const out = y.takeStorage('addLowRank');
  const hidden = device.alloc('f32', m * rank);
  device.run('matmul', { out: hidden, a: x.storage, b: loraA.storage, m, k, n: rank, transB: true });
  maskRows(hidden);
  const back = { m, k: rank, n, transB: true, alpha: scaling, beta: 1 };
  device.run('matmul', { out, a: hidden, b: loraB.storage, ...back });
  if (bias) {
    const scaled = device.alloc('f32', n);
    device.run('axpby', { out: scaled, x: bias.storage, alpha: scaling, beta: 0 });
    device.run('addBias', { out, bias: scaled, rows: m, cols: n });
    device.free(scaled);
  }
  return record({
    device,
    out,
    shape: y.shape,
    inputs: [y, x, loraA, loraB, ...(bias ? [bias] : [])],
    constants: [rowMask],
    saved: [hidden],
    backward: (dOut, grad, scratch, passOn) => {
      if (bias) {
        grad(bias, (dBias, beta) => {
          const sums = scratch(n);
          device.run('sumRows', { out: sums, x: dOut, rows: m, cols: n });
          device.run('axpby', { out: dBias, x: sums, alpha: scaling, beta });
        });
      }
      const ofB = { m: n, k: m, n: rank, transA: true, alpha: scaling };
      grad(loraB, (dB, beta) => device.run('matmul', { out: dB, a: dOut, b: hidden, ...ofB, beta }));
      if (loraA.requiresGrad || x.requiresGrad) {
        const dh = scratch(m * rank);
        device.run('matmul', { out: dh, a: dOut, b: loraB.storage, m, k: n, n: rank, alpha: scaling });
        maskRows(dh);
        const ofA = { m: rank, k: m, n: k, transA: true };
        grad(loraA, (dA, beta) => device.run('matmul', { out: dA, a: dh, b: x.storage, ...ofA, beta }));
        const ofX = { m, k: rank, n: k };
        grad(x, (dX, beta) => device.run('matmul', { out: dX, a: dh, b: loraA.storage, ...ofX, beta }));
      }
      passOn(y);
    },
  });
}
