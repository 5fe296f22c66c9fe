/** Files from addresses, fetched once. */
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DataError } from '../base/errors.js';
import { cachePath, removeEmpty } from './cache.js';
import { ensureWritableDirectory, exists, reasonOf, writeFileAtomic } from './files.js';

export interface DownloadOptions {
  /** Called with the bytes that are there, and all. */
  readonly onBytes?: ((done: number, total: number) => void) | undefined;
  /** Ends it; what was fetched stays for the next time. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The file of an address in the cache, fetched if it is not there. A download that was cut goes on where it ended; its size is
 * compared with what the host says.
 * @returns the path
 * @throws DataError when the host does not give the file
 */
export async function download(url: string, options: DownloadOptions = {}): Promise<string> {
  const path = cachePath(url, new URL(url).pathname);
  if (await exists(path)) return path;
  await ensureWritableDirectory(dirname(path));
  const part = `${path}.part`;
  try {
    await fetchTo(part, url, options);
  } catch (error) {
    await removeEmpty(dirname(path));
    throw error;
  }
  await rename(part, path);
  return path;
}

/** What the host said of a file when its fetching began. */
interface Version {
  readonly etag: string;
  readonly total: number;
}

async function fetchTo(part: string, url: string, { onBytes, signal }: DownloadOptions): Promise<void> {
  const { response, from, total } = await ask(part, url, signal);
  const file = await open(part, from === 0 ? 'w' : 'a');
  let [done, size] = [from, 0];
  try {
    onBytes?.(done, total);
    for await (const bytes of response.body ?? []) {
      // `write` may write less than it was given.
      await file.writeFile(bytes as Uint8Array);
      done += (bytes as Uint8Array).length;
      if (done > total) break;
      onBytes?.(done, total);
    }
    await file.sync();
    size = (await file.stat()).size;
  } catch (error) {
    signal?.throwIfAborted();
    throw new DataError(`${url}: cannot be fetched: ${reasonOf(error)}; the next try goes on from here`);
  } finally {
    await file.close();
  }
  if (done < total)
    throw new DataError(`${url}: ended after ${done} of ${total} bytes; the next try goes on from here`);
  await rm(versionFile(part), { force: true });
  if (done === total && size === total) return;
  await rm(part, { force: true });
  if (done > total) throw new DataError(`${url}: the host gave more than the ${total} bytes that it said`);
  throw new DataError(`${url}: another process fetched it at the same time: try again`);
}

/** @returns the answer, and where in the file its bytes begin */
async function ask(
  part: string,
  url: string,
  signal?: AbortSignal,
): Promise<{ readonly response: Response; readonly from: number; readonly total: number }> {
  const begun = await begunBefore(part);
  if (begun) {
    const { from, etag, total } = begun;
    // A file that is another one by now comes as a whole.
    const response = await request(url, { Range: `bytes=${from}-${total - 1}`, 'If-Range': etag }, signal);
    const range = response.headers.get('content-range');
    if (response.status === 206 && range === `bytes ${from}-${total - 1}/${total}`)
      return { response, from, total };
    await response.body?.cancel();
  }
  const response = await request(url, {}, signal);
  const total = Number(response.headers.get('content-length') ?? Number.NaN);
  if (response.status !== 200 || !Number.isSafeInteger(total) || response.headers.has('content-encoding')) {
    await response.body?.cancel();
    const why = response.status === 200 ? 'does not say how many bytes it has' : `answers ${response.status}`;
    throw new DataError(`${url}: cannot be fetched: the host ${why}`);
  }
  const etag = response.headers.get('etag') ?? '';
  await writeFileAtomic(versionFile(part), new TextEncoder().encode(JSON.stringify({ etag, total })));
  return { response, from: 0, total };
}

const versionFile = (part: string) => `${part}.json`;

/** Where an earlier fetching ended; undefined where that is not known, or the host names no version that could be compared. */
async function begunBefore(part: string): Promise<(Version & { readonly from: number }) | undefined> {
  try {
    const { etag, total } = JSON.parse(await readFile(versionFile(part), 'utf8')) as Partial<Version>;
    const { size: from } = await stat(part);
    const isStrong = typeof etag === 'string' && etag.startsWith('"');
    return isStrong && typeof total === 'number' && from > 0 && from < total
      ? { etag, total, from }
      : undefined;
  } catch {
    return undefined;
  }
}

async function request(
  url: string,
  headers: Record<string, string>,
  signal?: AbortSignal,
): Promise<Response> {
  try {
    return await fetch(url, {
      headers: { ...headers, 'Accept-Encoding': 'identity' },
      signal: signal ?? null,
    });
  } catch (error) {
    signal?.throwIfAborted();
    const { cause } = error as { readonly cause?: unknown };
    throw new DataError(`${url}: cannot be fetched: ${reasonOf(cause ?? error)}`, { cause: error });
  }
}
