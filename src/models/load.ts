/** Language models from their files. */
import type { Backend } from '../backends/backend.js';
import { DataError } from '../base/errors.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import { type ModelPlace, modelPlace } from '../files/modelPlace.js';
import { Scratch } from '../gguf/packed.js';
import { checkPrecision, hasPackedWeights } from '../nn/precision.js';
import type { Parameter, Precision } from '../tensor.js';
import type { Tokenizer } from '../text/tokenizer.js';
import { LlamaForCausalLM } from './llama.js';
import type { LlamaConfig } from './llamaConfig.js';
import { llamaWeights, type WeightPlan } from './llamaWeights.js';
import { type OpenedLanguageModel, openGgufModel, openModelFolder } from './modelSources.js';
import { checkRoom, type PlannedWeights, withRoom } from './room.js';
import { keepSource } from './source.js';
import {
  loadWeight,
  plannedBytes,
  targetType,
  WEIGHTS,
  type WeightSource,
  type WeightsOption,
} from './weights.js';

export interface LoadLanguageModelOptions {
  /**
   * Element type of the frozen weights. `keep` (default): that of the file, exactly. `q8` and `q4` round as ggml's Q8_0
   * and Q4_1; embedding and head never go below q8. Biases and the weights of norms are always f32.
   */
  readonly weights?: WeightsOption;
  /** Precision of products with packed weights. Default `exact`; `model.precision` changes it later. */
  readonly precision?: Precision;
  /** Called after each tensor with the bytes on the device, and the total. */
  readonly onBytes?: (done: number, total: number) => void;
  /** Signal that ends the loading. */
  readonly signal?: AbortSignal;
  /** Tokenizer of the same files, where `loadTokenizer` has made it already; making it takes a third of a second. */
  readonly tokenizer?: Tokenizer;
}

const NAMES: OptionNames<LoadLanguageModelOptions> = {
  weights: true,
  precision: true,
  onBytes: true,
  signal: true,
  tokenizer: true,
};

export interface LoadedLanguageModel {
  /** The model, frozen and in evaluation mode. */
  readonly model: LlamaForCausalLM;
  readonly tokenizer: Tokenizer;
  /** Notes on these files, such as a weight that stays wider than requested. */
  readonly notes: readonly string[];
  /** Bytes of the weights on the device. */
  readonly weightBytes: number;
}

/** Upper bound of a device's overhead per storage, in bytes. */
const STORAGE_BYTES = 512;
/** Maximum problems that one message lists. */
const MOST_LISTED = 8;
const HEAD = 'lm_head.weight';
const EMBEDDING = 'model.embed_tokens.weight';

/**
 * Loads a model of the Llama family with its tokenizer: Llama, Mistral, SmolLM2, TinyLlama, Qwen2, Qwen3. Names, shapes and
 * types are checked before the first weight is read, and one weight at a time is on the host.
 * @param from  a GGUF file, or a folder with config.json, safetensors and tokenizer.json: in Node a path; a Blob or ByteSource,
 *   a FileSource, or a Map of files by name
 * @throws DataError for files that are not what they claim or a model that is not supported, DeviceError where the device
 *   has too little memory; nothing remains on the device then
 */
export async function loadLanguageModel(
  device: Backend,
  from: ModelPlace,
  options: LoadLanguageModelOptions = {},
): Promise<LoadedLanguageModel> {
  checkOptions('loadLanguageModel', options, NAMES);
  const { weights = 'keep', precision = 'exact' } = options;
  if (!WEIGHTS.includes(weights))
    throw new RangeError(`loadLanguageModel: weights must be one of ${WEIGHTS.join(', ')}: ${weights}`);
  checkPrecision('loadLanguageModel: precision', precision, device);
  const place = await modelPlace('loadLanguageModel: from', from);
  const opened =
    'open' in place
      ? await openModelFolder(place, options.tokenizer)
      : await openGgufModel(place.source, place.name, options.tokenizer);
  checkVocabulary(opened);
  const { config, notes } = await decideHead(opened);
  const plan = llamaWeights(config);
  const sources = checkTensors(opened, plan);
  const typeOf = (name: string) => sources.get(name)?.type ?? 'F32';
  const weightBytes = plannedBytes(plan, typeOf, weights);
  const wider = [...plan]
    .filter(([name, each]) => isWider(typeOf(name), each, weights))
    .map(([name]) => name);
  if (wider.length > 0)
    notes.push(`${listed(wider)}: stays wider than ${weights}: its rows are not whole groups of 32`);
  const planned = { plan, typeOf, weights };
  checkRoom(device, opened.name, planned);
  const loaded = await withRoom(opened.name, planned, () =>
    loadAll(device, { ...planned, sources, total: weightBytes }, options),
  );
  const model = new LlamaForCausalLM(device, config, (name) => {
    const weight = loaded.get(name);
    if (weight) return weight;
    throw new Error(`loadLanguageModel: ${name} was not planned`);
  });
  keepSource(model, place);
  model.precision = precision;
  if (precision !== 'exact' && !hasPackedWeights(model))
    notes.push(
      `precision ${precision} changes nothing: no weights are packed, load them with weights q8 or q4`,
    );
  return { model: model.eval(), tokenizer: opened.tokenizer, notes, weightBytes };
}

