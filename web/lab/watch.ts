/** Watches the losses of a training run, and keeps the latest good values. */
import type { Backend, Parameter } from 'lowrank';
import type { Divergence } from './views.js';

/** Number of losses that are averaged: one batch of ten images says little. */
const WINDOW = 10;
/** The loss of an answer that gives each of ten digits the same probability. */
export const GUESSING = Math.log(10);
/** A loss this many times worse than guessing, and than at the beginning, does not recover. */
const TIMES = 4;

/** Whether a loss is no worse than another, apart from the noise of a batch. */
const isAbout = (loss: number, other: number) => loss <= 1.5 * other + 0.05;

export class Watch {
  /** Set once the training has diverged. */
  diverged: Divergence | undefined;
  /** The last iteration with good values; 0 if there was none yet. */
  goodIteration = 0;
  readonly #parameters: readonly Parameter[];
  readonly #good: readonly ReturnType<Backend['alloc']>[];
  readonly #recent: number[] = [];
  readonly #worst: number;
  #lowest: number;

  /** @param loss  loss before the training run */
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

  /** Takes the loss of the iteration that has just finished; its values are in the parameters. */
  add({ iteration, loss }: Divergence): void {
    this.#recent.push(loss);
    if (this.#recent.length > WINDOW) this.#recent.shift();
    const mean = this.#recent.reduce((sum, each) => sum + each, 0) / this.#recent.length;
    // The next step often makes up for a jump after the first.
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
