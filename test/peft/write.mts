/** Writes adapters of every kind, for check_written.py to load into real PEFT. usage: write.mts DIR */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  addWeightedAdapter,
  applyLora,
  type LoraConfig,
  noGrad,
  Random,
  saveAdapter,
  selectDevice,
  serializeModel,
  setActiveAdapters,
} from '../../src/index.js';
import { inputTensor, Net } from './net.js';

const LINEAR = ['linear1', 'linear2'];
const CASES: Record<string, LoraConfig> = {
  plain: {},
  parametrization: { method: 'parametrization' },
  rslora: { useRslora: true },
  dora: { useDora: true },
  embedding: { targetModules: ['emb'] },
  'embedding-linear': { targetModules: ['emb', ...LINEAR] },
  'dora-embedding': { targetModules: ['emb', 'linear1'], useDora: true },
  patterns: { rankPattern: { linear2: 2 }, alphaPattern: { 'block.linear1': 7 } },
  'patterns-of-python': {
    alphaPattern: new Map([
      ['.*r1\\Z', 7],
      ['linear1', 2],
      ['^block.(?=linear2)\\w+', 9],
    ]),
  },
  'javascript-regexp': { targetModules: /(?<kind>LINEAR)[12]|block\..*/giu, excludeModules: /head/y },
  'bias-lora-only': { bias: 'lora_only' },
  'bias-all': { bias: 'all' },
  'bias-all-head': { bias: 'all', modulesToSave: ['head'] },
  'bias-lora-only-head': { bias: 'lora_only', modulesToSave: ['head'] },
  'modules-to-save': { modulesToSave: ['head'] },
  'lora-bias': { loraBias: true },
  dropout: { dropout: 0.1 },
  exclude: { targetModules: 'all-linear', excludeModules: ['linear2'] },
  regex: { targetModules: /block\.linear[12]/ },
  gaussian: { init: 'gaussian' },
  orthogonal: { rank: 4, init: 'orthogonal' },
  pissa: { init: 'pissa' },
  'pissa-embedding': { init: 'pissa', targetModules: ['emb', ...LINEAR] },
  'pissa-rslora': { init: 'pissa', useRslora: true },
  olora: { init: 'olora' },
};

const root = process.argv[2];
const { device } = await selectDevice({ prefer: 'wasm', threads: 1 });
const random = new Random(7);

async function write(
  name: string,
  tokens: boolean,
  adapt: (model: Net) => Promise<void>,
  adapter = 'default',
) {
  const model = new Net(device, tokens, 3).eval();
  const input = tokens
    ? Array.from({ length: 7 }, () => Math.floor(11 * random.uniform()))
    : Array.from({ length: 42 }, () => Math.fround(random.normal()));
  const base = await model.stateDict();
  await adapt(model);
  model.eval();
  const output = await noGrad(() => model.forward(inputTensor(device, { tokens, input }))).read();
  const files = new Map<string, Uint8Array>([
    ['base.safetensors', serializeModel(base)],
    ['case.json', new TextEncoder().encode(JSON.stringify({ tokens, input, output: Array.from(output) }))],
  ]);
  await saveAdapter(model, files, { name: adapter });
  mkdirSync(join(root, name), { recursive: true });
  for (const [file, bytes] of files) writeFileSync(join(root, name, file), bytes);
}

/** Random values for all that trains, so that nothing is zero. */
async function stir(model: Net): Promise<void> {
  for (const parameter of model.parameters()) {
    if (!parameter.requiresGrad) continue;
    const values = await parameter.read();
    parameter.write(Array.from(values, (value) => value + 0.2 * random.normal()));
  }
}

for (const [name, config] of Object.entries(CASES)) {
  await write(name, name.includes('embedding'), async (model) => {
    await applyLora(model, { rank: 3, alpha: 5, targetModules: LINEAR, ...config });
    await stir(model);
  });
}
for (const combination of ['linear', 'cat', 'svd'] as const) {
  const add = async (model: Net) => {
    for (const name of ['one', 'two']) {
      await applyLora(model, { rank: 3, alpha: 5, targetModules: ['emb', ...LINEAR] }, name);
      setActiveAdapters(model, [name]);
      await stir(model);
    }
    await addWeightedAdapter(model, 'sum', { adapters: ['one', 'two'], weights: [0.7, -0.4], combination });
    setActiveAdapters(model, ['sum']);
  };
  await write(`weighted-${combination}`, true, add, 'sum');
}
console.log(`wrote ${Object.keys(CASES).length + 3} adapters to ${root}`);
device.dispose();
