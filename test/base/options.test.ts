/** Everything public that takes an options object refuses a key that it does not know. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkOptions } from '../../src/base/options.js';
import * as lowrank from '../../src/index.js';
import { DigitsNet, loadMnist, type MnistFiles } from '../../src/mnist/index.js';
import { wasm } from '../support/devices.js';

const {
  Adam,
  AdamW,
  add,
  addLowRank,
  addLowRankAt,
  addWeightedAdapter,
  applyLora,
  Dataset,
  doraScale,
  Embedding,
  evaluate,
  fit,
  Linear,
  learningRateFactor,
  loadAdapter,
  matmul,
  merge,
  mergeAndUnload,
  Random,
  ReLU,
  registerParametrization,
  removeParametrizations,
  SGD,
  Sequential,
  saveAdapter,
  selectDevice,
  serializeAdapter,
  tensor,
} = lowrank;

const device = await wasm();
const pixels = Uint8Array.from({ length: 40 }, (_, i) => 6 * i);
const labels = Uint8Array.from({ length: 10 }, (_, i) => i % 2);
const SIZES = { features: 4, classes: 2, mean: 0, std: 1 };
const data = Dataset.fromBytes(device, pixels, labels, SIZES);
const linear = () => new Linear(device, 4, 2);
const model = () => new Sequential(linear());
const factors = { loraA: tensor(device, [1, 2], [1, 2]), loraB: tensor(device, [1, 2], [2, 1]), scaling: 1 };
const weights = [tensor(device, [1, 2, 3, 4], [2, 2]), tensor(device, [1, 2], [1, 2])];

async function adapted() {
  const net = model();
  const adapter = await applyLora(net, { rank: 1 });
  return { net, adapter, files: await serializeAdapter(adapter) };
}

/** Options as a caller without types may write them. */
type Loose = Record<string, unknown>;

/** Public functions with options, called with valid options and one more. */
const TAKERS: readonly (readonly [name: string, call: (more: Loose) => unknown])[] = [
  ['applyLora', (more) => applyLora(model(), { rank: 1, ...more })],
  ['Adam', (more) => new Adam(linear().parameters(), { ...more })],
  ['AdamW', (more) => new AdamW(linear().parameters(), { ...more })],
  ['SGD', (more) => new SGD(linear().parameters(), { ...more })],
  ['Adam: parameter group', (more) => new Adam([{ parameters: linear().parameters(), ...more }])],
  ['fit', (more) => fitted(more)],
  ['fit: checkpoint', (more) => fitted({ checkpoint: { dir: new Map(), every: 1, ...more } })],
  ['fit: checkpoint', (more) => fitted({ checkpoint: { dir: '/nowhere/at/all', every: 1, ...more } })],
  ['fit: validation', (more) => fitted({ validation: { data, every: 1, ...more } })],
  ['schedule', (more) => fitted({ schedule: { kind: 'linear', ...more } })],
  ['schedule', (more) => learningRateFactor({ kind: 'linear', ...more }, 0, 1)],
  ['evaluate', (more) => evaluate(model(), data, { ...more })],
  ['dataset', (more) => Dataset.fromBytes(device, pixels, labels, { ...SIZES, ...more })],
  ['batches', (more) => data.batches({ batchSize: 2, ...more })],
  ['batches', (more) => data.batchCount({ batchSize: 2, ...more })],
  ['loadMnist', (more) => loadMnist(device, {} as MnistFiles, { ...more })],
  ['Linear', (more) => new Linear(device, 2, 2, { random: new Random(0), ...more })],
  ['Embedding', (more) => new Embedding(device, 2, 2, { ...more })],
  ['DigitsNet', (more) => new DigitsNet(device, { seed: 1, ...more })],
  ['add', (more) => add(weights[0], weights[0], { alpha: 2, ...more })],
  ['matmul', (more) => matmul(weights[0], weights[0], { alpha: 2, ...more })],
  ['addLowRank', (more) => addLowRank(weights[0], weights[1], { ...factors, ...more })],
  [
    'addLowRankAt',
    (more) => addLowRankAt(weights[0], tensor(device, [1], [1], 'i32'), { ...factors, ...more }),
  ],
  [
    'doraScale',
    (more) => doraScale(tensor(device, [1, 2], [2]), { weight: weights[0], updates: [], ...more }),
  ],
  [
    'removeParametrizations',
    (more) => {
      const layer = linear();
      registerParametrization(layer, 'weight', new ReLU());
      removeParametrizations(layer, 'weight', { ...more });
    },
  ],
  ['merge', async (more) => merge((await adapted()).net, { ...more })],
  ['mergeAndUnload', async (more) => mergeAndUnload((await adapted()).net, { ...more })],
  ['saveAdapter', async (more) => saveAdapter((await adapted()).net, new Map(), { ...more })],
  ['saveAdapter', async (more) => saveAdapter((await adapted()).net, '/nowhere/at/all', { ...more })],
  ['loadAdapter', async (more) => loadAdapter(model(), (await adapted()).files, { ...more })],
  [
    'addWeightedAdapter',
    async (more) =>
      addWeightedAdapter((await adapted()).net, 'b', { adapters: ['default'], weights: [1], ...more }),
  ],
  ['selectDevice', (more) => selectDevice({ prefer: 'wasm', ...more })],
];

