/** The page's own language model, cut into parts that every static host accepts, and its facts for the page. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { bytesSource } from '../../src/index.js';
import { factsOfPlace } from '../language/model/facts.js';
import { type ModelManifest, partName } from '../language/model/manifest.js';

const FILE = 'SmolLM2-135M-Instruct.Q4_1.gguf';
/** Facts of SmolLM2, whose file has this checksum. To build a page with another model, look up its licence. */
const SMOLLM2_IS = { license: 'Apache-2.0', repository: 'HuggingFaceTB/SmolLM2-135M-Instruct' };
const SMOLLM2 = 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53';
const PART_BYTES = 16 * 2 ** 20;

const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');

/** Path of the model, which tests use too. */
export const modelPath = process.env.LOWRANK_MODEL || join(cache, 'lowrank', FILE);

/**
 * @param folder  receives `part-00.bin` and so on; its earlier contents are deleted
 * @returns undefined where there is no model
 */
export async function writeModelParts(
  folder: URL,
  { path = modelPath, partBytes = PART_BYTES } = {},
): Promise<ModelManifest | undefined> {
  await rm(folder, { recursive: true, force: true });
  if (!existsSync(path)) return undefined;
  const file = await readFile(path);
  const facts = await factsOfPlace(bytesSource(file, path), nameOf(path));
  await mkdir(folder, { recursive: true });
  const parts: { bytes: number; sha256: string }[] = [];
  for (let begin = 0; begin < file.length; begin += partBytes) {
    const part = file.subarray(begin, begin + partBytes);
    await writeFile(new URL(`${partName(parts.length)}.bin`, folder), part);
    parts.push({ bytes: part.length, sha256: sha256(part) });
  }
  const whole = sha256(file);
  const known = whole === SMOLLM2 ? SMOLLM2_IS : { license: 'see where it comes from' };
  return { ...facts, ...known, sha256: whole, parts };
}

/** `SmolLM2-135M-Instruct` */
function nameOf(path: string): string {
  return basename(path, '.gguf').replace(/\.(Q\d\w*|BF16|F16|F32)$/i, '');
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
