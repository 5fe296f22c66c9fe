/** Ctrl-C: the first asks the work to stop, the second ends the process. */
import { Interrupted } from './errors.js';

const NUMBERS = { SIGINT: 2, SIGTERM: 15 } as const;

/** npm and tsx pass a Ctrl-C on that the terminal has already sent to the whole group: one press, two signals. */
const SAME_PRESS_MS = 500;

export interface Interrupts {
  /** Aborted by the first signal, with an {@link Interrupted} as its reason. */
  readonly signal: AbortSignal;
  /** Stops listening, so that the process can end by itself. */
  stop(): void;
}

/**
 * Listens for SIGINT and SIGTERM until stopped.
 * @param tidyUp  called at each signal to restore the terminal
 */
export function listenForInterrupts(tidyUp: () => void): Interrupts {
  const controller = new AbortController();
  let firstAt = 0;
  const listener = (name: NodeJS.Signals) => {
    const exitCode = 128 + (name === 'SIGTERM' ? NUMBERS.SIGTERM : NUMBERS.SIGINT);
    if (!controller.signal.aborted) {
      firstAt = performance.now();
      controller.abort(new Interrupted('interrupted', exitCode));
      tidyUp();
    } else if (performance.now() - firstAt > SAME_PRESS_MS) {
      tidyUp();
      process.exit(exitCode);
    }
  };
  const names = Object.keys(NUMBERS);
  for (const name of names) process.on(name, listener);
  return {
    signal: controller.signal,
    stop() {
      for (const name of names) process.off(name, listener);
    },
  };
}
