import type { Tensor } from '../tensor.js';
import { recordView } from './reshape.js';

/**
 * The same values in the same memory, as a constant: no gradient goes back through it.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.detach.html
 */
export function detach(x: Tensor): Tensor {
  return recordView(x, { shape: x.shape, inputs: [], backward: () => {} });
}
