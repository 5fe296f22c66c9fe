/** Storage that survives a reload, in IndexedDB, which may be missing, throw, refuse, or never answer. */
import { createStore, getMany, setMany, update } from 'idb-keyval';
import { inTime } from './inTime.js';
import { type Kept, validated } from './kept.js';

const store = createStore('lowrank', 'page');

type Recalled<K extends keyof Kept> = Partial<Pick<Kept, K>>;

/** Reads kept values; those that are missing or unusable are left out. The promise may never settle. */
export async function read<K extends keyof Kept>(keys: readonly K[]): Promise<Recalled<K>> {
  try {
    const values = await getMany<unknown>([...keys], store);
    return Object.fromEntries(keys.map((key, i) => [key, validated(key, values[i])])) as Recalled<K>;
  } catch {
    return {};
  }
}

/**
 * Like `read`, but gives up after a while with nothing.
 * @param late  called with what is found if that takes longer
 */
export function recall<K extends keyof Kept>(
  keys: readonly K[],
  late: (found: Recalled<K>) => void,
): Promise<Recalled<K>> {
  const found = read(keys);
  return inTime(found).catch(() => {
    void found.then(late);
    return {};
  });
}

/**
 * Keeps all the values or none. This may take as long as the browser likes.
 * @throws Error when the browser does not keep them, for example because it is out of space
 */
export async function keep(values: { readonly [K in keyof Kept]?: Kept[K] | undefined }): Promise<void> {
  await setMany(Object.entries(values), store);
}

/** Computes a new value from the current one, whichever tab wrote it. @returns the new value @throws Error as `keep` does */
export async function change<K extends keyof Kept>(
  key: K,
  by: (now: Kept[K] | undefined) => Kept[K],
): Promise<Kept[K]> {
  let next: Kept[K] | undefined;
  const updated = (now: unknown) => {
    next = by(validated(key, now));
    return next;
  };
  await update<unknown>(key, updated, store);
  if (next === undefined) throw new Error('the browser did not answer');
  return next;
}
