/** The storage of this device for the page, and whether the browser has promised to keep it. */
import { effect, signal } from '@preact/signals';
import { keptAdapters } from './keptAdapters.js';
import { model, outcome, stored } from './state.js';
import type { Room } from './ui/onDeviceWords.js';

/** Undefined if the browser does not say. */
export const room = signal<Room | undefined>(undefined);

/** Insecure pages have none, whatever the types say. */
const manager = (): StorageManager | undefined => navigator.storage;

/** Updates the figures whenever something is kept or deleted, and asks the browser to keep it once a lesson is finished. */
export function watchRoom(): void {
  effect(() => {
    // Their values do not matter, only that they change.
    void [stored.value, model.value, keptAdapters.value];
    void look();
  });
  const stop = effect(() => {
    if (outcome.value?.end !== 'finished') return;
    void askToKeep();
    queueMicrotask(() => stop());
  });
}

async function askToKeep(): Promise<void> {
  try {
    await manager()?.persist?.();
  } catch {
    // The browser may then delete it, which the page says.
  }
  await look();
}

async function look(): Promise<void> {
  try {
    const { usage, quota } = (await manager()?.estimate?.()) ?? {};
    if (usage === undefined || quota === undefined) return;
    const isKept = (await manager()?.persisted?.()) ?? false;
    room.value = { used: usage, offered: quota, isKept };
  } catch {
    room.value = undefined;
  }
}
