/** The model in other formats, made once by PyPI's gguf and kept in the cache. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDirectory } from '../../src/node/cache.js';
import { PYTHON } from './corpus.js';

const SCRIPT = fileURLToPath(new URL('requantize.py', import.meta.url));

/** @throws Error with a sentence where Python has no gguf */
export function requantized(model: string, format: string): string {
  const folder = join(cacheDirectory(), 'bench');
  // The size distinguishes another model of the same name.
  const path = join(folder, `${basename(model, '.gguf')}.${statSync(model).size}.${format}.gguf`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const made = `${path}.${process.pid}`;
  try {
    execFileSync(PYTHON, ['-c', 'import gguf'], { stdio: 'ignore' });
  } catch {
    throw new Error(
      `${PYTHON} has no gguf to make ${format} with (LOWRANK_PYTHON names another interpreter)`,
    );
  }
  try {
    execFileSync(PYTHON, [SCRIPT, model, made, format], { stdio: ['ignore', 'ignore', 'inherit'] });
    renameSync(made, path);
  } finally {
    rmSync(made, { force: true });
  }
  return path;
}
