/** What this device offers, as far as its browser says. */

interface Told {
  /** Gigabytes, rounded, at most 8: of Chromium. */
  readonly deviceMemory?: number;
  /** Offered by Chromium only. */
  readonly connection?: { readonly saveData?: boolean; readonly type?: string };
}

/** A tab has no more. */
const MOST = 4e9;

/** Bytes of memory that a model may count on; undefined where the browser does not say. */
export function offeredBytes(
  from: Told = (globalThis.navigator as Told | undefined) ?? {},
): number | undefined {
  const { deviceMemory } = from;
  return deviceMemory === undefined ? undefined : Math.min(MOST, deviceMemory * 1e9);
}

/** Whether a download is better not made over this connection. */
export function isMetered(from: Told = navigator as Told): boolean {
  const { connection } = from;
  return connection?.saveData === true || connection?.type === 'cellular';
}
