/** Copies of an adapter's values during a lesson, with which the lesson may end. */
import type { HostArray, Parameter } from 'lowrank';

export interface Copy {
  /** Step after which it was copied; 0 for the beginning of the lesson. */
  readonly step: number;
  readonly values: readonly HostArray[];
}

/** @param spare  an unused copy of the same parameters, whose memory is reused: a copy after each step would be 10 MB of garbage */
export async function copyOf(parameters: readonly Parameter[], step: number, spare?: Copy): Promise<Copy> {
  const values = parameters.map(({ device, storage }, i) => device.read(storage, spare?.values[i]));
  return { step, values: await Promise.all(values) };
}

export function putBack(parameters: readonly Parameter[], { values }: Copy): void {
  for (const [i, parameter] of parameters.entries()) parameter.write(values[i]);
}

/** A lesson counts as lost when its loss exceeds the initial one by this factor. */
const LOST = 3;
/** Least initial loss for that comparison, so that a lesson that begins near 0 is not lost too easily. */
const LEAST = 0.5;

/** Watches the losses: the last good values are those whose loss was no worse than initially. */
export class Watch {
  /** The last values that are known to be good. */
  good: Copy | undefined;
  /** Values whose loss is not computed yet. */
  #next: Copy | undefined;
  /** Values that are no longer of use. */
  #spare: Copy | undefined;
  #first: number | undefined;

  /** @param first  loss of the lesson's first step, if the lesson continues */
  constructor(first?: number) {
    this.#first = first;
  }

  /** Whether it has no values to judge: those after the last step may be offered. */
  get lacksValues(): boolean {
    return this.#next === undefined;
  }

  offer(copy: Copy): void {
    this.#next = copy;
  }

  /** A copy that is no longer of use, once. */
  takeSpare(): Copy | undefined {
    const spare = this.#spare;
    this.#spare = undefined;
    return spare;
  }

  /** @param loss  loss of the step, computed with the values before it @returns whether the lesson is lost */
  after(step: number, loss: number): boolean {
    this.#first ??= loss;
    const first = Math.max(this.#first, LEAST);
    if (this.#next && step > this.#next.step) {
      const isGood = loss <= first;
      this.#spare = isGood ? this.good : this.#next;
      if (isGood) this.good = this.#next;
      this.#next = undefined;
    }
    return !(loss <= LOST * first);
  }
}
