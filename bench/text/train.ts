/**
 * LoRA of rank 8 on all linear layers, one row of 256 tokens a step, all of them trained: `train.ts MODEL on|off STEPS`, on one
 * thread; prints JSON. `on` computes blocks again in the backward pass.
 */
import { createWasmBackend } from '../../src/backends/wasm/index.js';
import { applyLora } from '../../src/lora/applyLora.js';
import { loadLanguageModel } from '../../src/models/load.js';
import { tokenLoss } from '../../src/models/tokenLoss.js';
import { readBinary } from '../../src/node/binary.js';
import '../../src/node/paths.js';
import { relaxedSimd } from 'wasm-feature-detect';
import { PackedRows } from '../../src/data/packedRows.js';
import { threads as threadPlatform } from '../../src/node/threads.js';
import { AdamW } from '../../src/optim/adam.js';
import { fit } from '../../src/train/fit.js';

const TOKENS = 256;
const [path, checkpointing, steps = '4'] = process.argv.slice(2);
const build = (await relaxedSimd()) ? 'relaxed' : 'simd';
const device = await createWasmBackend({ readBinary, build, threads: 1, threadPlatform });
const { model } = await loadLanguageModel(device, path);
await applyLora(model, { rank: 8, alpha: 16 });
model.model.gradientCheckpointing = checkpointing === 'on';
const ids = Int32Array.from({ length: TOKENS + 1 }, (_, i) => 500 + ((i * 37) % 20000));
const labels = ids.map((id, i) => (i === 0 ? -1 : id));
const rows = new PackedRows(device, [{ ids, labels }]);
const times: number[] = [];
await fit(model, rows, {
  ...{
    optimizer: new AdamW(model.parameters(), { learningRate: 1e-4 }),
    epochs: Number(steps),
    loss: tokenLoss,
  },
  onStep: () => times.push(process.cpuUsage().user / 1e6),
});
// The first steps are compiled and recorded.
const seconds = times.slice(2).map((time, i) => time - times[i + 1]);
const median = seconds.sort((a, b) => a - b)[Math.floor(seconds.length / 2)];
console.log(
  JSON.stringify({
    build,
    checkpointing,
    tokensPerSecond: TOKENS / median,
    deviceMiB: device.memory().reservedBytes / 2 ** 20,
    processMiB: process.resourceUsage().maxRSS / 1024,
  }),
);
device.dispose();
