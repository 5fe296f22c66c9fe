import type { Module } from '../nn/module.js';
import { copyParameter, Parameter } from '../tensor.js';

/** A module with a bias, such as Linear. */
export type BiasedModule = Module & { bias: Parameter };

export function hasBias(module: Module): module is BiasedModule {
  return Reflect.get(module, 'bias') instanceof Parameter;
}

/**
 * A bias that trains with an adapter and is switched with it: the module's `bias` is the trained parameter
 * while the adapter is on and a frozen copy of the original while it is off, so that off is the base model
 * bit for bit.
 */
export class SwitchedBias {
  readonly trained: Parameter;
  readonly original: Parameter;

  constructor(readonly module: BiasedModule) {
    this.trained = module.bias;
    this.trained.requiresGrad = true;
    this.original = copyParameter(module.bias, false);
    module.kept.add(this.trained).add(this.original);
  }

  set enabled(enabled: boolean) {
    this.module.bias = enabled ? this.trained : this.original;
  }
}
