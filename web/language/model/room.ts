/** What this device offers, according to its browser. */

interface Told {
  /** Gigabytes of memory, rounded, at most 8; only in Chromium. */
  readonly deviceMemory?: number;
  /** Only in Chromium. */
  readonly userAgentData?: { readonly mobile?: boolean };
  readonly userAgent?: string;
  readonly maxTouchPoints?: number;
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

/** Gigabytes of memory up to which a device is small. */
const LITTLE = 4;

/** Whether memory should be spared: a phone or tablet, whose browser ends large tabs, or a device with little memory. */
export function isSmallDevice(from: Told = navigator as Told): boolean {
  const { deviceMemory, userAgentData, userAgent = '', maxTouchPoints = 0 } = from;
  if (deviceMemory !== undefined && deviceMemory <= LITTLE) return true;
  // An iPad calls itself a Mac, but no Mac has a touch screen.
  const isTouchMac = userAgent.includes('Macintosh') && maxTouchPoints > 1;
  return userAgentData?.mobile ?? (isTouchMac || /\b(Android|iPhone|iPad|iPod|Mobile)\b/.test(userAgent));
}

/** Whether to advise against a download over this connection. */
export function isMetered(from: Told = navigator as Told): boolean {
  const { connection } = from;
  return connection?.saveData === true || connection?.type === 'cellular';
}
