/** The config of a model of the Llama family: its sizes, and the few settings in which its members differ. */
import { DataError } from '../base/errors.js';

/** Members of the Llama family, by the `model_type` of their config.json. */
export const LLAMA_FAMILY = ['llama', 'mistral', 'qwen2', 'qwen3'] as const;
export type LlamaModelType = (typeof LLAMA_FAMILY)[number];

/** Angles of the rotary embedding: `theta^(−2i/headDim) · position`, where `scaling` does not change them. */
export interface RopeConfig {
  readonly theta: number;
  readonly scaling: RopeScaling | undefined;
}

export type RopeScaling =
  /** Scaling that divides all angles. */
  | { readonly type: 'linear'; readonly factor: number }
  /** Scaling that divides the angles of long wavelengths, as in https://arxiv.org/abs/2407.21783 */
  | {
      readonly type: 'llama3';
      readonly factor: number;
      readonly lowFreqFactor: number;
      readonly highFreqFactor: number;
      readonly originalContextLength: number;
    }
  /** Scaling that divides each angle by its own factor, [headDim / 2], as stored in a GGUF file. */
  | { readonly type: 'factors'; readonly factors: Float32Array };

export interface LlamaConfig {
  readonly modelType: LlamaModelType;
  /** Number of rows of the embedding, which may exceed the number of the tokenizer's tokens. */
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  /** Width of the feed-forward part. */
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  /** Number of heads of keys and values; heads / kvHeads query heads share one. */
  readonly kvHeads: number;
  readonly headDim: number;
  /** Number of positions that the model was trained for. */
  readonly contextLength: number;
  readonly normEps: number;
  readonly rope: RopeConfig;
  /** Whether the projections to q, k and v have biases. */
  readonly qkvBias: boolean;
  /** Whether the projection of the attention's output has a bias. */
  readonly outputBias: boolean;
  /** Whether the three projections of the feed-forward part have biases. */
  readonly mlpBias: boolean;
  /** Whether q and k are normalised, head by head, before they are rotated. */
  readonly qkNorm: boolean;
  /** Whether the head's weight is the embedding. */
  readonly tied: boolean;
  /** Number of tokens that each token sees, including itself; undefined: all before it. */
  readonly slidingWindow: number | undefined;
}

const LARGEST = 2 ** 24;
const MOST_LAYERS = 1024;

/**
 * Checks that the sizes are possible and consistent.
 * @param name  name of the file in errors
 * @throws DataError for the first rule that is broken
 */
export function checkConfig(config: LlamaConfig, name: string): LlamaConfig {
  const { layers, heads, kvHeads, headDim, rope, normEps } = config;
  const sizes = ['vocabularySize', 'hiddenSize', 'intermediateSize', 'heads', 'kvHeads', 'headDim'] as const;
  for (const size of [...sizes, 'contextLength' as const]) {
    const value = config[size];
    if (!Number.isInteger(value) || value < 1 || value > LARGEST)
      throw new DataError(`${name}: ${size} must be a whole number from 1 to ${LARGEST}: ${value}`);
  }
  if (!Number.isInteger(layers) || layers < 1 || layers > MOST_LAYERS)
    throw new DataError(`${name}: the number of layers must be from 1 to ${MOST_LAYERS}: ${layers}`);
  if (heads % kvHeads !== 0)
    throw new DataError(`${name}: the key heads must divide the query heads: ${heads} and ${kvHeads}`);
  if (headDim % 2 !== 0)
    throw new DataError(
      `${name}: a head must have an even number of dimensions, for rotary positions: ${headDim}`,
    );
  for (const [what, value] of Object.entries({ 'the base of the rotary angles': rope.theta, normEps }))
    if (!(value > 0 && Number.isFinite(value)))
      throw new DataError(`${name}: ${what} must be above 0: ${value}`);
  checkScaling(rope.scaling, headDim, name);
  return config;
}

function checkScaling(scaling: RopeScaling | undefined, headDim: number, name: string): void {
  if (!scaling) return;
  if (scaling.type === 'factors') {
    const { factors } = scaling;
    if (factors.length !== headDim / 2)
      throw new DataError(`${name}: rope_freqs must have ${headDim / 2} factors: has ${factors.length}`);
    const bad = factors.find((factor) => !(factor > 0 && Number.isFinite(factor)));
    if (bad !== undefined) throw new DataError(`${name}: rope_freqs must be above 0: ${bad}`);
    return;
  }
  const { type, ...numbers } = scaling;
  for (const [what, value] of Object.entries(numbers))
    if (!(value > 0 && Number.isFinite(value)))
      throw new DataError(`${name}: ${what} of rope scaling ${type} must be above 0: ${value}`);
  if (scaling.type === 'llama3' && scaling.highFreqFactor <= scaling.lowFreqFactor)
    throw new DataError(
      `${name}: rope scaling llama3: high_freq_factor must be above low_freq_factor: ${scaling.highFreqFactor} and ${scaling.lowFreqFactor}`,
    );
}
