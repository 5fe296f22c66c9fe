/** The network and adapter that the page has, kept in the browser together. */
import { computed, signal } from '@preact/signals';
import type { SavedModel } from './lab/views.js';
import { keep } from './storage.js';
import { reasonOf } from './work.js';

export const saved = signal<SavedModel>({});
export const adapter = computed(() => saved.value.adapter?.view);
export const baseTrainedHere = computed(() => saved.value.base !== undefined);

/** Takes another network or adapter, and keeps both: those of two tabs are never mixed. */
export async function setSaved(next: SavedModel): Promise<void> {
  saved.value = next;
  await keepingSafely(() => keep({ base: next.base, adapter: next.adapter }));
}

/** Why the browser does not keep what was done last; undefined while it does. */
export const notKept = signal<string | undefined>(undefined);

export async function keepingSafely(work: () => Promise<void>): Promise<void> {
  try {
    await work();
    notKept.value = undefined;
  } catch (error) {
    const isFull = error instanceof DOMException && error.name === 'QuotaExceededError';
    notKept.value = isFull ? 'it has no space left for this page' : reasonOf(error);
  }
}
