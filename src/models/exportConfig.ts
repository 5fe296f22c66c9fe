/** The config of a model in written form: a config.json, or the metadata of a GGUF file. */
import type { WritableValue } from '../gguf/headerWriter.js';
import type { TokenizerFacts } from '../text/tokenizer.js';
import type { LlamaConfig, LlamaModelType, RopeScaling } from './llamaConfig.js';
import { ggufArchitecture } from './llamaWeights.js';
import { inverseFrequencies } from './rotary.js';

type Llama3 = Extract<RopeScaling, { type: 'llama3' }>;

const CLASSES: Readonly<Record<LlamaModelType, string>> = {
  llama: 'LlamaForCausalLM',
  mistral: 'MistralForCausalLM',
  qwen2: 'Qwen2ForCausalLM',
  qwen3: 'Qwen3ForCausalLM',
};

/**
 * A config.json with the rotary settings in both spellings, for transformers 4 and 5.
 * @param dtype  element type of the weights, as transformers names it
 * @throws RangeError for a setting that config.json cannot state for this model, such as biases of only q, k and v
 * @see https://huggingface.co/docs/transformers/model_doc/llama
 */
export function configJson(config: LlamaConfig, dtype: string, tokens: TokenizerFacts | undefined): string {
  const modelType = typeInJson(config);
  const { qkvBias, outputBias, mlpBias, slidingWindow } = config;
  checkBiases(modelType, config);
  const theta = shortest(config.rope.theta);
  const scaling = scalingInJson(config);
  const [eos, ...others] = tokens?.eosIds ?? [];
  const isQwen = modelType === 'qwen2' || modelType === 'qwen3';
  const fields = {
    architectures: [CLASSES[modelType]],
    model_type: modelType,
    vocab_size: config.vocabularySize,
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.kvHeads,
    head_dim: config.headDim,
    hidden_act: 'silu',
    max_position_embeddings: config.contextLength,
    rms_norm_eps: shortest(config.normEps),
    rope_theta: theta,
    rope_scaling: scaling ?? null,
    rope_parameters: { rope_type: 'default', ...scaling, rope_theta: theta },
    attention_bias: modelType === 'llama' || modelType === 'qwen3' ? qkvBias && outputBias : undefined,
    mlp_bias: modelType === 'llama' ? mlpBias : undefined,
    sliding_window: modelType === 'mistral' ? (slidingWindow ?? null) : undefined,
    use_sliding_window: isQwen ? false : undefined,
    tie_word_embeddings: config.tied,
    bos_token_id: tokens?.bosId ?? null,
    eos_token_id: others.length > 0 ? [eos, ...others] : (eos ?? null),
    pad_token_id: tokens?.padId ?? null,
    dtype,
    torch_dtype: dtype,
    use_cache: true,
  };
  return `${JSON.stringify(fields, null, 2)}\n`;
}

/** The `model_type`. A GGUF file names Mistral's models llama; only they have a sliding window. */
function typeInJson({ modelType, slidingWindow }: LlamaConfig): LlamaModelType {
  if (slidingWindow === undefined || modelType === 'mistral') return modelType;
  if (modelType === 'llama') return 'mistral';
  throw new RangeError(
    `exportMerged: config.json of ${modelType} has no sliding window in all layers: ${slidingWindow}`,
  );
}

function checkBiases(modelType: LlamaModelType, { qkvBias, outputBias, mlpBias }: LlamaConfig): void {
  const isBoth = modelType === 'llama' || modelType === 'qwen3';
  const isSaid = isBoth ? qkvBias === outputBias : !outputBias && qkvBias === (modelType === 'qwen2');
  if (isSaid && (!mlpBias || modelType === 'llama')) return;
  throw new RangeError(
    `exportMerged: config.json of ${modelType} has no setting for these biases: q, k, v ${qkvBias}, output ${outputBias}, feed-forward ${mlpBias}: use format gguf`,
  );
}

