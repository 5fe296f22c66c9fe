/** Copies of an adapter's values in the course of a lesson: those that a lesson may end with. */
import type { Parameter } from 'lowrank';

export interface Copy {
  /** After which step; 0: as the lesson begins. */
  readonly step: number;
  readonly values: readonly ArrayLike<number>[];
}

export async function copyOf(parameters: readonly Parameter[], step: number): Promise<Copy> {
  return { step, values: await Promise.all(parameters.map((parameter) => parameter.read())) };
}

export function putBack(parameters: readonly Parameter[], { values }: Copy): void {
  for (const [i, parameter] of parameters.entries()) parameter.write(values[i]);
}

/** How much worse than at first a lesson may become before it counts as lost. */
const LOST = 3;
/** A lesson that begins near 0 is not lost by a little. */
const LEAST = 0.5;

/** Watches the losses: the last good values are those with which the loss was no worse than at first. */
export class Watch {
  /** The last good values that are known. */
  good: Copy | undefined;
  /** Values with which no loss was computed yet. */
  #next: Copy | undefined;
  #first: number | undefined;

  /** @param first  the loss of the first step of the lesson, where it goes on */
  constructor(first?: number) {
    this.#first = first;
  }

  /** Whether new values are wanted after a step. */
  get wants(): boolean {
    return this.#next === undefined;
  }

  offer(copy: Copy): void {
    this.#next = copy;
  }

  /** @param loss  of the step, computed with the values before it @returns whether the lesson is lost */
  after(step: number, loss: number): boolean {
    this.#first ??= loss;
    const first = Math.max(this.#first, LEAST);
    if (this.#next && step > this.#next.step) {
      if (loss <= first) this.good = this.#next;
      this.#next = undefined;
    }
    return !(loss <= LOST * first);
  }
}
