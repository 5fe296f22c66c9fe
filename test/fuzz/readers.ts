/** One row for each reader of files: valid files, how they are changed, and how they are read. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Random } from '../../src/base/random.js';
import { sha256 } from '../../src/base/sha256.js';
import { inspectFile } from '../../src/cli/inspect.js';
import { readDigitsNet } from '../../src/cli/modelFiles.js';
import { checkTrainedBase, serializeBase } from '../../src/cli/trainedBase.js';
import { lineOf, parseTrials, type Trial } from '../../src/cli/trials.js';
import { wholeOf } from '../../src/files/fileStore.js';
import { loadAdapter, serializeAdapter } from '../../src/lora/adapterFile.js';
import { applyLora } from '../../src/lora/applyLora.js';
import { parseConfig } from '../../src/lora/peftConfig.js';
import { DigitsNet } from '../../src/mnist/digitsNet.js';
import { gunzip } from '../../src/mnist/gzip.js';
import { parseIdx } from '../../src/mnist/idx.js';
import { Dropout } from '../../src/nn/dropout.js';
import { Embedding } from '../../src/nn/embedding.js';
import { Linear } from '../../src/nn/linear.js';
import { parseModel } from '../../src/nn/modelFile.js';
import { Layer } from '../../src/nn/module.js';
import { directoryFiles } from '../../src/node/directoryFiles.js';
import { Adam } from '../../src/optim/adam.js';
import { parseSafetensors, serializeSafetensors, toFloat32 } from '../../src/safetensors/safetensors.js';
import type { Tensor } from '../../src/tensor.js';
import { restoreCheckpoint, serializeCheckpoint } from '../../src/train/checkpoint.js';
import { wasm } from '../support/devices.js';
import { LANGUAGE_MODELS } from './models.js';
import { below, mutateBytes, mutateJson, mutateSafetensors, NAMES, pick } from './mutate.js';
import type { Reader } from './survival.js';
import { TOKENIZERS } from './tokenizers.js';

const device = await wasm();
const root = mkdtempSync(join(tmpdir(), 'lowrank-fuzz-'));
export const removeFiles = (): void => rmSync(root, { recursive: true, force: true });

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Layers of every kind that an adapter can have. */
class Net extends Layer {
  embed = new Embedding(device, 5, 4);
  lin1: Layer = new Linear(device, 4, 3);
  drop = new Dropout(device, 0.1);
  lin2: Layer = new Linear(device, 3, 2);

  forward(x: Tensor): Tensor {
    return this.lin2.forward(this.drop.forward(this.lin1.forward(x)));
  }
}

async function adapterFiles(config: object): Promise<ReadonlyMap<string, Uint8Array>> {
  const model = new Net();
  const files = await serializeAdapter(await applyLora(model, { rank: 2, ...config }));
  model.dispose();
  return files;
}

const ADAPTERS = [
  await adapterFiles({ bias: 'all' }),
  await adapterFiles({
    useDora: true,
    alphaPattern: { lin1: 3 },
    modulesToSave: ['lin2'],
    targetModules: ['lin1'],
  }),
  await adapterFiles({ targetModules: ['embed', 'lin2'], rankPattern: { lin2: 1 }, dropout: 0.1 }),
];
const [CONFIG, MODEL] = ['adapter_config.json', 'adapter_model.safetensors'];

/** Puts an adapter on a new model; a refused one must leave no trace. */
async function readAdapter(random: Random): Promise<void> {
  const files = new Map(pick(random, ADAPTERS));
  const kind = below(random, 3);
  const change = (name: string, to: (bytes: Uint8Array) => Uint8Array) => {
    const bytes = files.get(name);
    if (bytes) files.set(name, to(bytes));
  };
  if (kind !== 1) change(CONFIG, (bytes) => encode(mutateJson(decode(bytes), random)));
  if (kind !== 0) change(MODEL, (bytes) => mutateSafetensors(bytes, random));
  const model = new Net();
  const names = () => [...model.namedTensors()].map(([name]) => name).join();
  const before = names();
  try {
    await loadAdapter(model, files, { from: 'dir' });
  } catch (error) {
    if (names() !== before) throw new Error(`the model was changed: ${names()}`, { cause: error });
    throw error;
  } finally {
    model.dispose();
  }
}

