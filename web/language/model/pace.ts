/** How fast bytes arrive, over the last seconds, and how often that is told. */

const WINDOW_MS = 5000;
const TOLD_MS = 200;

export class Pace {
  #samples: { readonly at: number; readonly done: number }[] = [];
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly now: () => number) {}

  /** @returns whether it is time to tell */
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

  /** After a break, what came before it says nothing. */
  restart(): void {
    this.#samples = [];
    this.#toldAt = Number.NEGATIVE_INFINITY;
  }
}
