/**
 * Flags in memory shared with the worker: they tell it what to stop while it computes and receives no messages. They only make
 * stopping faster: each stop is also sent as a message, which has to be enough if no memory can be shared.
 */

const PLACES = ['teaching', 'measuring', 'asking', 'estimate'] as const;
export type Stoppable = (typeof PLACES)[number];

/** @returns undefined if the page is not isolated */
export function sharedMemory(): Int32Array<SharedArrayBuffer> | undefined {
  if (!globalThis.crossOriginIsolated) return undefined;
  return new Int32Array(new SharedArrayBuffer(PLACES.length * Int32Array.BYTES_PER_ELEMENT));
}

/** Only the page raises and lowers the flags. */
export class StopFlags {
  readonly #memory: Int32Array;

  /** @param memory  memory shared with the other side; default: memory of its own */
  constructor(memory: Int32Array = new Int32Array(PLACES.length)) {
    this.#memory = memory;
  }

  raise(what: Stoppable): void {
    Atomics.store(this.#memory, PLACES.indexOf(what), 1);
  }

  /** Lowers flags; to be called before work that they may stop. */
  lower(...all: readonly Stoppable[]): void {
    for (const what of all) Atomics.store(this.#memory, PLACES.indexOf(what), 0);
  }

  isRaised(what: Stoppable): boolean {
    return Atomics.load(this.#memory, PLACES.indexOf(what)) === 1;
  }
}
