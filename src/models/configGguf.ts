/** The config of a model in the metadata of a GGUF file. */
import { DataError } from '../base/errors.js';
import type { GgufValue } from '../gguf/values.js';
import { checkConfig, type LlamaConfig, type RopeScaling } from './llamaConfig.js';

type Metadata = ReadonlyMap<string, GgufValue>;

/** The supported architectures of GGUF files; Mistral's files also state `llama`. */
export const GGUF_ARCHITECTURES = ['llama', 'qwen2', 'qwen3'] as const;

/** Facts from the tensors of a file that its metadata leave open. */
export interface GgufFacts {
  /** Number of rows of the embedding. */
  readonly vocabularySize: number;
  /** Whether `output.weight` is missing, so that the head is the embedding. */
  readonly tied: boolean;
  /** Whether a tensor of this name exists. */
  readonly has: (name: string) => boolean;
  /** The values of `rope_freqs.weight`, if it exists. */
  readonly ropeFactors: Float32Array | undefined;
}

/**
 * Reads the config of a model of the Llama family.
 * @param name  name of the file in errors
 * @throws DataError for another architecture, for a setting that is not supported, and for sizes that do not fit
 * @see https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
export function configFromGguf(metadata: Metadata, facts: GgufFacts, name: string): LlamaConfig {
  const architecture = architectureOf(metadata, name);
  const read = numberReader(metadata, `${name}: ${architecture}`, architecture);
  const heads = read('attention.head_count');
  const hiddenSize = read('embedding_length');
  const headDim = read('attention.key_length', hiddenSize / heads);
  const valueDim = read('attention.value_length', headDim);
  const rotated = read('rope.dimension_count', headDim);
  if (valueDim !== headDim || rotated !== headDim)
    throw new DataError(
      `${name}: keys, values and rotated dimensions must have the same size: ${headDim}, ${valueDim} and ${rotated}`,
    );
  if (read('expert_count', 0) > 0)
    throw new DataError(`${name}: models with several experts are not supported`);
  const window = read('attention.sliding_window', 0);
  return checkConfig(
    {
      modelType: architecture,
      vocabularySize: facts.vocabularySize,
      hiddenSize,
      intermediateSize: read('feed_forward_length'),
      layers: read('block_count'),
      heads,
      kvHeads: read('attention.head_count_kv', heads),
      headDim,
      contextLength: read('context_length'),
      normEps: read('attention.layer_norm_rms_epsilon'),
      rope: { theta: read('rope.freq_base', 10000), scaling: scalingOf(metadata, facts, architecture, name) },
      qkvBias: facts.has('blk.0.attn_q.bias'),
      outputBias: facts.has('blk.0.attn_output.bias'),
      mlpBias: facts.has('blk.0.ffn_gate.bias'),
      qkNorm: architecture === 'qwen3',
      tied: facts.tied,
      slidingWindow: window > 0 ? window : undefined,
    },
    name,
  );
}

function architectureOf(metadata: Metadata, name: string): (typeof GGUF_ARCHITECTURES)[number] {
  const given = metadata.get('general.architecture');
  const found = GGUF_ARCHITECTURES.find((known) => known === given);
  if (found) return found;
  const what = given === undefined ? 'it is missing' : String(given);
  throw new DataError(
    `${name}: general.architecture must be one of ${GGUF_ARCHITECTURES.join(', ')}: ${what}`,
  );
}

/** A reader for `<architecture>.<key>`; some files have one number for each layer, which must be equal. */
function numberReader(metadata: Metadata, where: string, architecture: string) {
  return (key: string, otherwise?: number): number => {
    const value = metadata.get(`${architecture}.${key}`) ?? otherwise;
    if (value === undefined) throw new DataError(`${where}.${key} is missing`);
    const numbers: ArrayLike<unknown> = typeof value === 'object' ? value : [value];
    const first = numbers[0];
    if (typeof first !== 'number') throw new DataError(`${where}.${key} must be a number`);
    for (let i = 1; i < numbers.length; i++)
      if (numbers[i] !== first)
        throw new DataError(`${where}.${key} must be the same in all layers: ${first} and ${numbers[i]}`);
    return first;
  };
}

function scalingOf(
  metadata: Metadata,
  { ropeFactors }: GgufFacts,
  architecture: string,
  name: string,
): RopeScaling | undefined {
  if (ropeFactors) return { type: 'factors', factors: ropeFactors };
  const type = metadata.get(`${architecture}.rope.scaling.type`) ?? 'none';
  if (type === 'none') return undefined;
  if (type !== 'linear')
    throw new DataError(`${name}: ${architecture}.rope.scaling.type must be none or linear: ${type}`);
  const factor = metadata.get(`${architecture}.rope.scaling.factor`);
  if (typeof factor !== 'number')
    throw new DataError(`${name}: ${architecture}.rope.scaling.factor must be a number`);
  return { type, factor };
}
