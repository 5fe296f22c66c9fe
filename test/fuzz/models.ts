/** A row for the readers of language models: what is loaded must also read a few tokens, and leave nothing on the device. */
import type { Random } from '../../src/base/random.js';
import { generate } from '../../src/generate/generate.js';
import { TENSOR_TYPES } from '../../src/gguf/types.js';
import type { WritableGgufTensor, WritableValue } from '../../src/gguf/write.js';
import { loadLanguageModel } from '../../src/models/load.js';
import { WEIGHTS } from '../../src/models/weights.js';
import { folder } from '../models/fixtures.js';
import { type GgufContents, ggufContents, ggufFile } from '../models/ggufFiles.js';
import { wasm } from '../support/devices.js';
import { below, mutateBytes, mutateJson, mutateSafetensors, NAMES, pick } from './mutate.js';
import type { Reader } from './survival.js';

const device = await wasm();
const GGUFS = await Promise.all(['llama', 'llama3', 'qwen3'].map(ggufContents));
const FOLDERS = ['llama', 'mistral', 'qwen2'].map(folder);

const WRONG: readonly WritableValue[] = [
  ...[0, 1, 3, -1, 2 ** 24, 2 ** 31, 2 ** 53 - 1].map((value) => ({ type: 'i64', value }) as const),
  ...[0.5, 1e30, -1e30, Number.NaN, Number.POSITIVE_INFINITY].map(
    (value) => ({ type: 'f32', value }) as const,
  ),
  ...['', 'llama', 'linear', 'yarn', '\u001b[31m\n'].map((value) => ({ type: 'string', value }) as const),
  { type: 'bool', value: true },
  { type: 'i32[]', value: [4, 4] },
  { type: 'f32[]', value: [] },
  { type: 'string[]', value: ['a'] },
];

/** One change of a tensor: its name, shape, type or content; its length fits them mostly. */
function changeTensor(tensors: WritableGgufTensor[], random: Random): void {
  const at = below(random, tensors.length);
  const tensor = tensors[at];
  const bytes = tensor.bytes as Uint8Array;
  const kind = below(random, 6);
  if (kind === 0) tensors.splice(at, 1);
  else if (kind === 1) tensors[at] = { ...tensor, name: pick(random, NAMES.slice(0, 14)) || 'x' };
  else if (kind === 2) tensors[at] = { ...tensor, shape: [...tensor.shape].reverse() };
  else if (kind === 3) tensors[at] = withType(tensor, random);
  else {
    const changed = bytes.slice();
    const place = 4 * below(random, changed.length / 4);
    const wrong = pick(random, [0x7f800000, 0x7fc00000, 0xff800000, 0x7f7fffff, 1, 0x80000000]);
    new DataView(changed.buffer).setUint32(place, wrong, true);
    tensors[at] = { ...tensor, bytes: changed };
  }
}

/** The shape as another type, of random blocks. */
function withType(tensor: WritableGgufTensor, random: Random): WritableGgufTensor {
  const [type, layout] = pick(random, Object.entries(TENSOR_TYPES));
  const count = tensor.shape.reduce((product, size) => product * size, 1);
  if (tensor.shape[tensor.shape.length - 1] % layout.weights !== 0) return tensor;
  const byteLength = (count / layout.weights) * layout.bytes;
  const bytes = Uint8Array.from({ length: byteLength }, () => below(random, 256));
  return { ...tensor, type: type as WritableGgufTensor['type'], byteLength, bytes };
}

async function changedGguf(random: Random): Promise<Blob> {
  const { metadata, tensors }: GgufContents = pick(random, GGUFS);
  const contents = { metadata: new Map(metadata), tensors: [...tensors] };
  const sizes = [...metadata.keys()].filter((key) => !/^(general|tokenizer)\./.test(key));
  for (let i = below(random, 3); i > 0; i--) {
    const key = pick(random, below(random, 3) > 0 ? sizes : [...metadata.keys()]);
    if (below(random, 4) === 0) contents.metadata.delete(key);
    else contents.metadata.set(key, pick(random, WRONG));
  }
  for (let i = below(random, 3); i > 0; i--) changeTensor(contents.tensors, random);
  // The writer refuses two tensors of one name, which no file can have.
  const names = new Map(contents.tensors.map((each) => [each.name, each]));
  const file = await ggufFile({ ...contents, tensors: [...names.values()] });
  return new Blob([below(random, 4) === 0 ? mutateBytes(file, random) : file]);
}

function changedFolder(random: Random): Map<string, Uint8Array> {
  const files = new Map(pick(random, FOLDERS));
  const change = (name: string, to: (bytes: Uint8Array) => Uint8Array) => {
    const bytes = files.get(name);
    if (bytes) files.set(name, to(bytes));
  };
  const json = (bytes: Uint8Array) =>
    new TextEncoder().encode(mutateJson(new TextDecoder().decode(bytes), random));
  const kind = below(random, 8);
  if (kind < 4) change('config.json', json);
  else if (kind < 6) change('model.safetensors', (bytes) => mutateSafetensors(bytes, random));
  else if (kind === 6) files.delete(pick(random, [...files.keys()]));
  else change(pick(random, ['tokenizer_config.json', 'generation_config.json']), json);
  return files;
}

/** What a model that was read may say when it is used: of its weights, which are finite, or of its context. */
const MAY_SAY = /^generate: (the model gives no finite number for token|the prompt has \d+ tokens)/;

async function readModel(random: Random): Promise<void> {
  const files = below(random, 2) === 0 ? await changedGguf(random) : changedFolder(random);
  const before = device.memory().liveStorages;
  try {
    const { model, tokenizer } = await loadLanguageModel(device, files, { weights: pick(random, WEIGHTS) });
    try {
      await generate(model, tokenizer, 'a b', { maxTokens: 2, allowSpecial: true }).result();
    } catch (error) {
      if (!(error instanceof Error && MAY_SAY.test(error.message))) throw error;
    } finally {
      model.dispose();
    }
  } finally {
    const left = device.memory().liveStorages - before;
    // A separate message, which is not a DataError: it is reported whatever was thrown.
    // biome-ignore lint/correctness/noUnsafeFinally: see above
    if (left !== 0) throw new Error(`${left} storages are left on the device`);
  }
}

export const LANGUAGE_MODELS: readonly Reader[] = [
  {
    name: 'a language model',
    says: /^(the model|[a-z_]+\.json|model\.safetensors)(: )/,
    read: readModel,
    slowness: 2,
  },
];
