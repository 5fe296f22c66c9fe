/** The speed of a download over the last seconds, and when to report it. */

const WINDOW_MS = 5000;
const TOLD_MS = 200;

export class Pace {
  #samples: { readonly at: number; readonly done: number }[] = [];
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly now: () => number) {}

  /** @returns whether it is time to report */
  add(done: number): boolean {
    const at = this.now();
    this.#samples.push({ at, done });
    while (this.#samples.length > 2 && at - this.#samples[0].at > WINDOW_MS) this.#samples.shift();
    if (at - this.#toldAt < TOLD_MS) return false;
    this.#toldAt = at;
    return true;
  }

  get bytesPerSecond(): number {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (!first || !last || last.at <= first.at) return 0;
    return Math.max(0, (1000 * (last.done - first.done)) / (last.at - first.at));
  }

  /** Forgets the samples from before an interruption. */
  restart(): void {
    this.#samples = [];
    this.#toldAt = Number.NEGATIVE_INFINITY;
  }
}
