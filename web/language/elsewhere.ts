/** Hands the model over to another tab, or takes it over from one. */
import type { AdapterInfo } from './api.js';
import { ask, stopLab } from './client.js';
import { closeModel, openShipped } from './loadModel.js';
import { adapter, isTeaching, stored } from './state.js';
import { holdModel, watchTabs } from './tabs.js';
import { loadLater } from './taking.js';

/** Time for an adapter to come out of the worker before that is stopped. */
const PATIENCE_MS = 1000;
const TAKEN = 'The model is open in another tab now';

export function watchOtherTabs(): void {
  watchTabs(() => void giveUp());
}

/** Stops the worker. The adapter is kept in this tab for when the model comes back to it. */
async function giveUp(): Promise<void> {
  // A lesson is stopped at once: it is kept, and the other tab continues it.
  const files = isTeaching.value ? undefined : await rescued(adapter.value);
  stopLab(new Error(TAKEN));
  closeModel();
  if (files) loadLater(files);
}

async function rescued(info: AdapterInfo | undefined): Promise<Map<string, Uint8Array> | undefined> {
  if (!info) return undefined;
  const late = new Promise<undefined>((resolve) => setTimeout(resolve, PATIENCE_MS));
  return Promise.race([ask((lab) => lab.adapterFiles()), late]).catch(() => undefined);
}

/** Takes the model over from another tab, and opens it if all of it is on this device. */
export async function useItHere(): Promise<void> {
  await holdModel('steal');
  const { bytes = 0, total = 0 } = stored.value ?? {};
  if (total > 0 && bytes === total) await openShipped();
}
