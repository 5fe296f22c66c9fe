import { relu } from '../ops/relu.js';
import type { Tensor } from '../tensor.js';
import { Layer } from './module.js';

/**
 * `y = max(x, 0)`.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.ReLU.html
 */
export class ReLU extends Layer {
  forward(x: Tensor): Tensor {
    return relu(x);
  }
}
