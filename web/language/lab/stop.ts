/** Ends work of the lab: by a call, or by a flag of the page, which works even during a computation. */
import { polledSignal } from 'lowrank';

export class Stop {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();

  /** @param isRaised  whether the page asks it to stop */
  constructor(isRaised: () => boolean) {
    this.signal = polledSignal(isRaised, this.#controller.signal);
  }

  now(reason?: Error): void {
    this.#controller.abort(reason);
  }
}
