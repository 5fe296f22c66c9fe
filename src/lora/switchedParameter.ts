import type { Module } from '../nn/module.js';
import { copyParameter, type Parameter } from '../tensor.js';
import { baseParameter } from './baseParameter.js';

/**
 * A parameter that adapters train as a whole, such as a bias: the module's field holds an adapter's copy while that
 * adapter is active and the original, frozen, while none is; so that without adapters the model is its base bit for bit.
 */
export class SwitchedParameter {
  readonly original: Parameter;
  readonly #copies = new Map<string, Parameter>();

  /** @throws TypeError when the field does not hold a parameter */
  constructor(
    readonly module: Module,
    readonly field: string,
  ) {
    this.original = baseParameter(module, field);
    module.nonPersistent.add(this.original);
  }

  /** An adapter's copy. */
  copyOf(adapter: string): Parameter | undefined {
    return this.#copies.get(adapter);
  }

  get isUsed(): boolean {
    return this.#copies.size > 0;
  }

  /** Makes a copy of the original for an adapter. */
  add(adapter: string): Parameter {
    const copy = copyParameter(this.original, true);
    this.#copies.set(adapter, copy);
    this.module.nonPersistent.add(copy);
    return copy;
  }

  rename(from: string, to: string): void {
    const copy = this.#copies.get(from);
    if (!copy) return;
    this.#copies.delete(from);
    this.#copies.set(to, copy);
  }

  /** Frees an adapter's copy, which is not in use. */
  delete(adapter: string): void {
    const copy = this.#copies.get(adapter);
    if (!copy) return;
    this.#copies.delete(adapter);
    this.module.nonPersistent.delete(copy);
    copy.dispose();
  }

  /** Puts the copy of the first of these adapters that has one into the module, or the original. */
  use(adapters: readonly string[]): void {
    const name = adapters.find((each) => this.#copies.has(each));
    Reflect.set(this.module, this.field, (name && this.#copies.get(name)) || this.original);
  }
}
