/** Files from addresses, fetched once. */
import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { cachePath } from './cache.js';
import { type FetchProgress, fetchFile } from './fetchFile.js';
import { exists } from './files.js';
import { withDirectory } from './inUse.js';
import { request } from './request.js';

/**
 * The file of an address in the cache, fetched if it is missing. An interrupted download resumes where it ended; its size is
 * compared with the one that the host states. A process that requests a file that another one is fetching waits for it.
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
    await fetchFile(part, {
      ...{ name: url, onBytes, signal },
      request: (headers) => request(url, `${url}: cannot be fetched`, { headers, signal }),
    });
    await rename(part, path);
    return path;
  });
}