/** A directory with files, directories and links of names that matter. */
async function readDirectory(random: Random): Promise<void> {
  const path = join(root, 'directory');
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path);
  const names = [
    CONFIG,
    MODEL,
    'adapter_model.bin',
    'default',
    'config.json',
    'model.safetensors',
    '__proto__',
  ];
  for (const name of names) {
    const kind = below(random, 6);
    if (kind === 0) mkdirSync(join(path, name));
    else if (kind === 1) symlinkSync(pick(random, [path, 'nothing', name, '/dev/null']), join(path, name));
    else if (kind < 4)
      writeFileSync(join(path, name), mutateBytes(pick(random, ADAPTERS).get(MODEL) ?? encode(''), random));
    if (kind === 0 && below(random, 2) === 0) writeFileSync(join(path, name, CONFIG), '{}');
  }
  const place = pick(random, [path, path, join(path, CONFIG), join(path, 'default')]);
  const files = await directoryFiles(place).read([CONFIG, MODEL]);
  const model = new Net();
  await loadAdapter(model, files, { from: path }).finally(() => model.dispose());
}

/** A network with the smallest number of pixels and digits. */
const digits = new DigitsNet(device, { inFeatures: 1, classes: 1 });
const SETTINGS = { seed: '0', epochs: '1', batchSize: '10', data: sha256('') };
const BASE = serializeBase(await digits.stateDict(), SETTINGS);

async function readBase(random: Random): Promise<void> {
  const path = join(root, 'base.safetensors');
  writeFileSync(path, mutateSafetensors(BASE, random));
  await inspectFile(path);
  (await readDigitsNet(device, path)).dispose();
  await checkTrainedBase(path, SETTINGS);
}

const net = new Net();
await applyLora(net, { rank: 1, targetModules: ['lin1'], dropout: 0.1 });
const optimizer = new Adam(net.parameters());
const FINGERPRINT = new Map([['run', new Map<string, string | number>([['epochs', 3]])]]);
const CONTENT = await serializeCheckpoint(net, optimizer, FINGERPRINT, {
  ...{ iteration: 3, lossSum: 1.5, best: { iteration: 2, loss: 0.5, accuracy: 0.25 }, worse: 1 },
  ...{ stepsBefore: optimizer.stepCounts, bestState: new Map() },
});
const CHECKPOINT = wholeOf(CONTENT);
const CHECKSUM_AT = decode(CHECKPOINT.subarray(8)).indexOf('"checksum":"') + 8 + '"checksum":"'.length;

/** A changed checkpoint, mostly with a checksum that fits: other damage would always be found at once. */
function changedCheckpoint(random: Random): Uint8Array {
  const { tensors, metadata } = parseSafetensors(CHECKPOINT, 'checkpoint');
  let bytes: Uint8Array = CHECKPOINT.slice();
  if (below(random, 2) === 0) {
    const written = Array.from(tensors, ([name, tensor]) => {
      const renamed = below(random, 12) === 0 ? name.replace(/^\w+|\w+$/, () => pick(random, NAMES)) : name;
      return [renamed, { dtype: 'F32', shape: tensor.shape, data: toFloat32(tensor, name) }] as const;
    });
    const names = new Set(written.map(([name]) => name));
    const isWritable =
      names.size === written.length &&
      [...names].every((name) => !/\p{Surrogate}|^__metadata__$/u.test(name));
    const training = mutateJson(metadata.training, random).replace(/\p{Surrogate}/gu, '');
    const list = isWritable ? written : [];
    bytes = serializeSafetensors(list, { checksum: '0'.repeat(64), format: 'pt', training });
  } else bytes = mutateSafetensors(bytes, random);
  if (below(random, 4) === 0 || bytes.length < CHECKSUM_AT + 64) return bytes;
  bytes.fill(0x30, CHECKSUM_AT, CHECKSUM_AT + 64);
  bytes.set(encode(sha256(bytes)), CHECKSUM_AT);
  return bytes;
}

