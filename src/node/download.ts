/** Files from addresses, fetched once. */
import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DataError } from '../base/errors.js';
import { cachePath } from './cache.js';
import { type FetchProgress, fetchFile } from './fetchFile.js';
import { exists, reasonOf } from './files.js';
import { withDirectory } from './inUse.js';

/**
 * The file of an address in the cache, fetched if it is not there. A download that was cut goes on where it ended; its size is
 * compared with what the host says. A process that asks for what another one fetches waits for it.
 * @returns the path
 * @throws DataError when the host does not give the file
 */
export async function download(url: string, { onBytes, signal }: FetchProgress = {}): Promise<string> {
  const path = cachePath(url, new URL(url).pathname);
  if (await exists(path)) return path;
  const alone = { kind: 'download', waitMs: Number.POSITIVE_INFINITY, signal } as const;
  return withDirectory(dirname(path), alone, async () => {
    if (await exists(path)) return path;
    const part = `${path}.part`;
    const request = (headers: Readonly<Record<string, string>>) => ask(url, headers, signal);
    await fetchFile(part, { name: url, request, onBytes, signal });
    await rename(part, path);
    return path;
  });
}

async function ask(
  url: string,
  headers: Readonly<Record<string, string>>,
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
