/** The tensors of a model of the Llama family by their Hugging Face names, and those of GGUF files for them. */
import type { LlamaConfig } from './llamaConfig.js';

/** Role of a weight. `table`: embedding or head, which suffer most from few bits; `vector`: a bias or the weight of a norm. */
export type WeightRole = 'matrix' | 'table' | 'vector';

export interface WeightPlan {
  readonly shape: readonly number[];
  readonly role: WeightRole;
}

/** Every tensor of a model, in the order of its blocks; for a tied head, only the embedding. */
export function llamaWeights(config: LlamaConfig): Map<string, WeightPlan> {
  const { vocabularySize, hiddenSize, layers, tied } = config;
  const plan = new Map<string, WeightPlan>();
  plan.set('model.embed_tokens.weight', { shape: [vocabularySize, hiddenSize], role: 'table' });
  for (let layer = 0; layer < layers; layer++)
    for (const [name, each] of blockWeights(config)) plan.set(`model.layers.${layer}.${name}`, each);
  plan.set('model.norm.weight', { shape: [hiddenSize], role: 'vector' });
  if (!tied) plan.set('lm_head.weight', { shape: [vocabularySize, hiddenSize], role: 'table' });
  return plan;
}

function* blockWeights(config: LlamaConfig): Generator<[name: string, plan: WeightPlan]> {
  const { hiddenSize, intermediateSize, heads, kvHeads, headDim, qkvBias, outputBias, mlpBias } = config;
  const linear = function* (
    name: string,
    [inFeatures, outFeatures]: readonly [number, number],
    hasBias: boolean,
  ): Generator<[string, WeightPlan]> {
    yield [`${name}.weight`, { shape: [outFeatures, inFeatures], role: 'matrix' }];
    if (hasBias) yield [`${name}.bias`, { shape: [outFeatures], role: 'vector' }];
  };
  const norm = (name: string, size: number): [string, WeightPlan] => [
    `${name}.weight`,
    { shape: [size], role: 'vector' },
  ];
  yield norm('input_layernorm', hiddenSize);
  yield* linear('self_attn.q_proj', [hiddenSize, heads * headDim], qkvBias);
  yield* linear('self_attn.k_proj', [hiddenSize, kvHeads * headDim], qkvBias);
  yield* linear('self_attn.v_proj', [hiddenSize, kvHeads * headDim], qkvBias);
  yield* linear('self_attn.o_proj', [heads * headDim, hiddenSize], outputBias);
  if (config.qkNorm) {
    yield norm('self_attn.q_norm', headDim);
    yield norm('self_attn.k_norm', headDim);
  }
  yield norm('post_attention_layernorm', hiddenSize);
  yield* linear('mlp.gate_proj', [hiddenSize, intermediateSize], mlpBias);
  yield* linear('mlp.up_proj', [hiddenSize, intermediateSize], mlpBias);
  yield* linear('mlp.down_proj', [intermediateSize, hiddenSize], mlpBias);
}

const GGUF_NAMES: Readonly<Record<string, string>> = {
  'model.embed_tokens': 'token_embd',
  'model.norm': 'output_norm',
  lm_head: 'output',
  input_layernorm: 'attn_norm',
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  'self_attn.q_norm': 'attn_q_norm',
  'self_attn.k_norm': 'attn_k_norm',
  post_attention_layernorm: 'ffn_norm',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
};

/**
 * The name of a tensor in a GGUF file: `model.layers.0.self_attn.q_proj.weight` is `blk.0.attn_q.weight`.
 * @see https://github.com/ggml-org/llama.cpp/blob/master/gguf-py/gguf/constants.py
 */
export function ggufName(name: string): string {
  const [, layer, module, kind] = /^(?:model\.layers\.(\d+)\.)?(.+)\.(weight|bias)$/.exec(name) ?? [];
  const known = GGUF_NAMES[module];
  return layer === undefined ? `${known}.${kind}` : `blk.${layer}.${known}.${kind}`;
}

/** The name of the architecture in a GGUF file: Mistral's models have that of Llama. */
export function ggufArchitecture({ modelType }: LlamaConfig): 'llama' | 'qwen2' | 'qwen3' {
  return modelType === 'mistral' ? 'llama' : modelType;
}

/**
 * The number of heads whose rows must be reordered, or undefined. Files of architecture `llama` have the rows of q and k in the
 * order of neighbouring pairs, (head, i, half); the model's own order is (head, half, i).
 * @see https://github.com/ggml-org/llama.cpp/blob/master/convert_hf_to_gguf.py
 */
export function permutedHeads(name: string, config: LlamaConfig): number | undefined {
  if (ggufArchitecture(config) !== 'llama') return undefined;
  if (name.includes('.self_attn.q_proj.')) return config.heads;
  return name.includes('.self_attn.k_proj.') ? config.kvHeads : undefined;
}

/** Puts rows in the model's own order; a row is a range of bytes of any type. */
export function unpermuteRows(bytes: Uint8Array, rows: number, heads: number): Uint8Array {
  return movedRows(bytes, rows, heads, (i, dim) => [pairPlace(i, dim), i]);
}

/** Puts rows in the order of neighbouring pairs: the inverse of {@link unpermuteRows}. */
export function permuteRows(bytes: Uint8Array, rows: number, heads: number): Uint8Array {
  return movedRows(bytes, rows, heads, (i, dim) => [i, pairPlace(i, dim)]);
}

/** The place of row i of a head's `dim` rows in the order of pairs. */
function pairPlace(i: number, dim: number): number {
  return i < dim / 2 ? 2 * i : 2 * i - dim + 1;
}

function movedRows(
  bytes: Uint8Array,
  rows: number,
  heads: number,
  move: (i: number, dim: number) => readonly [from: number, to: number],
): Uint8Array {
  const [size, dim] = [bytes.length / rows, rows / heads];
  const out = new Uint8Array(bytes.length);
  for (let head = 0; head < heads; head++) {
    for (let i = 0; i < dim; i++) {
      const [from, to] = move(i, dim);
      const begin = (head * dim + from) * size;
      out.set(bytes.subarray(begin, begin + size), (head * dim + to) * size);
    }
  }
  return out;
}
