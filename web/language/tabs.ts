/**
 * The lock of the tab that has a model: two such tabs would write the same kept lesson and delete each other's stored parts.
 * In a browser without locks, every tab may have a model.
 */
import { signal } from '@preact/signals';

const LOCK = 'lowrank language model';

/** Whether another tab has a model open. */
export const isElsewhere = signal(false);

let release: (() => void) | undefined;
let onTaken: () => void = () => {};

/** Insecure pages have none, whatever the types say. */
const lockManager = (): LockManager | undefined => navigator.locks;

/** Looks for another tab with a model, now and whenever the visitor returns. @param taken  called when another tab takes over */
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
    // If the browser does not say, the next click finds out.
  }
}

/**
 * Takes the lock, on request even from another tab.
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
      // If the browser refuses locks, every tab may have a model.
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
