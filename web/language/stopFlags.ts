/**
 * Numbers in memory that the page shares with its worker: by them it says what is to stop while the worker computes, and hears no
 * message. They only hurry: what is stopped by them is stopped by a message as well, which is all there is where no memory can
 * be shared.
 */

const PLACES = ['teaching', 'measuring', 'asking', 'estimate'] as const;
export type Stoppable = (typeof PLACES)[number];

/** @returns undefined where the page is not isolated */
export function sharedMemory(): Int32Array<SharedArrayBuffer> | undefined {
  if (!globalThis.crossOriginIsolated) return undefined;
  return new Int32Array(new SharedArrayBuffer(PLACES.length * Int32Array.BYTES_PER_ELEMENT));
}

/** The page alone raises and lowers them. */
export class StopFlags {
  readonly #memory: Int32Array;

  /** @param memory  shared with the other side; default: nobody else's */
  constructor(memory: Int32Array = new Int32Array(PLACES.length)) {
    this.#memory = memory;
  }

  raise(what: Stoppable): void {
    Atomics.store(this.#memory, PLACES.indexOf(what), 1);
  }

  /** Before what may be stopped by them is asked for. */
  lower(...all: readonly Stoppable[]): void {
    for (const what of all) Atomics.store(this.#memory, PLACES.indexOf(what), 0);
  }

  isRaised(what: Stoppable): boolean {
    return Atomics.load(this.#memory, PLACES.indexOf(what)) === 1;
  }
}
