/** Watches the losses of a training, and keeps the values it had when they were good. */
import type { Backend, Parameter } from 'lowrank';
import type { Divergence } from './views.js';

/** Losses whose mean is looked at: one batch of ten images says little. */
const WINDOW = 10;
/** The loss of an answer that gives each of ten digits the same probability. */
export const GUESSING = Math.log(10);
/** A loss that is so many times worse than guessing, and than at the beginning, does not come back. */
const TIMES = 4;

/** A loss that is no worse than another, but for the noise of a batch. */
const isAbout = (loss: number, other: number) => loss <= 1.5 * other + 0.05;

export class Watch {
  /** Set once the training has diverged. */
  diverged: Divergence | undefined;
  /** The last iteration with good values; 0 when there was none yet. */
  goodIteration = 0;
  readonly #parameters: readonly Parameter[];
  readonly #good: readonly ReturnType<Backend['alloc']>[];
  readonly #recent: number[] = [];
  readonly #worst: number;
  #lowest: number;

  /** @param loss  before the training */
  constructor(
    readonly device: Backend,
    parameters: readonly Parameter[],
    loss: number,
  ) {
    this.#parameters = parameters.filter(({ requiresGrad }) => requiresGrad);
    this.#good = this.#parameters.map(({ length }) => device.alloc('f32', length));
    this.#worst = TIMES * Math.max(loss, GUESSING);
    this.#lowest = loss;
  }

  /** Takes the loss of an iteration that was just made; its values are the parameters'. */
  add({ iteration, loss }: Divergence): void {
    this.#recent.push(loss);
    if (this.#recent.length > WINDOW) this.#recent.shift();
    const mean = this.#recent.reduce((sum, each) => sum + each, 0) / this.#recent.length;
    // A jump after the first step is often made good by the next.
    const isFull = this.#recent.length === WINDOW;
    if (isFull && !(mean <= this.#worst)) this.diverged ??= { iteration, loss: mean };
    if (this.diverged || iteration % WINDOW !== 0 || !isAbout(mean, this.#lowest)) return;
    this.#lowest = Math.min(this.#lowest, mean);
    this.goodIteration = iteration;
    for (const [i, { storage }] of this.#parameters.entries())
      this.device.run('copy', { out: this.#good[i], x: storage });
  }

  /** Puts the last good values back. */
  restore(): void {
    for (const [i, { storage }] of this.#parameters.entries())
      this.device.run('copy', { out: storage, x: this.#good[i] });
  }

  dispose(): void {
    for (const storage of this.#good) this.device.free(storage);
  }
}
