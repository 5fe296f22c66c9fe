/**
 * Stops for a worker that shares no memory with its page, and receives no messages while it computes: the page makes an address
 * for each thing that may be stopped, and takes it back to stop it. The worker tries now and then whether it can still read it.
 */
import type { Stoppable } from './stopFlags.js';

/** The page's side. */
export class StopAddresses {
  readonly #told: (what: Stoppable, address: string) => void;
  readonly #open = new Map<Stoppable, string>();

  /** @param told  tells the worker an address, before the work that it may stop */
  constructor(told: (what: Stoppable, address: string) => void) {
    this.#told = told;
  }

  raise(what: Stoppable): void {
    const address = this.#open.get(what);
    if (address !== undefined) URL.revokeObjectURL(address);
    this.#open.delete(what);
  }

  /** Must also be called if it is lowered already, since the worker may be a new one. */
  lower(what: Stoppable): void {
    const address = this.#open.get(what) ?? URL.createObjectURL(new Blob(['-']));
    this.#open.set(what, address);
    this.#told(what, address);
  }
}

/** Minimum time between two attempts to read an address: one takes about 2 ms, so they cost a lesson 1 % of its time. */
const LOOK_MS = 150;

/** The worker's side. */
export class HeardAddresses {
  readonly #heard = new Map<Stoppable, string>();
  /** Times of the last attempts, separately: what is asked first must not hide the rest. */
  readonly #looked = new Map<Stoppable, number>();

  hear(what: Stoppable, address: string): void {
    // A browser in which it cannot be read now would seem to stop everything.
    if (canBeRead(address)) this.#heard.set(what, address);
    else this.#heard.delete(what);
  }

  isRaised(what: Stoppable): boolean {
    const address = this.#heard.get(what);
    const now = performance.now();
    if (address === undefined || now - (this.#looked.get(what) ?? 0) < LOOK_MS) return false;
    this.#looked.set(what, now);
    // One failure may have another reason.
    if (canBeRead(address) || canBeRead(address)) return false;
    this.#heard.delete(what);
    return true;
  }
}

/** The only request that a worker can wait for without giving up its turn. */
function canBeRead(address: string): boolean {
  try {
    const request = new XMLHttpRequest();
    request.open('GET', address, false);
    request.send();
    return request.status === 200;
  } catch {
    return false;
  }
}
