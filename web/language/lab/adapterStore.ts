/** Stores for the adapters in use, one for each base: IndexedDB, whose transactions keep an adapter whole, and memory. */
import { createStore, delMany, get, getMany, keys, setMany, type UseStore } from 'idb-keyval';
import { inTime } from '../../inTime.js';
import type { KeptAdapter } from '../api.js';

/** PEFT's files and the page's own, by name. */
export type KeptFiles = ReadonlyMap<string, Blob>;

export interface AdapterStore {
  list(): Promise<readonly KeptAdapter[]>;
  /** @param base  checksum of the model that it was taught on */
  read(base: string): Promise<KeptFiles | undefined>;
  /** Replaces the adapter of the same base. @throws Error if the browser does not keep it */
  write(about: KeptAdapter, files: KeptFiles): Promise<void>;
  delete(base: string): Promise<void>;
}

/** Longest wait for the files of an adapter, some 10 MB. */
const PATIENCE_MS = 10_000;

const ABOUT = 'about ';
const FILES = 'files ';

/** @param name  name of the database */
export function browserAdapters(name = 'lowrank-adapters'): AdapterStore {
  let opened: UseStore | undefined;
  // Opened only when required, since some private windows throw here.
  const store = () => (opened ??= createStore(name, 'adapters'));
  return {
    list: async () => {
      const names = (await inTime(keys<string>(store()))).filter((key) => key.startsWith(ABOUT));
      const found = await inTime(getMany<KeptAdapter | undefined>(names, store()));
      return found.filter((about) => about !== undefined);
    },
    read: async (base) => inTime(get<KeptFiles>(FILES + base, store()), PATIENCE_MS),
    write: async (about, files) => {
      const entries: [string, unknown][] = [
        [ABOUT + about.base, about],
        [FILES + about.base, files],
      ];
      await inTime(setMany(entries, store()), PATIENCE_MS);
    },
    delete: async (base) => inTime(delMany([ABOUT + base, FILES + base], store())),
  };
}

type Kept = readonly [about: KeptAdapter, files: KeptFiles];

/** A store that does not survive the tab. */
export function memoryAdapters(kept = new Map<string, Kept>()): AdapterStore {
  return {
    list: async () => [...kept.values()].map(([about]) => about),
    read: async (base) => kept.get(base)?.[1],
    write: async (about, files) => void kept.set(about.base, [about, files]),
    delete: async (base) => void kept.delete(base),
  };
}
