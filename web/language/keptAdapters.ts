/** The adapters that this browser keeps for the next visit. */
import { effect, signal } from '@preact/signals';
import { reasonOf, say } from '../work.js';
import type { KeptAdapter } from './api.js';
import { ask } from './client.js';
import { adapter } from './state.js';

export const keptAdapters = signal<readonly KeptAdapter[]>([]);

export async function lookForAdapters(): Promise<void> {
  try {
    keptAdapters.value = await ask((lab) => lab.keptAdapters());
  } catch (error) {
    say('error', `What is stored on this device could not be read: ${reasonOf(error)}`);
  }
}

/** Looks again whenever the adapter changes, but not before there is one: the worker is not needed until then. */
export function watchKeptAdapters(): void {
  let last = adapter.peek();
  effect(() => {
    if (adapter.value === last) return;
    last = adapter.value;
    void lookForAdapters();
  });
}

/** @param base  checksum of the adapter's model */
export async function deleteKeptAdapter(base: string): Promise<void> {
  try {
    await ask((lab) => lab.deleteKeptAdapter(base));
    // The one in use is no longer kept, which it says.
    adapter.value = await ask((lab) => lab.adapter());
  } catch (error) {
    say('error', reasonOf(error));
  }
  await lookForAdapters();
}
