import type { Tensor } from '../tensor.js';
import { Layer } from './module.js';

/**
 * Modules one after another; their names are `0`, `1`, ….
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Sequential.html
 */
export class Sequential extends Layer {
  readonly #length: number;

  constructor(...modules: Layer[]) {
    super();
    this.#length = modules.length;
    // Numbered fields give the children PyTorch's names.
    Object.assign(this, modules);
  }

  /** The modules in order; a replaced child is found here. */
  get modules(): Layer[] {
    // The constructor took only layers, and each child is replaced by a layer.
    return Array.from({ length: this.#length }, (_, i) => Reflect.get(this, `${i}`) as Layer);
  }

  forward(x: Tensor): Tensor {
    let y = x;
    for (const module of this.modules) y = module.forward(y);
    return y;
  }
}
