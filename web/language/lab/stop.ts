/** What ends work of the lab: a call, or a flag of the page, which is seen in the middle of a computation. */
import { polledSignal } from 'lowrank';

export class Stop {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();

  /** @param isRaised  whether the page wants it to stop */
  constructor(isRaised: () => boolean) {
    this.signal = polledSignal(isRaised, this.#controller.signal);
  }

  now(reason?: Error): void {
    this.#controller.abort(reason);
  }
}
