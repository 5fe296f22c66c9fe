/**
 * Device memory that is owned by JavaScript objects and freed with them. The garbage collector does not see device memory,
 * and reports collected objects only between tasks: so before more memory is taken from the system it is made to run, and
 * the memory of the collected objects is freed immediately.
 */
import type { Backend, Storage } from './backend.js';

/** The memory of an object, kept apart from it so that it can be freed when the object is garbage. */
export interface Holding {
  device: Backend;
  storage: Storage | undefined;
  gradient: Storage | undefined;
  /** Storages that an op's forward computed for its backward. */
  saved: readonly Storage[];
  /** Enclosing memory, which is useless without this one. */
  around: readonly Holding[];
}

/** Frees what is still held; calling it again does nothing. */
export function freeHolding(holding: Holding): void {
  const { device, storage, gradient, saved, around } = holding;
  holding.storage = undefined;
  holding.gradient = undefined;
  holding.saved = [];
  holding.around = [];
  if (storage) device.free(storage);
  if (gradient) device.free(gradient);
  for (const each of saved) device.free(each);
  around.forEach(freeHolding);
}

interface Ownership {
  readonly owner: WeakRef<object>;
  /** Holdings of the owner; they must not refer to it, even indirectly. */
  readonly holdings: readonly Holding[];
}

const ownerships = new Set<Ownership>();
const dropped = new FinalizationRegistry<Ownership>(end);

function end(ownership: Ownership): void {
  ownerships.delete(ownership);
  ownership.holdings.forEach(freeHolding);
}

/** Frees `holdings`, which may grow, once `owner` is garbage. */
export function own(owner: object, holdings: readonly Holding[]): void {
  const ownership = { owner: new WeakRef(owner), holdings };
  ownerships.add(ownership);
  dropped.register(owner, ownership);
}

/**
 * Makes the garbage collector run, and frees the memory of all owners that it collected. Owners made or accessed since the
 * last turn of the event loop are not among them: the language keeps them until then.
 */
export function reclaim(): void {
  collectGarbage();
  for (const ownership of ownerships) if (!ownership.owner.deref()) end(ownership);
}

/** Sizes that cannot be allocated: more than any system has, and the smallest that a browser refuses. */
const UNOBTAINABLE = [2 ** 52, 2 ** 34];

/** Triggers a full collection, which engines run immediately before they give up on an allocation. */
function collectGarbage(): void {
  for (const bytes of UNOBTAINABLE) {
    try {
      new ArrayBuffer(bytes);
    } catch (error) {
      // A length above the engine's limit is refused without an attempt.
      if (error instanceof Error && !error.message.startsWith('Invalid')) return;
    }
  }
}

/** Memory that a device takes without looking for garbage. */
const UNASKED_BYTES = 64 * 2 ** 20;
/** Relative growth after which garbage is looked for again. */
const GROWTH = 1 / 8;

let disposedBytes = 0;

/** Counts memory of a disposed device, which only the garbage collector frees; it does not see memory that threads share. */
export function countDisposed(bytes: number): void {
  disposedBytes += bytes;
}

/** Runs the garbage collector where disposed devices hold much memory; await it before making a device. */
export async function giveBackDisposed(): Promise<void> {
  if (disposedBytes <= UNASKED_BYTES) return;
  disposedBytes = 0;
  await eventLoopTurn();
  reclaim();
}

/** Decides when a device should look for garbage before it takes more memory from the system. */
export class MemoryPressure {
  #asked = UNASKED_BYTES;
  #isHigh = false;

  /** Must be called when the device is about to hold `bytes`. @returns whether garbage was looked for */
  rise(bytes: number): boolean {
    if (bytes <= this.#asked) return false;
    this.#asked = bytes * (1 + GROWTH);
    this.#isHigh = true;
    reclaim();
    return true;
  }

  /** To be called where the device will hold `bytes`, and none of what it holds is garbage. */
  foresee(bytes: number): void {
    this.#asked = Math.max(this.#asked, bytes * (1 + GROWTH));
  }

  /**
   * Gives the event loop a turn where a device has to take more memory: a loop that awaits only results that are
   * already available never gives it one, and then nothing that it dropped becomes garbage.
   */
  async relieve(): Promise<void> {
    if (!this.#isHigh) return;
    this.#isHigh = false;
    await eventLoopTurn();
    reclaim();
  }
}

/** Lets timers, signals and messages be handled; `setTimeout` in a page would wait 4 ms each time. */
export function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port2.onmessage = () => {
      port1.close();
      resolve();
    };
    port1.postMessage(undefined);
  });
}
