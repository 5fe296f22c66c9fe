/** Loads what text.py wrote, trains adapters, and writes them for text.py to check. usage: text.mts DIR */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AdamW,
  applyLora,
  deleteAdapter,
  fit,
  loadAdapter,
  noGrad,
  parseSafetensors,
  saveAdapter,
  selectDevice,
  serializeSafetensors,
  tensor,
  toFloat32,
} from '../../src/index.js';
import { exportMerged, loadLanguageModel, PackedRows, tokenizeText, tokenLoss } from '../../src/text.js';

const root = process.argv[2];
const models = new URL('../models/fixtures/', import.meta.url).pathname;
const { device } = await selectDevice({ prefer: 'wasm', threads: 1 });

let isFailed = false;
for (const name of ['llama3', 'mistral', 'qwen2', 'qwen3']) {
  const { model, tokenizer } = await loadLanguageModel(device, join(models, name));
  const given = parseSafetensors(readFileSync(join(root, name, 'peft.safetensors')), name).tensors;
  const tensorOf = (key: string) => {
    const found = given.get(key);
    if (!found) throw new Error(`${name}: has no ${key}`);
    return found;
  };
  const ids = new Int32Array(Uint8Array.from(tensorOf('ids').bytes).buffer);
  const logits = async () => {
    const all = await noGrad(() => model.forward(tensor(device, ids, [ids.length], 'i32'))).read();
    return Float32Array.from(all);
  };
  await loadAdapter(model, join(root, name, 'peft'));
  const wanted = toFloat32(tensorOf('logits'), name);
  const apart = difference(await logits(), wanted);
  console.log(`${name.padEnd(10)} of PEFT ${apart.toExponential(1)}`);
  isFailed ||= !(apart < 1e-5);
  deleteAdapter(model, 'default');

  await applyLora(model, { rank: 4, alpha: 8 });
  const texts = ['the cat sat on the mat', 'she sells sea shells', 'a model of the world'];
  const rows = new PackedRows(
    device,
    texts.map((text) => tokenizeText(tokenizer, text)),
    { window: model.config.slidingWindow },
  );
  const optimizer = new AdamW(model.parameters(), { learningRate: 0.02 });
  await fit(model, rows, { optimizer, epochs: 10, loss: tokenLoss });
  await saveAdapter(model, join(root, name, 'lowrank'));
  await exportMerged(model, join(root, name, 'merged'), { format: 'safetensors' });
  const data = await logits();
  const shape = [ids.length, data.length / ids.length];
  const file = serializeSafetensors([['logits', { dtype: 'F32', shape, data }]]);
  writeFileSync(join(root, name, 'lowrank.safetensors'), file);
  model.dispose();
}
device.dispose();
if (isFailed) throw new Error('logits differ from those of PEFT');

/** The largest difference, as a share of the largest of the second. */
function difference(found: Float32Array, wanted: Float32Array): number {
  let [most, largest] = [0, 0];
  for (let i = 0; i < wanted.length; i++) {
    const gap = Math.abs(found[i] - wanted[i]);
    // A NaN is kept.
    if (!(gap <= most)) most = gap;
    largest = Math.max(largest, Math.abs(wanted[i]));
  }
  return most / largest;
}
