import { record } from '../autograd/record.js';
import type { Tensor } from '../tensor.js';
import { checkFloats, checkShape, checkWeight, matrixSize, rowCount } from './check.js';
import { multiplyByWeight } from './weightProduct.js';

/**
 * `y = x Wᵀ + b`.
 * @param x       [..., inFeatures]
 * @param weight  [outFeatures, inFeatures]; a frozen one may be bf16, f16 or packed
 * @param bias    [outFeatures]
 * @returns       [..., outFeatures]
 * @throws ShapeError when the sizes do not fit
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.linear.html
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  checkFloats('linear', { x, bias });
  checkWeight('linear', 'weight', weight, x);
  const [n, k] = matrixSize('linear', 'weight', weight);
  const m = rowCount('linear', 'x', x, k);
  if (bias) checkShape('linear', 'bias', bias, [n]);
  const { device } = x;
  const out = device.alloc('f32', m * n);
  multiplyByWeight(weight, { out, a: x.storage, m, k, n, transB: true, bias: bias?.storage });
  return record({
    device,
    out,
    shape: [...x.shape.slice(0, -1), n],
    inputs: bias ? [x, weight, bias] : [x, weight],
    backward: (dOut, grad) => {
      if (bias)
        grad(bias, (dBias, beta) => device.run('sumRows', { out: dBias, x: dOut, rows: m, cols: n, beta }));
      // The values of x may have been freed: they are read, and so computed again, only if they are needed.
      if (weight.requiresGrad) {
        grad(
          weight,
          (dWeight, beta) =>
            device.run('matmul', {
              out: dWeight,
              a: dOut,
              b: x.storage,
              m: n,
              k: m,
              n: k,
              transA: true,
              beta,
            }),
          { left: dOut, right: x.storage, rows: m },
        );
      }
      grad(x, (dX, beta) => multiplyByWeight(weight, { out: dX, a: dOut, m, k: n, n: k, beta }));
    },
  });
}
