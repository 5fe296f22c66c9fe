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

export class StopFlags {
  readonly #memory: Int32Array | undefined;

  constructor(memory: Int32Array | undefined) {
    this.#memory = memory;
  }

  raise(what: Stoppable): void {
    if (this.#memory) Atomics.store(this.#memory, PLACES.indexOf(what), 1);
  }

  /** Before what may be stopped by it is asked for: the page alone raises and lowers them. */
  lower(...all: readonly Stoppable[]): void {
    for (const what of all) if (this.#memory) Atomics.store(this.#memory, PLACES.indexOf(what), 0);
  }

  isRaised(what: Stoppable): boolean {
    return this.#memory !== undefined && Atomics.load(this.#memory, PLACES.indexOf(what)) === 1;
  }
}
