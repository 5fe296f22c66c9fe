/** `lowrank inspect PATH`: finds out what a path holds, and shows it. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from '../../core.js';
import { fileSource } from '../../node/fileSource.js';
import { exists, reasonOf } from '../../node/files.js';
import { parseHubId } from '../../node/hubId.js';
import { tensorsOf } from '../../node/missingFiles.js';
import { type Inspection, inspectFile } from '../inspect.js';
import { modelPath } from '../modelPath.js';
import { SILENT } from '../progress.js';
import { inspectFolder } from './inspectFolder.js';
import { inspectGguf } from './inspectGguf.js';

/**
 * What a GGUF file, a safetensors file, an adapter's directory or a model folder consists of.
 * @param given  its path, or the id of a model that a cache of this machine has
 * @throws DataError for a path that holds none of these, or a file that is not what it claims
 */
export async function inspectPath(given: string): Promise<Inspection> {
  const path = (await exists(given)) ? given : await cachedModel(given);
  const found = await stat(path).catch((error: unknown) => {
    throw new DataError(`${path}: cannot be read: ${reasonOf(error)}`);
  });
  if (found.isDirectory()) {
    const isModel = (await holds(path, MODEL_FILES)) && !(await holds(path, ADAPTER_FILES));
    return isModel ? inspectFolder(path) : inspectFile(await tensorsOf(path));
  }
  const source = await fileSource(path);
  const start = await source.read(0, Math.min(4, source.length));
  return new TextDecoder('latin1').decode(start) === 'GGUF' ? inspectGguf(source, path) : inspectFile(path);
}

/** The place of a model by its id; anything that is not an id is a path. @throws DataError for an id that no cache has */
async function cachedModel(given: string): Promise<string> {
  if (!parseHubId(given)) return given;
  try {
    return await modelPath({ model: given, download: false }, SILENT, new AbortController().signal);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    // Nothing is downloaded to be looked at.
    throw new DataError(error.message.replace(/: --download fetches it from .*$/, ''), { cause: error });
  }
}

const MODEL_FILES = ['config.json', 'model.safetensors', 'model.safetensors.index.json'];
const ADAPTER_FILES = ['adapter_config.json', 'adapter_model.safetensors'];

/** Whether a directory has one of these. */
async function holds(path: string, names: readonly string[]): Promise<boolean> {
  for (const name of names) if (await exists(join(path, name))) return true;
  return false;
}
