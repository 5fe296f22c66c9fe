/** What survives a reload, in IndexedDB. */
import { createStore, del, get, set } from 'idb-keyval';
import type { Example } from './lab/teaching.js';
import type { AdapterFiles, AdapterView } from './lab/views.js';
import type { Source, settings } from './teachSettings.js';

export interface Kept {
  drawings: readonly Example[];
  adapter: { readonly files: AdapterFiles; readonly view: AdapterView };
  /** A base that was trained here. */
  base: Uint8Array;
  settings: {
    readonly source: Source;
    readonly digits: readonly number[];
    readonly settings: (typeof settings)['value'];
  };
}

const store = createStore('lowrank', 'page');

/** Undefined where there is nothing, or the browser keeps nothing for this page. */
export async function recall<K extends keyof Kept>(key: K): Promise<Kept[K] | undefined> {
  return get<Kept[K]>(key, store).catch(() => undefined);
}

/** @throws Error when the browser does not keep it, such as for want of space */
export async function keep<K extends keyof Kept>(key: K, value: Kept[K] | undefined): Promise<void> {
  await (value === undefined ? del(key, store) : set(key, value, store));
}
