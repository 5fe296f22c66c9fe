/** Receives one part of the model from the server: bytes from before an interruption are kept, and only the rest is requested. */
import { DataError } from 'lowrank';
import type { PartEntry } from './manifest.js';

/** A part that is being received. */
export interface PartialPart {
  readonly bytes: Uint8Array<ArrayBuffer>;
  length: number;
}

/** The received bytes are not the expected ones. */
export class DamagedError extends Error {
  override name = 'DamagedError';
}

/** The server answered without the part; it may send it later. */
export class RefusedError extends Error {
  override name = 'RefusedError';
}

export interface ReceiveOptions {
  readonly fetch: typeof globalThis.fetch;
  readonly signal: AbortSignal;
  /** Name of the part in errors. */
  readonly name: string;
  readonly onBytes: () => void;
}

/** @throws DataError if the server does not have it, DamagedError, RefusedError, or the error of the connection */
export async function receive(url: string, part: PartialPart, options: ReceiveOptions): Promise<void> {
  const { signal, name, onBytes } = options;
  // The page keeps it; the browser's own cache should not keep it a second time.
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

/** Checks length and checksum; insecure pages have no digests, so only the length is checked there. */
export async function isIntact(bytes: Uint8Array<ArrayBuffer>, entry: PartEntry): Promise<boolean> {
  if (bytes.length !== entry.bytes) return false;
  if (!globalThis.crypto?.subtle) return true;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('') === entry.sha256;
}
