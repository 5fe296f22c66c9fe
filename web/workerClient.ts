/** The page's side of a worker that computes; a crashed worker can be replaced. */
import { type ProxyMarked, proxy, type Remote, wrap } from 'comlink';

export class WorkerClient<Lab> {
  #worker: Worker | undefined;
  #lab: Remote<Lab> | undefined;
  /** Why the worker does not run. */
  #stopped = new Error('the part of this page that computes was not started');
  #onCrash: (reason: string) => void = () => {};
  readonly #waiting = new Set<(reason: Error) => void>();

  /** Takes a new worker, in place of a running one. @param told  called when it crashes */
  start(started: Worker, told: (reason: string) => void): void {
    this.#worker?.terminate();
    this.#rejectAll(new Error('the part of this page that computes was started again'));
    this.#onCrash = told;
    this.#worker = started;
    this.#lab = wrap<Lab>(started);
    // A worker whose code does not arrive gives no reason.
    started.addEventListener('error', (event) =>
      this.#crashed(started, event.message || 'its code could not be loaded'),
    );
    started.addEventListener('messageerror', () => this.#crashed(started, 'a message to it was damaged'));
  }

  /** Ends the worker. @param reason  the error for questions that are still open */
  stop(reason: Error): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#lab = undefined;
    this.#stopped = reason;
    this.#rejectAll(reason);
  }

  #crashed(which: Worker, reason: string): void {
    if (which !== this.#worker) return;
    which.terminate();
    this.#worker = undefined;
    this.#lab = undefined;
    this.#stopped = new Error(`the part of this page that computes has stopped: ${reason}`);
    this.#rejectAll(this.#stopped);
    this.#onCrash(this.#stopped.message);
  }

  #rejectAll(reason: Error): void {
    for (const reject of this.#waiting) reject(reason);
  }

  /** Asks the lab. @throws Error when the worker crashes before it has answered, or does not run */
  ask<T>(question: (lab: Remote<Lab>) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!this.#lab) {
        reject(this.#stopped);
        return;
      }
      this.#waiting.add(reject);
      question(this.#lab)
        .then(resolve, reject)
        .finally(() => this.#waiting.delete(reject));
    });
  }

  /**
   * Like `ask`, for work that reports while it runs. Reports have their own channel: one that arrives after the answer is
   * dropped, so that it cannot replace what the page shows by then.
   */
  async askReporting<Report extends readonly unknown[], T>(
    question: (lab: Remote<Lab>, report: ((...report: Report) => void) & ProxyMarked) => Promise<T>,
    told: (...report: Report) => void,
  ): Promise<T> {
    let isRunning = true;
    const report = proxy((...args: Report) => {
      if (isRunning) told(...args);
    });
    try {
      return await this.ask((lab) => question(lab, report));
    } finally {
      isRunning = false;
    }
  }
}
