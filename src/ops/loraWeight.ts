import { record } from '../autograd/record.js';
import type { Tensor } from '../tensor.js';
import { passGradient } from './add.js';
import { checkFactor, checkFloats, checkShape, checkWeight, matrixSize } from './check.js';

/**
 * `W' = W + s B A`; the gradients are dA = s Bᵀ dW' and dB = s dW' Aᵀ. Where dW' = dyᵀ x comes from a linear layer
 * and W is frozen, it is not multiplied out: dA = s (dy B)ᵀ x and dB = s dyᵀ (x Aᵀ).
 * @param weight   [outFeatures, inFeatures]
 * @param loraA    [rank, inFeatures]
 * @param loraB    [outFeatures, rank]
 * @param scaling  alpha / rank
 * @returns        [outFeatures, inFeatures]
 * @throws ShapeError when the sizes do not fit
 * @see https://arxiv.org/abs/2106.09685
 */
export function loraWeight(weight: Tensor, loraA: Tensor, loraB: Tensor, scaling: number): Tensor {
  checkFloats('loraWeight', { loraA, loraB });
  checkWeight('loraWeight', 'weight', weight, loraA);
  checkFactor('loraWeight', 'scaling', scaling);
  const [m, n] = matrixSize('loraWeight', 'weight', weight);
  const [rank] = matrixSize('loraWeight', 'loraA', loraA);
  checkShape('loraWeight', 'loraA', loraA, [rank, n]);
  checkShape('loraWeight', 'loraB', loraB, [m, rank]);
  const { device } = weight;
  const out = device.alloc('f32', m * n);
  device.run('copy', { out, x: weight.storage });
  device.run('matmul', { out, a: loraB.storage, b: loraA.storage, m, k: rank, n, alpha: scaling, beta: 1 });
  return record({
    device,
    out,
    shape: [m, n],
    inputs: [weight, loraA, loraB],
    backward: (dOut, grad) => {
      passGradient(device, dOut, weight, grad);
      grad(loraA, (dA, beta) =>
        device.run('matmul', {
          out: dA,
          a: loraB.storage,
          b: dOut,
          m: rank,
          k: m,
          n,
          transA: true,
          alpha: scaling,
          beta,
        }),
      );
      grad(loraB, (dB, beta) =>
        device.run('matmul', {
          out: dB,
          a: dOut,
          b: loraA.storage,
          m,
          k: n,
          n: rank,
          transB: true,
          alpha: scaling,
          beta,
        }),
      );
    },
    productBackward: weight.requiresGrad
      ? undefined
      : ({ left, right, rows }, grad, scratch) => {
          grad(loraA, (dA, beta) => {
            const hidden = scratch(rows * rank);
            device.run('matmul', {
              out: hidden,
              a: left,
              b: loraB.storage,
              m: rows,
              k: m,
              n: rank,
              alpha: scaling,
            });
            device.run('matmul', { out: dA, a: hidden, b: right, m: rank, k: rows, n, transA: true, beta });
          });
          grad(loraB, (dB, beta) => {
            const hidden = scratch(rows * rank);
            device.run('matmul', {
              out: hidden,
              a: right,
              b: loraA.storage,
              m: rows,
              k: n,
              n: rank,
              transB: true,
            });
            device.run('matmul', {
              out: dB,
              a: left,
              b: hidden,
              m,
              k: rows,
              n: rank,
              transA: true,
              alpha: scaling,
              beta,
            });
          });
        },
  });
}