function scalingInJson({ rope, headDim }: LlamaConfig): Record<string, string | number> | undefined {
  const { scaling } = rope;
  if (!scaling) return undefined;
  if (scaling.type === 'linear') return { rope_type: 'linear', type: 'linear', factor: scaling.factor };
  const llama3 = scaling.type === 'llama3' ? scaling : llama3Of(rope.theta, scaling.factors, headDim);
  return {
    rope_type: 'llama3',
    type: 'llama3',
    factor: llama3.factor,
    low_freq_factor: llama3.lowFreqFactor,
    high_freq_factor: llama3.highFreqFactor,
    original_max_position_embeddings: llama3.originalContextLength,
  };
}

/** The settings from which a GGUF file's factors were computed: those of Llama 3, with a context that is a power of two. */
function llama3Of(theta: number, factors: Float32Array, headDim: number): Llama3 {
  const factor = shortest(factors.reduce((most, each) => Math.max(most, each), 1));
  for (let context = 2 ** 20; context >= 2; context /= 2) {
    const scaling: Llama3 = {
      type: 'llama3',
      ...{ factor, lowFreqFactor: 1, highFreqFactor: 4, originalContextLength: context },
    };
    const found = ropeFactors({ rope: { theta, scaling }, headDim });
    if (found?.every((each, i) => Math.abs(each / factors[i] - 1) < 1e-5)) return scaling;
  }
  throw new RangeError(
    'exportMerged: config.json has no setting for the factors of rope_freqs, which are not those of Llama 3: use format gguf',
  );
}

/** The divisor of each angle, [headDim / 2], where it is not the same for all. */
export function ropeFactors({
  rope,
  headDim,
}: Pick<LlamaConfig, 'rope' | 'headDim'>): Float32Array | undefined {
  const { theta, scaling } = rope;
  if (!scaling || scaling.type === 'linear') return undefined;
  if (scaling.type === 'factors') return scaling.factors;
  const scaled = inverseFrequencies(rope, headDim);
  return inverseFrequencies({ theta, scaling: undefined }, headDim).map((each, i) => each / scaled[i]);
}

/** A number that f32 holds, as a short decimal that rounds to it: 1e-5, not 0.000009999999747378752. */
function shortest(value: number): number {
  if (Math.fround(value) !== value) return value;
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}

/**
 * The entries `general.architecture` and `<architecture>.…`.
 * @see https://github.com/ggml-org/ggml/blob/master/docs/gguf.md#llama
 */
export function configEntries(config: LlamaConfig): (readonly [key: string, value: WritableValue])[] {
  const architecture = ggufArchitecture(config);
  const { rope, headDim } = config;
  const integers: [string, number | undefined][] = [
    ['block_count', config.layers],
    ['context_length', config.contextLength],
    ['embedding_length', config.hiddenSize],
    ['feed_forward_length', config.intermediateSize],
    ['attention.head_count', config.heads],
    ['attention.head_count_kv', config.kvHeads],
    ['attention.key_length', headDim],
    ['attention.value_length', headDim],
    ['attention.sliding_window', config.slidingWindow],
    ['rope.dimension_count', headDim],
    ['vocab_size', config.vocabularySize],
  ];
  const floats: [string, number | undefined][] = [
    ['attention.layer_norm_rms_epsilon', config.normEps],
    ['rope.freq_base', rope.theta],
    ['rope.scaling.factor', rope.scaling?.type === 'linear' ? rope.scaling.factor : undefined],
  ];
  const numbers = (type: 'u32' | 'f32', list: readonly [string, number | undefined][]) =>
    list.flatMap(([key, value]) =>
      value === undefined ? [] : [[`${architecture}.${key}`, { type, value }] as const],
    );
  const linear = rope.scaling?.type === 'linear';
  const scaling = [`${architecture}.rope.scaling.type`, { type: 'string', value: 'linear' }] as const;
  return [
    ['general.architecture', { type: 'string', value: architecture }],
    ['general.type', { type: 'string', value: 'model' }],
    ...numbers('u32', integers),
    ...numbers('f32', floats),
    ...(linear ? [scaling] : []),
  ];
}