const TRIAL: Trial = {
  ...{
    method: 'layer',
    rank: 1,
    alpha: 1,
    learningRate: 0.1,
    seed: 3,
    digits: [1],
    replay: 0,
    iterations: 1,
  },
  ...{ batchSize: 1, base: '0123456789abcdef', data: '0123456789abcdef', parameters: 10, meanLoss: 1 },
  ...{ seconds: 2, gained: -3, forgotten: 4, accuracy: 0.5, wrong: [1, 2] },
};

/** Lines of trials, mostly with a checksum that fits. */
function changedTrials(random: Random): Uint8Array {
  const text = mutateJson(JSON.stringify(TRIAL), random);
  const line = `${text.slice(0, -1)},"checksum":"${sha256(text).slice(0, 16)}"}`;
  const lines = encode(`${lineOf(TRIAL)}\n${line}\n`);
  return below(random, 4) === 0 ? mutateBytes(lines, random) : lines;
}

const idxFile = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1, 1, 2, 3, 4);

const largeIdx = new Uint8Array(2_000_000);
largeIdx.set([0, 0, 8, 2, 0, 0, 0, 10, 0, 3, 0x0d, 0x3e]);

function changedIdx(random: Random): Uint8Array {
  const zip = (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes, { level: below(random, 10) }));
  const kind = below(random, 4);
  if (kind === 0) return mutateBytes(idxFile, random);
  if (kind === 1) return mutateBytes(zip(idxFile), random);
  if (kind === 2) return zip(mutateBytes(idxFile, random));
  return zip(mutateBytes(largeIdx, random));
}

const MODELS = [
  serializeSafetensors([]),
  pick(new Random(0), ADAPTERS).get(MODEL) ?? encode(''),
  serializeSafetensors(
    [
      ['a', { dtype: 'F16', shape: [2, 3], data: new Float32Array(6) }],
      ['constructor', { dtype: 'BF16', shape: [0], data: new Float32Array(0) }],
    ],
    { format: 'pt', note: 'n' },
  ),
];

/** A later reader is one more row. */
export const READERS: readonly Reader[] = [
  {
    name: 'a model file',
    says: /^model: /,
    read: (random) => parseModel(mutateSafetensors(pick(random, MODELS), random), 'model'),
  },
  { name: 'a base', says: /^\S+base\.safetensors: /, read: readBase },
  {
    name: "an adapter's config",
    says: /^config: /,
    read: (random) =>
      parseConfig(
        encode(mutateJson(decode(pick(random, ADAPTERS).get(CONFIG) ?? encode('{}')), random)),
        'config',
      ),
  },
  { name: 'an adapter', says: /^dir\/adapter_(config\.json|model\.safetensors): /, read: readAdapter },
  { name: "an adapter's directory", says: /^\S+directory(\/\S+)?: /, read: readDirectory, slowness: 4 },
  {
    name: 'a checkpoint',
    says: /^run\/checkpoint: /,
    read: (random) =>
      restoreCheckpoint(
        { bytes: changedCheckpoint(random), name: 'run/checkpoint' },
        net,
        optimizer,
        FINGERPRINT,
        4,
      ),
  },
  {
    name: 'trials of a sweep',
    says: /^trials: line \d+: /,
    read: (random) => parseTrials(changedTrials(random), 'trials'),
  },
  { name: 'an IDX file', says: /^idx: /, read: (random) => parseIdx(changedIdx(random), 'idx') },
  {
    name: 'a gzip stream',
    says: /^gzip: /,
    read: (random) => gunzip(mutateBytes(new Uint8Array(gzipSync(idxFile)), random), 'gzip', 1_000_000),
  },
  ...TOKENIZERS,
  ...LANGUAGE_MODELS,
];
