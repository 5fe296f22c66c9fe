import type { Tensor } from '../tensor.js';
import { Module } from './module.js';

/**
 * Modules one after another; their names are `0`, `1`, ….
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Sequential.html
 */
export class Sequential extends Module {
  readonly #length: number;

  constructor(...modules: Module[]) {
    super();
    this.#length = modules.length;
    // Numbered fields give the children PyTorch's names.
    Object.assign(this, modules);
  }

  /** The modules in order; a replaced child is found here. */
  get modules(): Module[] {
    return Array.from(this.namedChildren(), ([, child]) => child).slice(0, this.#length);
  }

  forward(x: Tensor): Tensor {
    let y = x;
    for (const module of this.modules) y = module.forward(y);
    return y;
  }
}