function fitted(more: Loose) {
  const net = model();
  return fit(net, data, { optimizer: new Adam(net.parameters()), ...more });
}

describe('an option that does not exist is refused by', () => {
  it.each(TAKERS)('%s', async (name, call) => {
    const run = async (more: Loose) => await call(more);
    await expect(run({ zzzzz: 1 })).rejects.toThrow(`${name}: unknown option "zzzzz": the options are `);
    await expect(run({ zzzzz: undefined })).rejects.toThrow(TypeError);
  });
});

describe('the message', () => {
  it.each<[message: string, call: () => unknown]>([
    ['applyLora: unknown option "r": did you mean "rank"?', () => applyLora(model(), { r: 2 } as object)],
    [
      'applyLora: unknown option "lora_alpha": did you mean "alpha"?',
      () => applyLora(model(), { lora_alpha: 2 } as object),
    ],
    [
      'applyLora: unknown option "lora_dropout": did you mean "dropout"?',
      () => applyLora(model(), { lora_dropout: 0.1 } as object),
    ],
    [
      'applyLora: unknown option "target_modules": did you mean "targetModules"?',
      () => applyLora(model(), { target_modules: ['0'] } as object),
    ],
    [
      'applyLora: unknown option "init_lora_weights": did you mean "init"?',
      () => applyLora(model(), { init_lora_weights: true } as object),
    ],
    [
      'applyLora: unknown option "use_rslora": did you mean "useRslora"?',
      () => applyLora(model(), { use_rslora: true } as object),
    ],
    [
      'applyLora: unknown option "rnak": did you mean "rank"?',
      () => applyLora(model(), { rnak: 2 } as object),
    ],
    [
      'Adam: unknown option "lr": did you mean "learningRate"?',
      () => new Adam(linear().parameters(), { lr: 0.1 } as object),
    ],
    [
      'AdamW: unknown option "weight_decay": did you mean "weightDecay"?',
      () => new AdamW(linear().parameters(), { weight_decay: 0.1 } as object),
    ],
    [
      'SGD: parameter group: unknown option "params": did you mean "parameters"?',
      () => new SGD([{ params: linear().parameters() }] as never),
    ],
    [
      'fit: unknown option "learningRate": give it to the optimizer, as in new Adam(parameters, { learningRate })',
      () => fitted({ learningRate: 0.1 }),
    ],
    ['fit: unknown option "batch_size": did you mean "batchSize"?', () => fitted({ batch_size: 2 })],
    [
      'fit: unknown option "gradient_accumulation_steps": did you mean "accumulate"?',
      () => fitted({ gradient_accumulation_steps: 2 }),
    ],
    ['fit: unknown option "epoch": did you mean "epochs"?', () => fitted({ epoch: 2 })],
    ['fit: unknown option "constructor": the options are', () => fitted({ constructor: 2 })],
    [
      'selectDevice: unknown option "device": did you mean "prefer"?',
      () => selectDevice({ device: 'wasm' } as object),
    ],
    ['Adam: options must be an object: got 0.1', () => new Adam(linear().parameters(), 0.1 as never)],
    ['fit: options must be an object: got undefined', () => fit(model(), data, undefined as never)],
    ['applyLora: options must be an object: got null', () => applyLora(model(), null as never)],
    ['evaluate: options must be an object: got an array', () => evaluate(model(), data, [] as never)],
  ])('%s', async (message, call) => {
    await expect((async () => await call())()).rejects.toThrow(message);
  });

  it('is given for inherited keys too', () => {
    expect(() => checkOptions('op', Object.create({ lr: 1 }) as object, { learningRate: true })).toThrow(
      'op: unknown option "lr": did you mean "learningRate"?',
    );
  });
});

describe('options that exist', () => {
  it('may be undefined, which is the default', async () => {
    const net = new Sequential(new Linear(device, 8, 8));
    const adapter = await applyLora(net, { rank: undefined, targetModules: undefined } as object);
    expect(adapter.config).toMatchObject({ rank: 8, targetModules: 'all-linear' });
  });

  it('may be those of another dataset', () => {
    expect(Dataset.fromBytes(device, pixels, labels, data)).toMatchObject(SIZES);
  });
});

describe('sources', () => {
  /** Options of classes and functions that are not public, and objects that files are read into. */
  const INTERNAL = [
    ...['FactorsOptions', 'ResolvedLoraConfig', 'TrainingStepOptions', 'UseOptions'],
    ...['LlamaConfig', 'RopeConfig'],
  ];
  const root = new URL('../../src', import.meta.url).pathname;
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !/^(cli|backends)\//.test(name),
  );
  const text = files.map((file) => readFileSync(join(root, file), 'utf8')).join('\n');
  const declared = Array.from(
    text.matchAll(
      /export interface (\w*(?:Options|Config|Schedule|ParameterGroup|Inputs)|LowRankWithBias|UpdatedWeight)\b/g,
    ),
    ([, name]) => name,
  ).filter((name) => !INTERNAL.includes(name));

  it('check every options interface by its names', () => {
    expect(declared.length).toBeGreaterThan(20);
    const isChecked = (name: string) => new RegExp(`(OptionNames|checkOptions)<${name}>`).test(text);
    expect(declared.filter((name) => !isChecked(name))).toEqual([]);
  });
});
