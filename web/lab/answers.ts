/** Decides when questions are answered: at once, or between two training steps, never during one. */
export class Answers {
  #isStepping = false;
  #waiting: (() => void)[] = [];
  /** Answers that are being read from the device. */
  readonly #reading = new Set<Promise<unknown>>();

  /** @param work  computes everything before it first awaits, since its model may be replaced while the answer is read */
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

  /** Answers open questions; called when no step is half done. */
  give(): void {
    for (const answer of this.#waiting.splice(0)) answer();
  }

  /** Runs training code, which calls `give` between its steps. */
  async while<T>(training: () => Promise<T>): Promise<T> {
    this.#isStepping = true;
    try {
      return await training();
    } finally {
      this.#isStepping = false;
      this.give();
    }
  }

  /** Resolves once no answer is being read. */
  async read(): Promise<void> {
    await Promise.allSettled(this.#reading);
  }
}
