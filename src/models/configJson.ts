/** The config.json of a Hugging Face model. */
import { DataError } from '../base/errors.js';
import { type Json, JsonNumber, parseJson } from '../base/json.js';
import { jsonText } from '../files/fileKind.js';
import {
  checkConfig,
  LLAMA_FAMILY,
  type LlamaConfig,
  type LlamaModelType,
  type RopeConfig,
  type RopeScaling,
} from './llamaConfig.js';

type Fields = ReadonlyMap<string, Json>;

/**
 * Reads the config of a model of the Llama family, with both spellings of the rotary settings: `rope_parameters` of
 * transformers 5, and `rope_theta` with `rope_scaling` before it.
 * @param bytes  contents of config.json
 * @param name   name of the file in errors
 * @throws DataError for another architecture, for a setting that is not supported, and for sizes that do not fit
 * @see https://huggingface.co/docs/transformers/model_doc/llama
 */
export function parseModelConfig(bytes: Uint8Array, name: string): LlamaConfig {
  const json = parseJson(jsonText(bytes, name), name);
  if (!(json instanceof Map)) throw new DataError(`${name}: must be a JSON object`);
  const read = new ConfigFields(json, name);
  const modelType = modelTypeOf(read, name);
  const activation = read.text('hidden_act', 'silu');
  if (activation !== 'silu') throw new DataError(`${name}: hidden_act must be silu: ${activation}`);
  const heads = read.number('num_attention_heads');
  const hiddenSize = read.number('hidden_size');
  const hasBias = modelType !== 'mistral' && read.flag('attention_bias', false);
  return checkConfig(
    {
      modelType,
      vocabularySize: read.number('vocab_size'),
      hiddenSize,
      intermediateSize: read.number('intermediate_size'),
      layers: read.number('num_hidden_layers'),
      heads,
      kvHeads: read.number('num_key_value_heads', heads),
      headDim: read.number('head_dim', hiddenSize / heads),
      contextLength: read.number('max_position_embeddings'),
      normEps: read.number('rms_norm_eps', 1e-6),
      rope: ropeOf(read, name),
      // Qwen2 has these biases regardless of its config.
      qkvBias: modelType === 'qwen2' || hasBias,
      outputBias: modelType !== 'qwen2' && hasBias,
      mlpBias: modelType === 'llama' && read.flag('mlp_bias', false),
      qkNorm: modelType === 'qwen3',
      tied: read.flag('tie_word_embeddings', false),
      slidingWindow: slidingWindowOf(read, modelType, name),
    },
    name,
  );
}

function modelTypeOf(read: ConfigFields, name: string): LlamaModelType {
  const type = read.text('model_type', '');
  const found = LLAMA_FAMILY.find((known) => known === type);
  if (found) return found;
  const what = type === '' ? 'it names none' : type;
  throw new DataError(`${name}: model_type must be one of ${LLAMA_FAMILY.join(', ')}: ${what}`);
}

function slidingWindowOf(read: ConfigFields, modelType: LlamaModelType, name: string): number | undefined {
  const isQwen = modelType === 'qwen2' || modelType === 'qwen3';
  if (modelType === 'llama' || (isQwen && !read.flag('use_sliding_window', false))) return undefined;
  const window = read.optionalNumber('sliding_window');
  if (window === undefined) return undefined;
  if (isQwen)
    throw new DataError(`${name}: use_sliding_window in some of a Qwen model's layers is not supported`);
  if (!Number.isInteger(window) || window < 1)
    throw new DataError(`${name}: sliding_window must be a positive integer: ${window}`);
  return window;
}

/** Refuses settings that cannot be ignored without changing the model. @throws DataError */
function refuseOthers(read: ConfigFields, name: string): void {
  const parameters = read.object('rope_parameters');
  // transformers 5 writes one object for each kind of layer where the kinds differ.
  const kind = parameters?.keys().find((key) => key.endsWith('_attention'));
  if (kind !== undefined)
    throw new DataError(`${name}: rope_parameters must be the same for all layers: it has ${kind}`);
  for (const fields of [read, parameters]) {
    const share = fields?.number('partial_rotary_factor', 1);
    if (share !== undefined && share !== 1)
      throw new DataError(`${name}: partial_rotary_factor must be 1: ${share}`);
  }
}

function ropeOf(read: ConfigFields, name: string): RopeConfig {
  refuseOthers(read, name);
  const parameters = read.object('rope_parameters');
  const old = read.object('rope_scaling');
  const theta = read.optionalNumber('rope_theta');
  const nested = parameters?.optionalNumber('rope_theta');
  if (theta !== undefined && nested !== undefined && theta !== nested)
    throw new DataError(`${name}: rope_theta differs from that of rope_parameters: ${theta} and ${nested}`);
  const [one, other] = [parameters, old].map((settings) => settings && scalingOf(settings, read, name));
  if (parameters && old && JSON.stringify(one) !== JSON.stringify(other))
    throw new DataError(`${name}: rope_scaling differs from rope_parameters`);
  return { theta: nested ?? theta ?? 10000, scaling: one ?? other };
}

function scalingOf(settings: ConfigFields, whole: ConfigFields, name: string): RopeScaling | undefined {
  const type = settings.text('rope_type', settings.text('type', 'default'));
  if (type === 'default') return undefined;
  if (type === 'linear') return { type, factor: settings.number('factor') };
  if (type !== 'llama3') throw new DataError(`${name}: rope_type must be default, linear or llama3: ${type}`);
  return {
    type,
    factor: settings.number('factor'),
    lowFreqFactor: settings.number('low_freq_factor'),
    highFreqFactor: settings.number('high_freq_factor'),
    originalContextLength: settings.number(
      'original_max_position_embeddings',
      whole.optionalNumber('original_max_position_embeddings'),
    ),
  };
}

/** Fields of a config; null counts as missing, as in transformers. */
class ConfigFields {
  constructor(
    private readonly fields: Fields,
    private readonly name: string,
  ) {}

  keys(): readonly string[] {
    return [...this.fields.keys()];
  }

  number(key: string, otherwise?: number): number {
    const value = this.optionalNumber(key) ?? otherwise;
    if (value === undefined) throw new DataError(`${this.name}: ${key} is missing`);
    return value;
  }

  optionalNumber(key: string): number | undefined {
    const value = this.fields.get(key) ?? undefined;
    if (value === undefined || value instanceof JsonNumber) return value?.value;
    throw new DataError(`${this.name}: ${key} must be a number`);
  }

  flag(key: string, otherwise: boolean): boolean {
    const value = this.fields.get(key) ?? otherwise;
    if (typeof value === 'boolean') return value;
    throw new DataError(`${this.name}: ${key} must be true or false`);
  }

  text(key: string, otherwise: string): string {
    const value = this.fields.get(key) ?? otherwise;
    if (typeof value === 'string') return value;
    throw new DataError(`${this.name}: ${key} must be text`);
  }

  object(key: string): ConfigFields | undefined {
    const value = this.fields.get(key) ?? undefined;
    if (value === undefined) return undefined;
    if (value instanceof Map) return new ConfigFields(value, `${this.name}: ${key}`);
    throw new DataError(`${this.name}: ${key} must be an object`);
  }
}
