import { record } from '../autograd/record.js';
import { ShapeError } from '../base/errors.js';
import type { Tensor } from '../tensor.js';
import { checkFloats, checkIntegers, checkShape, matrixSize } from './check.js';

/**
 * Mean cross-entropy `mean_r (log Σ_c exp(logits[r,c]) − logits[r, targets[r]])`.
 * @param logits   [batch, classes]
 * @param targets  [batch], i32 class indices; one outside 0…classes−1 makes the loss NaN
 * @returns        a scalar, shape []
 * @throws ShapeError when the sizes do not fit or the batch is empty
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cross_entropy.html
 */
export function crossEntropy(logits: Tensor, targets: Tensor): Tensor {
  checkFloats('crossEntropy', { logits });
  const [rows, cols] = matrixSize('crossEntropy', 'logits', logits);
  checkShape('crossEntropy', 'targets', targets, [rows]);
  if (rows === 0) throw new ShapeError('crossEntropy: the batch is empty');
  checkIntegers('crossEntropy', 'targets', targets, logits);
  const { device } = logits;
  const loss = device.alloc('f32', 1);
  const dLogits = device.alloc('f32', rows * cols);
  device.run('softmaxCrossEntropy', {
    loss,
    dLogits,
    logits: logits.storage,
    targets: targets.storage,
    rows,
    cols,
  });
  return record({
    device,
    out: loss,
    shape: [],
    inputs: [logits],
    saved: [dLogits],
    backward: (dOut, grad) =>
      grad(logits, (dX, beta) => device.run('mulScalar', { out: dX, x: dLogits, factor: dOut, beta })),
  });
}
