import { record } from '../autograd.js';
import type { Tensor } from '../tensor.js';
import { checkFloats, checkShape, matrixSize, rowCount } from './check.js';

export interface LoraLinearInputs {
  /** [outFeatures, inFeatures] */
  readonly weight: Tensor;
  /** [outFeatures] */
  readonly bias: Tensor | undefined;
  /** [rank, inFeatures] */
  readonly loraA: Tensor;
  /** [outFeatures, rank] */
  readonly loraB: Tensor;
  /** alpha / rank */
  readonly scaling: number;
}

/**
 * `y = x Wᵀ + b + s (x Aᵀ) Bᵀ`; with h = x Aᵀ and dh = s dy B the gradients are dB = s dyᵀ h, dA = dhᵀ x,
 * dx = dy W + dh A. The update is added to the base product in its own memory.
 * @param x  [..., inFeatures]
 * @returns  [..., outFeatures]
 * @throws ShapeError when the sizes do not fit
 * @see https://arxiv.org/abs/2106.09685
 */
export function loraLinear(x: Tensor, inputs: LoraLinearInputs): Tensor {
  const { weight, bias, loraA, loraB, scaling } = inputs;
  checkFloats('loraLinear', { x, weight, bias, loraA, loraB });
  const [n, k] = matrixSize('loraLinear', 'weight', weight);
  const [rank] = matrixSize('loraLinear', 'loraA', loraA);
  const m = rowCount('loraLinear', 'x', x, k);
  checkShape('loraLinear', 'loraA', loraA, [rank, k]);
  checkShape('loraLinear', 'loraB', loraB, [n, rank]);
  if (bias) checkShape('loraLinear', 'bias', bias, [n]);

  const { device } = x;
  const out = device.alloc('f32', m * n);
  const hidden = device.alloc('f32', m * rank);
  device.matmul(out, x.storage, weight.storage, { m, k, n, transB: true, bias: bias?.storage });
  device.matmul(hidden, x.storage, loraA.storage, { m, k, n: rank, transB: true });
  device.matmul(out, hidden, loraB.storage, { m, k: rank, n, transB: true, alpha: scaling, beta: 1 });
  const all = bias ? [x, weight, bias, loraA, loraB] : [x, weight, loraA, loraB];
  return record({
    device,
    out,
    shape: [...x.shape.slice(0, -1), n],
    inputs: all,
    saved: [hidden],
    backward: (dOut, grad, scratch) => {
      if (bias) grad(bias, (dBias, beta) => device.sumRows(dBias, dOut, m, n, beta));
      grad(weight, (dWeight, beta) =>
        device.matmul(dWeight, dOut, x.storage, { m: n, k: m, n: k, transA: true, beta }),
      );
      grad(loraB, (dB, beta) =>
        device.matmul(dB, dOut, hidden, { m: n, k: m, n: rank, transA: true, alpha: scaling, beta }),
      );
      if (!loraA.requiresGrad && !x.requiresGrad) return;
      const dHidden = scratch(m * rank);
      device.matmul(dHidden, dOut, loraB.storage, { m, k: n, n: rank, alpha: scaling });
      grad(loraA, (dA, beta) =>
        device.matmul(dA, dHidden, x.storage, { m: rank, k: m, n: k, transA: true, beta }),
      );
      grad(x, (dX, beta) => {
        device.matmul(dX, dOut, weight.storage, { m, k: n, n: k, beta });
        device.matmul(dX, dHidden, loraA.storage, { m, k: rank, n: k, beta: 1 });
      });
    },
  });
}
