/** What survives a reload, in IndexedDB, which need not be there: it may throw, refuse, or never answer. */
import { createStore, getMany, setMany, update } from 'idb-keyval';
import { type Kept, validated } from './kept.js';

/** A database that is blocked answers never; the page does not wait for it. */
const PATIENCE_MS = 3000;

const store = createStore('lowrank', 'page');

type Recalled<K extends keyof Kept> = Partial<Pick<Kept, K>>;

/** Undefined where there is nothing that can be used, or the browser keeps nothing for this page. It may never answer. */
export async function read<K extends keyof Kept>(keys: readonly K[]): Promise<Recalled<K>> {
  try {
    const values = await getMany<unknown>([...keys], store);
    return Object.fromEntries(keys.map((key, i) => [key, validated(key, values[i])])) as Recalled<K>;
  } catch {
    return {};
  }
}

/**
 * As `read`, with nothing after a while.
 * @param late  told what is found when that takes longer
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
 * Keeps values, all or none; that may take as long as the browser likes.
 * @throws Error when the browser does not keep them, for example because it is out of space
 */
export async function keep(values: { readonly [K in keyof Kept]?: Kept[K] | undefined }): Promise<void> {
  await setMany(Object.entries(values), store);
}

/** Changes a value by what it is now, whoever wrote it. @returns the new value @throws Error as `keep` does */
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

/** @throws Error when the browser takes longer than a visitor waits; what it does goes on */
export function inTime<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the browser did not answer')), PATIENCE_MS);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
