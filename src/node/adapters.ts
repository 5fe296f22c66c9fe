/** A directory with an adapter's files. */
import { join } from 'node:path';
import { ensureWritableDirectory, readFileBytes, writeFileAtomic } from './files.js';

/** Writes files into a directory, each whole or not at all. @throws DataError naming what cannot be written */
export async function writeDirectory(path: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  await ensureWritableDirectory(path);
  for (const [name, bytes] of files) await writeFileAtomic(join(path, name), bytes);
}

/** An adapter's two files by name. @throws DataError naming what cannot be read */
export async function readAdapterDirectory(path: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const name of ['adapter_config.json', 'adapter_model.safetensors']) {
    files.set(name, await readFileBytes(join(path, name)));
  }
  return files;
}
