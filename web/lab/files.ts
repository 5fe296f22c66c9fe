/** The page's own files: fetched with progress, and checked against the sizes and checksums that the build knows. */
import { DataError, type StateDict } from 'lowrank';
import type { MnistFiles } from 'lowrank/mnist';
import { BASE_FILE, handedBase } from './handedBase.js';
import { parseSmall } from './smallBase.js';

interface Entry {
  readonly bytes: number;
  readonly sha256: string;
}

const MNIST = ['trainImages', 'trainLabels', 'testImages', 'testLabels'] as const;

export type OnBytes = (done: number, total: number) => void;

async function get(name: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    // Relative to the page, which the worker's own address is not.
    response = await fetch(new URL(name, globalThis.pageUrl), init);
  } catch (error) {
    const why = navigator.onLine === false ? 'you are offline' : 'the connection failed';
    throw new DataError(`${name} cannot be downloaded: ${why}`, { cause: error });
  }
  if (!response.ok)
    throw new DataError(`${name} cannot be downloaded: the server answered ${response.status}`);
  return response;
}

async function fetchChecked(
  name: string,
  onBytes: (more: number) => void,
  init: RequestInit,
): Promise<Uint8Array<ArrayBuffer>> {
  const entry = entryOf(name);
  const response = await get(name, init);
  const bytes = new Uint8Array(entry.bytes);
  let length = 0;
  const reader = response.body?.getReader();
  for (let part = await reader?.read(); part?.value; part = await reader?.read()) {
    if (length + part.value.length > bytes.length) throw new DataError(`${name} is longer than it should be`);
    bytes.set(part.value, length);
    length += part.value.length;
    onBytes(part.value.length);
  }
  if (length < bytes.length) throw new DataError(`${name} is cut short: ${length} of ${bytes.length} bytes`);
  if (!(await isIntact(bytes, entry)))
    throw new DataError(`${name} is damaged: its checksum is not the expected one`);
  return bytes;
}

function entryOf(name: string): Entry {
  const entry = PAGE_FILES[name];
  if (!entry) throw new DataError(`${name} is not among the files of this page`);
  return entry;
}

/** Checks length and checksum; insecure pages have no digests, so only the length is checked there. */
async function isIntact(bytes: Uint8Array<ArrayBuffer>, entry: Entry): Promise<boolean> {
  if (bytes.length !== entry.bytes) return false;
  if (!globalThis.isSecureContext) return true;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex === entry.sha256;
}

/** @throws DataError saying why it cannot be had */
export async function fetchBase(): Promise<StateDict> {
  const handed = await handedBase();
  const isUsable = handed !== undefined && (await isIntact(handed, entryOf(BASE_FILE)));
  // The file handed over may be an old copy from the browser's cache.
  const bytes = isUsable ? handed : await fetchChecked(BASE_FILE, () => {}, { cache: 'no-cache' });
  return parseSmall(await unzipped(bytes), BASE_FILE);
}

async function unzipped(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/**
 * @param which  the whole of MNIST, or the first 100 training and test images of each digit
 * @throws DataError saying why a file cannot be had
 */
export async function fetchMnist(which: 'all' | 'quick', onBytes: OnBytes): Promise<MnistFiles> {
  const names = MNIST.map((key) => `${which === 'quick' ? 'quick-' : ''}${key}.bin`);
  const total = names.reduce((sum, name) => sum + entryOf(name).bytes, 0);
  let done = 0;
  // If one file fails, the others are not awaited.
  const others = new AbortController();
  const { signal } = others;
  const more = (count: number) => {
    done += count;
    if (!others.signal.aborted) onBytes(done, total);
  };
  const [trainImages, trainLabels, testImages, testLabels] = await Promise.all(
    names.map(async (name) => ({ name, bytes: await fetchChecked(name, more, { signal }) })),
  ).catch((error: unknown) => {
    others.abort();
    throw error;
  });
  return { trainImages, trainLabels, testImages, testLabels };
}

declare global {
  /** Files of the page, put in by the build. */
  const PAGE_FILES: Readonly<Record<string, Entry>>;
  /** Address of the page, set in its worker. */
  var pageUrl: string;
}
