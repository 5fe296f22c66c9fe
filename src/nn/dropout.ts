import type { Backend } from '../backends/backend.js';
import { dropout } from '../ops/dropout.js';
import { type Tensor, tensor } from '../tensor.js';
import { Layer } from './module.js';

/** The whole state of a dropout, to save and restore. */
export interface DropoutState {
  readonly seed: number;
  /** Number of passes so far. */
  readonly count: number;
}

/**
 * Leaves out elements in training, with a probability, and scales the rest by 1 / (1 − probability).
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout.html
 */
export class Dropout extends Layer {
  /** Seed and count, i32: on the device, so that a recorded step continues the count. */
  readonly #state: Tensor;

  /** @throws RangeError unless the probability is at least 0 and below 1 */
  constructor(
    device: Backend,
    readonly probability: number,
    seed = 0,
  ) {
    super();
    if (!(probability >= 0 && probability < 1)) {
      throw new RangeError(`Dropout: probability must be at least 0 and below 1: ${probability}`);
    }
    this.#state = tensor(device, [seed | 0, 0], [2], 'i32');
    this.nonPersistent.add(this.#state);
  }

  forward(x: Tensor): Tensor {
    return this.training && this.probability > 0 ? dropout(x, this.#state, this.probability) : x;
  }

  async readState(): Promise<DropoutState> {
    const [seed, count] = await this.#state.read();
    return { seed, count };
  }

  writeState({ seed, count }: DropoutState): void {
    this.#state.write([seed, count]);
  }
}
