/** The folder for what can be had again: models from addresses and archives. */
import { createHash } from 'node:crypto';
import { rmdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';

/** `$XDG_CACHE_HOME/lowrank`, by default `~/.cache/lowrank`. */
export function cacheDirectory(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const { XDG_CACHE_HOME: base } = env;
  return join(base || join(homedir(), '.cache'), 'lowrank');
}

/** A place in the cache for a file that is known by `key`, under the name that people know it by. */
export function cachePath(key: string, name: string): string {
  const digest = createHash('sha256').update(key).digest('hex').slice(0, 16);
  return join(cacheDirectory(), digest, basename(name).replace(/[^\w.+-]/g, '_') || 'model');
}

/** Removes a place in the cache in which nothing is. */
export async function removeEmpty(directory: string): Promise<void> {
  await rmdir(directory).catch(() => undefined);
}
