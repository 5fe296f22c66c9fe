import type { Batch } from '../../src/data/dataset.js';
import type { Layer } from '../../src/nn/module.js';
import type { Tensor } from '../../src/tensor.js';

/** A loss as `fit` takes it, from one of logits and targets. */
export const ofLogits =
  (loss: (logits: Tensor, targets: Tensor) => Tensor) =>
  (model: Layer, { x, y }: Batch): Tensor =>
    loss(model.forward(x), y);
