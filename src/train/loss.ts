/** The loss of training and evaluation. */
import type { Backend } from '../backends/backend.js';
import { DeviceError, ShapeError } from '../base/errors.js';
import type { AnyBatch } from '../data/batches.js';
import { type Batch, Dataset } from '../data/dataset.js';
import { type Layer, type Module, requireLayer } from '../nn/module.js';
import { crossEntropy } from '../ops/crossEntropy.js';
import { Tensor } from '../tensor.js';
import { checkOutputs } from './evaluate.js';

/** Runs the model on a batch. @returns the mean loss of the batch, a scalar */
export type LossFunction<M extends Module = Module, B extends AnyBatch = AnyBatch> = (
  model: M,
  batch: B,
) => Tensor;

/**
 * The caller's loss, or the mean cross-entropy of a classifier.
 * @throws TypeError where there is no loss and the data are not a Dataset, or the model is not a Layer
 */
export function lossOf<M extends Module, B extends AnyBatch>(
  call: string,
  model: M,
  data: { readonly device: Backend },
  loss: LossFunction<M, B> | undefined,
): (batch: B) => Tensor {
  if (loss) return (batch) => checkLoss(call, loss(model, batch), data.device);
  if (!(data instanceof Dataset)) {
    throw new TypeError(
      `${call}: loss must be given for batches that do not come from a Dataset: (model, batch) => Tensor`,
    );
  }
  requireLayer(call, model);
  const classifier: Layer = model;
  // The batches are the Dataset's.
  return (batch) => classificationLoss(call, classifier, batch as unknown as Batch, data);
}

function classificationLoss(call: string, model: Layer, { x, y }: Batch, data: Dataset): Tensor {
  const logits = model.forward(x);
  checkOutputs(call, logits, data.classes);
  return crossEntropy(logits, y);
}

/** Checks that a loss is one number on the device of the data. @throws TypeError, ShapeError, DeviceError */
export function checkLoss(call: string, loss: Tensor, device: Backend): Tensor {
  if (!(loss instanceof Tensor)) throw new TypeError(`${call}: loss must return a tensor: got ${loss}`);
  if (loss.length !== 1) throw new ShapeError(`${call}: loss must return a scalar: got [${loss.shape}]`);
  if (loss.device !== device)
    throw new DeviceError(`${call}: the loss lives on another device than the data`);
  return loss;
}
