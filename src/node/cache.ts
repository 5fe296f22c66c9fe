/** The cache folder, for files that can be fetched again: models from addresses and archives. */
import { createHash } from 'node:crypto';
import { rmdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';

/** `$XDG_CACHE_HOME/lowrank`, by default `~/.cache/lowrank`. */
export function cacheDirectory(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const { XDG_CACHE_HOME: base } = env;
  return join(base || join(homedir(), '.cache'), 'lowrank');
}

/** The path in the cache of a file with this key, under its usual name. */
export function cachePath(key: string, name: string): string {
  const digest = createHash('sha256').update(key).digest('hex').slice(0, 16);
  return join(cacheDirectory(), digest, basename(name).replace(/[^\w.+-]/g, '_') || 'model');
}

/** Removes an empty folder of the cache. */
export async function removeEmpty(directory: string): Promise<void> {
  await rmdir(directory).catch(() => undefined);
}
