/** Training of a language model that a test kills: killedText.mts DIR OUT. It continues from DIR, and writes the adapter to OUT. */
import { createWasmBackend } from '../../src/backends/wasm/index.js';
import { PackedRows } from '../../src/data/packedRows.js';
import { saveAdapter } from '../../src/lora/adapterFile.js';
import { applyLora } from '../../src/lora/applyLora.js';
import { loadLanguageModel } from '../../src/models/load.js';
import { tokenLoss } from '../../src/models/tokenLoss.js';
import { readBinary } from '../../src/node/binary.js';
import '../../src/node/paths.js';
import { AdamW } from '../../src/optim/adam.js';
import type { TokenExample } from '../../src/text/examples.js';
import { fit } from '../../src/train/fit.js';

const [dir, out] = process.argv.slice(2);
const device = await createWasmBackend({ readBinary, build: 'simd', threads: 1 });
const folder = new URL('../models/fixtures/qwen3', import.meta.url).pathname;
const { model } = await loadLanguageModel(device, folder, { weights: 'q4' });
await applyLora(model, { rank: 2, dropout: 0.1 });
model.model.gradientCheckpointing = true;

/** Examples of many lengths, so that rows and steps differ; the last few tokens are trained. */
const examples: TokenExample[] = Array.from({ length: 17 }, (_, n) => {
  const ids = Int32Array.from({ length: 6 + ((13 * n) % 41) }, (__, i) => (31 * n + 7 * i * i + i) % 290);
  return { ids, labels: ids.map((id, i) => (i >= ids.length - 3 - (n % 4) ? id : -1)) };
});
const pause = new Int32Array(new SharedArrayBuffer(4));
await fit(model, new PackedRows(device, examples, { maxLength: 64, batchTokens: 12 }), {
  optimizer: new AdamW(model.parameters(), { learningRate: 0.01 }),
  loss: tokenLoss,
  epochs: 6,
  schedule: { kind: 'cosine', warmup: 5 },
  clipNorm: 1,
  checkpoint: { dir, every: 2, resume: true },
  onStep: ({ iteration }) => {
    process.stdout.write(`${iteration}\n`);
    // Slow enough to be killed in the middle.
    Atomics.wait(pause, 0, 0, 4);
  },
});
await saveAdapter(model, out);
device.dispose();
