/** A training run that a test kills: killed.mts DIR OUT. It continues from DIR, and writes the final weights to OUT. */
import { writeFileSync } from 'node:fs';
import {
  Adam,
  applyLora,
  Dataset,
  fit,
  Linear,
  Random,
  ReLU,
  Sequential,
  selectDevice,
  serializeModel,
} from '../../src/index.js';

const [dir, out] = process.argv.slice(2);
const { device } = await selectDevice({ prefer: 'wasm', deterministic: true, threads: 1 });
const random = new Random(3);
const images = Uint8Array.from({ length: 95 * 12 }, () => Math.floor(256 * random.uniform()));
const labels = Uint8Array.from({ length: 95 }, () => Math.floor(3 * random.uniform()));
const data = Dataset.fromBytes(device, images, labels, { features: 12, classes: 3, mean: 0.5, std: 0.3 });
const model = new Sequential(
  new Linear(device, 12, 8, { random }),
  new ReLU(),
  new Linear(device, 8, 3, { random }),
);
await applyLora(model, { rank: 2, dropout: 0.2, bias: 'all' });
const optimizer = new Adam(model.parameters(), { learningRate: 0.01 });
const pause = new Int32Array(new SharedArrayBuffer(4));
await fit(model, data, {
  optimizer,
  epochs: 20,
  schedule: { kind: 'cosine', warmup: 10 },
  clipNorm: 1,
  checkpoint: { dir, every: 7, resume: true },
  onStep: ({ iteration }) => {
    process.stdout.write(`${iteration}\n`);
    // Slow enough to be killed in the middle.
    Atomics.wait(pause, 0, 0, 8);
  },
});
writeFileSync(out, serializeModel(await model.stateDict()));
