import { SLICE_ALIGNMENT, type Storage } from '../backends/backend.js';
import type { Holding } from '../backends/ownership.js';
import { DeviceError } from '../base/errors.js';
import { type Parameter, Tensor, zeros } from '../tensor.js';

/** Bytes of an f32, the element of every parameter on every device that aligns slices. */
const ELEMENT_BYTES = 4;
const ALIGNMENT = SLICE_ALIGNMENT / ELEMENT_BYTES;

/**
 * Parameters side by side in one block of memory, and their gradients in another, so that an optimizer
 * steps over all of them in one kernel call. Each begins at a multiple of {@link SLICE_ALIGNMENT} bytes;
 * the gaps hold zeros, which every optimizer leaves zero.
 */
export class FlatParameters {
  readonly values: Tensor;
  readonly gradients: Tensor;
  readonly #offsets: number[] = [];
  readonly #homes: Storage[] = [];
  /** Holdings of the blocks and their parts: without one of its parameters the whole is useless. */
  readonly #around: Holding[] = [];

  /** Moves the parameters into this memory. */
  constructor(readonly parameters: readonly Parameter[]) {
    const { device } = parameters[0];
    let length = 0;
    for (const parameter of parameters) {
      if (parameter.device !== device)
        throw new DeviceError('optimizer: parameters live on different devices');
      this.#offsets.push(length);
      length += Math.ceil(parameter.length / ALIGNMENT) * ALIGNMENT;
    }
    this.values = zeros(device, [length]);
    this.gradients = zeros(device, [length]);
    this.#around.push(this.values.holding, this.gradients.holding);
    for (const [i, parameter] of parameters.entries()) {
      const home = this.slice(this.values, i);
      parameter.rehome(home, this.slice(this.gradients, i), this.#around);
      this.#homes.push(home);
    }
  }

  /** A block of zeros with the layout of the values, for one more number per parameter value. */
  companion(): Tensor {
    return zeros(this.values.device, this.values.shape);
  }

  /** The part of a block from parameter `first` up to, not including, `end`. */
  run(stretch: Tensor, first: number, end: number): Tensor {
    const [from, to] = [this.#offsets[first], this.#offsets[end] ?? stretch.length];
    const { device, storage } = stretch;
    const part = new Tensor(device, device.slice(storage, from, to - from), [to - from]).own();
    if (stretch === this.values || stretch === this.gradients) this.#around.push(part.holding);
    return part;
  }

  /** The part of a block that belongs to parameter `i`; the caller frees it. */
  slice(stretch: Tensor, i: number): Storage {
    return stretch.device.slice(stretch.storage, this.#offsets[i], this.parameters[i].length);
  }

  /** @throws Error when a parameter was disposed, or another optimizer has moved it away */
  checkHomes(): void {
    for (const [i, parameter] of this.parameters.entries()) {
      if (parameter.isReleased) {
        throw new Error(`optimizer: a parameter was disposed: [${parameter.shape}]: make a new optimizer`);
      }
      if (parameter.storage !== this.#homes[i]) {
        throw new Error(
          'optimizer: a parameter was moved to another optimizer: step that one, or make a new one',
        );
      }
    }
  }

  dispose(): void {
    this.values.dispose();
    this.gradients.dispose();
  }
}
