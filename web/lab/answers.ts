/** When questions are answered: at once, or between two steps of a training, never in the midst of one. */
export class Answers {
  #isStepping = false;
  #waiting: (() => void)[] = [];
  /** On their way from the device. */
  readonly #reading = new Set<Promise<unknown>>();

  /** @param work  computes all before it awaits anything: what it asks may be replaced while the answer is read */
  ask<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        const answer = work();
        this.#reading.add(answer);
        answer.then(resolve, reject).finally(() => this.#reading.delete(answer));
      });
      if (!this.#isStepping) this.give();
    });
  }

  /** Answers what was asked: no step is half done now. */
  give(): void {
    for (const answer of this.#waiting.splice(0)) answer();
  }

  /** Runs a training, which calls `give` between its steps. */
  async while<T>(training: () => Promise<T>): Promise<T> {
    this.#isStepping = true;
    try {
      return await training();
    } finally {
      this.#isStepping = false;
      this.give();
    }
  }

  /** Once none is on its way. */
  async read(): Promise<void> {
    await Promise.allSettled(this.#reading);
  }
}
