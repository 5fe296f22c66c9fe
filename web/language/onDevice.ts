/** What this device keeps for the page, and whether the browser has promised to keep it. */
import { effect, signal } from '@preact/signals';
import { model, outcome, stored } from './state.js';
import type { Room } from './ui/onDeviceWords.js';

/** Undefined where the browser does not tell. */
export const room = signal<Room | undefined>(undefined);

/** Pages that are not secure have none, whatever the types say. */
const manager = (): StorageManager | undefined => navigator.storage;

/** Looks again whenever something was kept or deleted, and asks the browser to keep it once a lesson is finished. */
export function watchRoom(): void {
  effect(() => {
    // What they hold does not matter: a change of them does.
    void [stored.value, model.value];
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
    // It is kept as long as the browser likes, which the page tells.
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
