/** One measurement of lowrank in a process of its own: `lowrank.ts MODEL WEIGHTS PROMPT-TOKENS TOKENS`; prints JSON. */
import { createWasmBackend } from '../../src/backends/wasm/index.js';
import { generate } from '../../src/generate/generate.js';
import { loadLanguageModel } from '../../src/models/load.js';
import type { WeightsOption } from '../../src/models/weights.js';
import { readBinary } from '../../src/node/binary.js';
import '../../src/node/paths.js';
import { threads as threadPlatform } from '../../src/node/threads.js';

const [model, weights, promptTokens, tokens] = process.argv.slice(2);
const device = await createWasmBackend({ readBinary, build: 'simd', threads: 1, threadPlatform });
const begun = performance.now();
const loaded = await loadLanguageModel(device, model, { weights: weights as WeightsOption });
const loadSeconds = (performance.now() - begun) / 1000;
const { reservedBytes } = device.memory();
const ids = Int32Array.from({ length: Number(promptTokens) }, (_, i) => 500 + ((i * 37) % 20000));
// Once for the compiler.
const write = (prompt: Int32Array, maxTokens: number) =>
  generate(loaded.model, loaded.tokenizer, prompt, { maxTokens, ignoreEos: true }).result();
await write(ids.subarray(0, 32), 4);
const result = await write(ids, Number(tokens));
console.log(
  JSON.stringify({
    loadSeconds,
    weightMiB: loaded.weightBytes / 2 ** 20,
    deviceMiB: reservedBytes / 2 ** 20,
    processMiB: process.resourceUsage().maxRSS / 1024,
    prompt: result.promptTokensPerSecond,
    decode: result.tokensPerSecond,
  }),
);
device.dispose();
