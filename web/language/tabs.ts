/**
 * The lock of the tab that has a model: two of them would write the same kept lesson, and delete stored parts under each other.
 * Where the browser has no locks, nothing is held back.
 */
import { signal } from '@preact/signals';

const LOCK = 'lowrank language model';

/** Another tab has a model open. */
export const isElsewhere = signal(false);

let release: (() => void) | undefined;
let onTaken: () => void = () => {};

/** Pages that are not secure have none, whatever the types say. */
const lockManager = (): LockManager | undefined => navigator.locks;

/** Looks for another tab with a model, now and whenever a person comes back. @param taken  told when another tab takes over */
export function watchTabs(taken: () => void): void {
  onTaken = taken;
  const look = () => {
    void lookForOthers();
  };
  look();
  document.addEventListener('visibilitychange', look);
}

async function lookForOthers(): Promise<void> {
  if (release) return;
  try {
    const { held = [] } = (await lockManager()?.query()) ?? {};
    if (!release) isElsewhere.value = held.some(({ name }) => name === LOCK);
  } catch {
    // Where it is not told, a click tells.
  }
}

/**
 * Takes the lock, from another tab where that is wanted.
 * @returns whether this tab may have a model now
 */
export function holdModel(how: 'ask' | 'steal' = 'ask'): Promise<boolean> {
  const locks = lockManager();
  if (!locks || release) return Promise.resolve(true);
  return new Promise((resolve) => {
    let isHeld = false;
    const granted = (lock: Lock | null) => {
      isElsewhere.value = lock === null;
      isHeld = lock !== null;
      resolve(isHeld);
      if (!isHeld) return undefined;
      return new Promise<void>((free) => {
        release = free;
      });
    };
    locks.request(LOCK, how === 'steal' ? { steal: true } : { ifAvailable: true }, granted).catch(() => {
      // A browser that refuses locks holds nothing back.
      if (!isHeld) return resolve(true);
      release = undefined;
      isElsewhere.value = true;
      onTaken();
    });
  });
}

/** Lets another tab have a model. */
export function releaseModel(): void {
  release?.();
  release = undefined;
}
