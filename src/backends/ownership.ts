/**
 * Device memory that belongs to objects of JavaScript, and goes back when they do. The garbage collector does not see
 * device memory, and tells of what it found only between tasks: so before more memory is taken from the system it is
 * made to run, and what it found is freed there and then.
 */
import type { Backend, Storage } from './backend.js';

/** The memory of an object, kept apart from it so that it can be freed when the object is garbage. */
export interface Holding {
  device: Backend;
  storage: Storage | undefined;
  gradient: Storage | undefined;
  /** What an op's forward computed for its backward. */
  saved: readonly Storage[];
  /** Memory of others around this one, which is of no use without it. */
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
  /** Refers to nothing that refers to the owner. */
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
 * Has the garbage collector run, and frees the memory of all owners that it found. Those made or looked at since the
 * event loop last had a turn are not among them: the language keeps them until then.
 */
export function reclaim(): void {
  collectGarbage();
  for (const ownership of ownerships) if (!ownership.owner.deref()) end(ownership);
}

/** More than any system has, and the least that a browser refuses. */
const UNOBTAINABLE = [2 ** 52, 2 ** 34];

/** Engines collect at once, and all, before they give up on an allocation. */
function collectGarbage(): void {
  for (const bytes of UNOBTAINABLE) {
    try {
      new ArrayBuffer(bytes);
    } catch (error) {
      // What is longer than the engine allows at all is refused without a try.
      if (error instanceof Error && !error.message.startsWith('Invalid')) return;
    }
  }
}

/** Below this much a device takes memory without asking. */
const UNASKED_BYTES = 64 * 2 ** 20;
/** Asked again when there is more by this share. */
const GROWTH = 1 / 8;

let disposedBytes = 0;

/** Counts memory of a disposed device, which only the garbage collector gives back; it sees none that threads share. */
export function countDisposed(bytes: number): void {
  disposedBytes += bytes;
}

/** To be awaited before a device is made: has the garbage collector run where disposed ones hold much. */
export async function giveBackDisposed(): Promise<void> {
  if (disposedBytes <= UNASKED_BYTES) return;
  disposedBytes = 0;
  await eventLoopTurn();
  reclaim();
}

/** When a device should look for memory that is garbage, before it takes more of the system's. */
export class MemoryPressure {
  #asked = UNASKED_BYTES;
  #isHigh = false;

  /** To be called when the device is about to hold `bytes`. Whether garbage was looked for. */
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
   * Where a device has to take more memory, gives the event loop a turn: a loop that awaits nothing but results that are
   * there already never gives it one, and then nothing that it dropped is garbage.
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
