/** One part of the model from the host: what arrived before a break is kept, and only the rest is asked for. */
import { DataError } from 'lowrank';
import type { PartEntry } from './manifest.js';

/** A part on its way. */
export interface PartialPart {
  readonly bytes: Uint8Array<ArrayBuffer>;
  length: number;
}

/** What arrived is not what it should be. */
export class DamagedError extends Error {
  override name = 'DamagedError';
}

/** The host answers, but not with the part; later it may. */
export class RefusedError extends Error {
  override name = 'RefusedError';
}

export interface ReceiveOptions {
  readonly fetch: typeof globalThis.fetch;
  readonly signal: AbortSignal;
  /** What errors call it. */
  readonly name: string;
  readonly onBytes: () => void;
}

/** @throws DataError where the host does not have it, DamagedError, RefusedError, or whatever broke the connection */
export async function receive(url: string, part: PartialPart, options: ReceiveOptions): Promise<void> {
  const { signal, name, onBytes } = options;
  // It is kept once, by the page: not by the browser's own cache too.
  const init: RequestInit = { signal, cache: 'no-store' };
  if (part.length > 0) init.headers = { Range: `bytes=${part.length}-` };
  const response = await options.fetch(url, init);
  await refuse(response, name);
  const isRest = response.headers.get('Content-Range')?.startsWith(`bytes ${part.length}-`);
  if (response.status !== 206 || !isRest) part.length = 0;
  if (response.status === 206 && !isRest)
    throw new RefusedError(`The server sent the wrong piece of ${name}.`);
  const reader = response.body?.getReader();
  for (let piece = await reader?.read(); piece?.value; piece = await reader?.read()) {
    if (part.length + piece.value.length > part.bytes.length) {
      await reader?.cancel();
      throw new DamagedError(`${name} is too long`);
    }
    part.bytes.set(piece.value, part.length);
    part.length += piece.value.length;
    onBytes();
  }
  if (part.length < part.bytes.length) throw new DamagedError(`${name} is too short`);
}

async function refuse(response: Response, name: string): Promise<void> {
  const { status } = response;
  if (status === 200 || status === 206) return;
  await response.body?.cancel();
  if (status >= 400 && status < 500 && status !== 408 && status !== 416 && status !== 429)
    throw new DataError(
      `The server did not send ${name} of the model (it answered ${status}). Reload the page.`,
    );
  throw new RefusedError(`The server answered ${status} for ${name} of the model. Try again later.`);
}

/** Pages that are not secure have no digests: there the length has to do. */
export async function isIntact(bytes: Uint8Array<ArrayBuffer>, entry: PartEntry): Promise<boolean> {
  if (bytes.length !== entry.bytes) return false;
  if (!globalThis.crypto?.subtle) return true;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('') === entry.sha256;
}
