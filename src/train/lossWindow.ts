import type { Backend, Storage } from '../backends/backend.js';

/** The losses of the steps since the last read, kept on the device so that one read fetches them all. */
export class LossWindow {
  readonly #device: Backend;
  readonly #list: Storage;
  #length = 0;

  constructor(device: Backend) {
    this.#device = device;
    this.#list = device.alloc('f32', 1 + device.stepsPerRead);
  }

  get isFull(): boolean {
    return this.#length === this.#device.stepsPerRead;
  }

  /** Makes room for the loss of the next step. */
  begin(): void {
    // Element 0 is the count. Use write, not fill: fill would be recorded as a kernel call of the step.
    if (this.#length === 0) this.#device.write(this.#list, [0]);
    this.#length += 1;
  }

  /** Frees the room of a step that was abandoned. */
  drop(): void {
    this.#length -= 1;
  }

  /** Appends a loss. @param loss  one number: the loss of the current step */
  append(loss: Storage): void {
    this.#device.run('append', { list: this.#list, x: loss });
  }

  /** The losses in their order; the window is empty afterwards. */
  async read(): Promise<number[]> {
    const length = this.#length;
    if (length === 0) return [];
    this.#length = 0;
    const list = await this.#device.read(this.#list);
    const losses: number[] = [];
    for (let i = 1; i <= length; i++) losses.push(list[i]);
    return losses;
  }

  dispose(): void {
    this.#device.free(this.#list);
  }
}
