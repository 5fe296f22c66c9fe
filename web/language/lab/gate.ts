/** A gate at which a lesson waits while it is paused. */
export class Gate {
  #waiting: { readonly promise: Promise<void>; readonly open: () => void } | undefined;

  close(): void {
    if (this.#waiting) return;
    let open = () => {};
    const promise = new Promise<void>((resolve) => {
      open = resolve;
    });
    this.#waiting = { promise, open };
  }

  open(): void {
    this.#waiting?.open();
    this.#waiting = undefined;
  }

  /** Resolves once it is open or the signal is aborted. */
  async passed(signal: AbortSignal): Promise<void> {
    while (this.#waiting && !signal.aborted) {
      const { promise } = this.#waiting;
      let stopped = () => {};
      const stop = new Promise<void>((resolve) => {
        stopped = resolve;
      });
      signal.addEventListener('abort', stopped, { once: true });
      await Promise.race([promise, stop]);
      signal.removeEventListener('abort', stopped);
    }
  }
}
