/**
 * Flags in memory shared with the worker, or addresses if no memory can be shared: they tell it what to stop while it computes
 * and receives no messages. They only make stopping faster: each stop is also sent as a message.
 */
import type { StopAddresses } from './stopAddresses.js';

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
  readonly #addresses: StopAddresses | undefined;

  /**
   * @param memory     memory shared with the other side; default: memory of its own
   * @param addresses  what the other side listens to without shared memory
   */
  constructor(memory: Int32Array = new Int32Array(PLACES.length), addresses?: StopAddresses) {
    this.#memory = memory;
    this.#addresses = addresses;
  }

  raise(what: Stoppable): void {
    Atomics.store(this.#memory, PLACES.indexOf(what), 1);
    this.#addresses?.raise(what);
  }

  /** Lowers flags; to be called before work that they may stop. */
  lower(...all: readonly Stoppable[]): void {
    for (const what of all) {
      Atomics.store(this.#memory, PLACES.indexOf(what), 0);
      this.#addresses?.lower(what);
    }
  }

  isRaised(what: Stoppable): boolean {
    return Atomics.load(this.#memory, PLACES.indexOf(what)) === 1;
  }
}
