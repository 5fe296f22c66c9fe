/** What this device offers, according to its browser. */

interface Told {
  /** Gigabytes of memory, rounded, at most 8; only in Chromium. */
  readonly deviceMemory?: number;
  /** Only in Chromium. */
  readonly connection?: { readonly saveData?: boolean; readonly type?: string };
}

/** Largest memory of a tab, in bytes. */
const MOST = 4e9;

/** Bytes of memory that a model can expect; undefined if the browser does not say. */
export function offeredBytes(
  from: Told = (globalThis.navigator as Told | undefined) ?? {},
): number | undefined {
  const { deviceMemory } = from;
  return deviceMemory === undefined ? undefined : Math.min(MOST, deviceMemory * 1e9);
}

/** Whether to advise against a download over this connection. */
export function isMetered(from: Told = navigator as Told): boolean {
  const { connection } = from;
  return connection?.saveData === true || connection?.type === 'cellular';
}