function isWider(type: WeightSource['type'], plan: WeightPlan, weights: WeightsOption): boolean {
  if (plan.role === 'vector' || (weights !== 'q8' && weights !== 'q4')) return false;
  const target = targetType(type, plan, weights);
  return target === 'f32' || target === 'bf16' || target === 'f16';
}

/** Refuses a tokenizer with ids that have no row in the embedding: it belongs to another model. Spare rows are common. */
function checkVocabulary({ config, tokenizer, name }: OpenedLanguageModel): void {
  if (tokenizer.vocabularySize <= config.vocabularySize) return;
  throw new DataError(
    `${name}: the tokenizer has ${tokenizer.vocabularySize} tokens, but the embedding ${config.vocabularySize} rows`,
  );
}

/** Decides from flag and files together whether head and embedding are one: weights in the files are never discarded. */
async function decideHead(opened: OpenedLanguageModel): Promise<{ config: LlamaConfig; notes: string[] }> {
  const { config, sources } = opened;
  const head = sources.get(HEAD);
  const embedding = sources.get(EMBEDDING);
  if (!config.tied && !head)
    return {
      config: { ...config, tied: true },
      notes: [`${HEAD} is missing: the embedding is used, though the config says that they are not tied`],
    };
  if (!config.tied || !head || !embedding) return { config, notes: [] };
  if (await isSame(head, embedding)) return { config, notes: [] };
  return {
    config: { ...config, tied: false },
    notes: [`${HEAD} differs from the embedding: both are kept, though the config says that they are tied`],
  };
}

async function isSame(a: WeightSource, b: WeightSource): Promise<boolean> {
  if (a.type !== b.type || a.shape.join() !== b.shape.join()) return false;
  const [first, second] = [await a.read(), await b.read()];
  return first.length === second.length && first.every((byte, i) => byte === second[i]);
}

/** Matches tensors with the plan. @returns their sources. @throws DataError that lists all missing, unexpected or misshapen tensors */
function checkTensors(
  { config, sources, name }: OpenedLanguageModel,
  plan: ReadonlyMap<string, WeightPlan>,
): ReadonlyMap<string, WeightSource> {
  const problems: string[] = [];
  for (const [key, { shape }] of plan) {
    const source = sources.get(key);
    if (!source) problems.push(`missing ${key}`);
    else if (source.shape.join() !== shape.join())
      problems.push(`${key} must be [${shape}]: found [${source.shape}]`);
  }
  for (const key of sources.keys())
    if (!plan.has(key) && !isIgnored(key, config)) problems.push(`unexpected ${key}`);
  if (problems.length === 0) return sources;
  throw new DataError(`${name}: ${listed(problems, '; ')}`);
}

/** Whether a tensor is not needed, though some files have it: a second copy of a tied head, and angles, which are computed. */
function isIgnored(key: string, { tied }: LlamaConfig): boolean {
  return (tied && key === HEAD) || key.endsWith('.rotary_emb.inv_freq');
}

function listed(names: readonly string[], separator = ', '): string {
  const more = names.length > MOST_LISTED ? ` and ${names.length - MOST_LISTED} more` : '';
  return `${names.slice(0, MOST_LISTED).join(separator)}${more}`;
}

async function loadAll(
  device: Backend,
  {
    plan,
    sources,
    typeOf,
    weights,
    total,
  }: PlannedWeights & { sources: ReadonlyMap<string, WeightSource>; total: number },
  { onBytes, signal }: LoadLanguageModelOptions,
): Promise<Map<string, Parameter>> {
  const loaded = new Map<string, Parameter>();
  const scratch = new Scratch();
  let done = 0;
  device.makeRoom?.(total + STORAGE_BYTES * plan.size);
  try {
    for (const [name, each] of plan) {
      signal?.throwIfAborted();
      const source = sources.get(name);
      if (!source) continue;
      loaded.set(name, await loadWeight(device, source, each, weights, scratch));
      done += plannedBytes(new Map([[name, each]]), typeOf, weights);
      onBytes?.(done, total);
    }
    return loaded;
  } catch (error) {
    for (const weight of loaded.values()) weight.dispose();
    throw error;
  }
}
