/** A real language model for tests, where there is one: SmolLM2-135M-Instruct as one GGUF file. */
import { existsSync, openSync, readSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ByteSource } from '../../src/files/byteSource.js';

const FILE = 'SmolLM2-135M-Instruct.Q4_1.gguf';

const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');

/** `LOWRANK_MODEL`, or where the command line keeps models. */
export const realModelPath = process.env.LOWRANK_MODEL || join(cache, 'lowrank', FILE);

/** Whether the tests can run; where they cannot, and no model is required, a notice says what is skipped. */
export const hasRealModel = existsSync(realModelPath);

if (!hasRealModel) {
  const message = `the tests on a real model: there is no ${realModelPath} (LOWRANK_MODEL names another place)`;
  if (process.env.LOWRANK_REQUIRE?.includes('model')) throw new Error(`required, but missing: ${message}`);
  console.warn(`left out: ${message}`);
}

/** The model's file, read in parts. */
export function realModel(): ByteSource {
  const file = openSync(realModelPath, 'r');
  return {
    length: statSync(realModelPath).size,
    read: async (offset, length) => {
      const bytes = new Uint8Array(length);
      if (readSync(file, bytes, 0, length, offset) !== length)
        throw new Error(`${realModelPath}: ${length} bytes at ${offset} are not there`);
      return bytes;
    },
  };
}
