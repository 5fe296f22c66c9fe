/**
 * `main.ts MODEL.gguf`: a base, an adapter and the two merged are written as GGUF files, and native llama.cpp must generate
 * the same tokens from them as lowrank. The adapter is random, and large enough for base and adapter to differ soon.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createWasmBackend } from '../../src/backends/wasm/index.js';
import { Random } from '../../src/base/random.js';
import { generate } from '../../src/generate/generate.js';
import { setActiveAdapters } from '../../src/lora/adapters.js';
import { applyLora } from '../../src/lora/applyLora.js';
import { exportAdapterGguf } from '../../src/models/exportAdapterGguf.js';
import { exportMerged } from '../../src/models/exportMerged.js';
import { loadLanguageModel } from '../../src/models/load.js';
import { readBinary } from '../../src/node/binary.js';
import '../../src/node/paths.js';
import { threads as threadPlatform } from '../../src/node/threads.js';

const TOKENS = 16;
const PROMPT = 'The capital of France is';
const TARGETS = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'];
/** The standard deviation of B. */
const DEVIATION = 0.02;

const [path] = process.argv.slice(2);
if (!path) throw new Error('which model: main.ts MODEL.gguf');
const folder = mkdtempSync(join(tmpdir(), 'lowrank-export-'));
const at = (name: string) => join(folder, name);
const device = await createWasmBackend({ readBinary, build: 'simd', threads: 2, threadPlatform });

async function written(model: Awaited<ReturnType<typeof loadLanguageModel>>): Promise<number[]> {
  const prompt = model.tokenizer.encode(PROMPT);
  const options = { maxTokens: TOKENS, temperature: 0, ignoreEos: true };
  return [...(await generate(model.model, model.tokenizer, prompt, options).result()).ids];
}

function llamaCpp(file: string, adapter: string, ids: Int32Array): number[] {
  const script = new URL('llamaCpp.mjs', import.meta.url).pathname;
  const words = [script, file, adapter, `${TOKENS}`, ...Array.from(ids, String)];
  const output = execFileSync(process.execPath, words, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as number[];
}

try {
  const packed = await loadLanguageModel(device, path);
  await exportMerged(packed.model, at('base.gguf'), { format: 'gguf', dtype: 'F16' });
  packed.model.dispose();
  const loaded = await loadLanguageModel(device, at('base.gguf'));
  const { model, tokenizer } = loaded;
  const prompt = tokenizer.encode(PROMPT);
  const base = await written(loaded);
  const adapter = await applyLora(model, { rank: 8, alpha: 16, targetModules: TARGETS, useRslora: true });
  const random = new Random(1);
  for (const { loraB } of adapter.factors.values())
    loraB.write(Float32Array.from({ length: loraB.length }, () => DEVIATION * random.normal()));
  const adapted = await written(loaded);
  await exportAdapterGguf(model, at('adapter.gguf'));
  await exportMerged(model, at('merged.gguf'), { format: 'gguf', dtype: 'F16' });
  setActiveAdapters(model, []);
  const rows = [
    ['base', base, llamaCpp(at('base.gguf'), '-', prompt)],
    ['base and adapter', adapted, llamaCpp(at('base.gguf'), at('adapter.gguf'), prompt)],
    ['merged', adapted, llamaCpp(at('merged.gguf'), '-', prompt)],
  ] as const;
  for (const [name, own, theirs] of rows) {
    const same = own.findIndex((id, i) => id !== theirs[i]);
    console.log(`${name}: ${same < 0 ? `the same ${TOKENS} tokens` : `other from token ${same} on`}`);
    console.log(`  lowrank    ${JSON.stringify(tokenizer.decode(own))}`);
    console.log(`  llama.cpp  ${JSON.stringify(tokenizer.decode(theirs))}`);
    if (same >= 0) process.exitCode = 1;
  }
  if (base.join() === adapted.join()) throw new Error('the adapter changes nothing: it proves nothing');
} finally {
  device.dispose();
  rmSync(folder, { recursive: true });
}
