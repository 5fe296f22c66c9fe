/** The page's own files: fetched with progress, and checked against the manifest. */
import { DataError } from 'lowrank';
import type { MnistFiles } from 'lowrank/mnist';

interface Entry {
  readonly bytes: number;
  readonly sha256: string;
}

type Manifest = Readonly<Record<string, Entry>>;

const MNIST = ['trainImages', 'trainLabels', 'testImages', 'testLabels'] as const;

export type OnBytes = (done: number, total: number) => void;

async function get(name: string, signal?: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    // Relative to the page, which the worker's own address is not.
    response = await fetch(new URL(name, globalThis.pageUrl), { signal: signal ?? null });
  } catch (error) {
    const why = navigator.onLine === false ? 'you are offline' : 'the connection failed';
    throw new DataError(`${name} cannot be fetched: ${why}`, { cause: error });
  }
  if (!response.ok) throw new DataError(`${name} cannot be fetched: the host answers ${response.status}`);
  return response;
}

async function fetchManifest(): Promise<Manifest> {
  // The page's own build wrote it.
  return (await (await get('manifest.json')).json()) as Manifest;
}

async function fetchChecked(
  name: string,
  entry: Entry | undefined,
  onBytes: (more: number) => void,
  signal?: AbortSignal,
) {
  if (!entry) throw new DataError(`${name} is not in the manifest`);
  const response = await get(name, signal);
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
  await check(name, bytes, entry.sha256);
  return bytes;
}

/** Pages that are not secure have no digests; their length was checked. */
async function check(name: string, bytes: Uint8Array<ArrayBuffer>, sha256: string): Promise<void> {
  if (!globalThis.isSecureContext) return;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (hex !== sha256) throw new DataError(`${name} is damaged: its checksum is not the expected one`);
}

/** @throws DataError saying why a file cannot be had */
export async function fetchBase(): Promise<Uint8Array> {
  const manifest = await fetchManifest();
  return fetchChecked('base.safetensors', manifest['base.safetensors'], () => {});
}

/**
 * @param which  the whole of MNIST, or the first 100 training and test images of each digit
 * @throws DataError saying why a file cannot be had
 */
export async function fetchMnist(which: 'all' | 'quick', onBytes: OnBytes): Promise<MnistFiles> {
  const manifest = await fetchManifest();
  const names = MNIST.map((key) => `${which === 'quick' ? 'quick-' : ''}${key}.bin`);
  const total = names.reduce((sum, name) => sum + (manifest[name]?.bytes ?? 0), 0);
  let done = 0;
  // Where one file fails, the others are not waited for.
  const others = new AbortController();
  const { signal } = others;
  const more = (count: number) => {
    done += count;
    if (!others.signal.aborted) onBytes(done, total);
  };
  const [trainImages, trainLabels, testImages, testLabels] = await Promise.all(
    names.map(async (name) => ({ name, bytes: await fetchChecked(name, manifest[name], more, signal) })),
  ).catch((error: unknown) => {
    others.abort();
    throw error;
  });
  return { trainImages, trainLabels, testImages, testLabels };
}

declare global {
  /** The address of the page, in its worker. */
  var pageUrl: string;
}
