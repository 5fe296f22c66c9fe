/**
 * The Llama family: Llama, Mistral, SmolLM2, TinyLlama, and with options Qwen2 and Qwen3. Modules have the names of the
 * model's Hugging Face files, so that names in PEFT adapters match.
 * @see https://github.com/huggingface/transformers/blob/main/src/transformers/models/llama/modeling_llama.py
 */
import { spare } from '../autograd/recompute.js';
import { isGradEnabled, noGrad } from '../autograd/record.js';
import type { Backend } from '../backends/backend.js';
import { ShapeError } from '../base/errors.js';
import { checkpoint } from '../nn/checkpoint.js';
import { Embedding } from '../nn/embedding.js';
import { Linear } from '../nn/linear.js';
import { Layer, Module } from '../nn/module.js';
import { checkPrecision, setPrecision } from '../nn/precision.js';
import { RMSNorm } from '../nn/rmsNorm.js';
import { addResidual } from '../ops/addResidual.js';
import { attention } from '../ops/attention.js';
import { embedding } from '../ops/embedding.js';
import { reshape } from '../ops/reshape.js';
import { rope } from '../ops/rope.js';
import { siluMul } from '../ops/siluMul.js';
import type { Precision, Tensor } from '../tensor.js';
import type { CacheSizes } from './keyValueCache.js';
import type { LlamaConfig } from './llamaConfig.js';
import { RotaryTables } from './rotary.js';
import { causalContext, type RequestedRows, type TokenContext } from './tokenContext.js';

/** Returns the tensor of a name, such as `model.norm.weight`. */
export type WeightsByName = (name: string) => Tensor;

interface Building {
  readonly device: Backend;
  readonly config: LlamaConfig;
  readonly weights: WeightsByName;
}

function projection(
  { device, weights }: Building,
  path: string,
  [inFeatures, outFeatures]: readonly [number, number],
  hasBias: boolean,
): Linear {
  const bias = hasBias ? weights(`${path}.bias`) : false;
  return new Linear(device, inFeatures, outFeatures, { weight: weights(`${path}.weight`), bias });
}

function norm({ device, config, weights }: Building, path: string, features: number): RMSNorm {
  return new RMSNorm(device, features, { eps: config.normEps, weight: weights(`${path}.weight`) });
}

/** Attention with grouped heads: `o_proj(attention(rope(q), rope(k), v))`. */
export class LlamaAttention extends Module {
  q_proj: Layer;
  k_proj: Layer;
  v_proj: Layer;
  o_proj: Layer;
  readonly q_norm: RMSNorm | undefined;
  readonly k_norm: RMSNorm | undefined;
  readonly #config: LlamaConfig;
  readonly #rotary: RotaryTables;
  readonly #index: number;

  constructor(
    building: Building,
    path: string,
    place: { readonly index: number; readonly rotary: RotaryTables },
  ) {
    super();
    const { config } = building;
    const { hiddenSize, heads, kvHeads, headDim, qkvBias, outputBias, qkNorm } = config;
    const sizes = [hiddenSize, kvHeads * headDim] as const;
    this.q_proj = projection(building, `${path}.q_proj`, [hiddenSize, heads * headDim], qkvBias);
    this.k_proj = projection(building, `${path}.k_proj`, sizes, qkvBias);
    this.v_proj = projection(building, `${path}.v_proj`, sizes, qkvBias);
    this.o_proj = projection(building, `${path}.o_proj`, [heads * headDim, hiddenSize], outputBias);
    if (qkNorm) {
      this.q_norm = norm(building, `${path}.q_norm`, headDim);
      this.k_norm = norm(building, `${path}.k_norm`, headDim);
    }
    this.#config = config;
    this.#rotary = place.rotary;
    this.#index = place.index;
  }

  /** Computes the layer. @param x  [tokens, hiddenSize] @returns the same shape, or that of the requested rows */
  forward(x: Tensor, context: TokenContext): Tensor {
    const { heads, kvHeads } = this.#config;
    const { length, cached, requested } = context;
    const { positions, ranges } = requested ?? context;
    const queries = this.q_proj.forward(requestedRows(x, requested));
    const q = this.#turned(queries, { heads, norm: this.q_norm }, { positions, length });
    const k = this.#turned(this.k_proj.forward(x), { heads: kvHeads, norm: this.k_norm }, context);
    const v = this.v_proj.forward(x);
    if (!cached) return this.o_proj.forward(attention(q, k, v, { ranges, heads, kvHeads }));
    const { keys, values } = cached.cache.put(this.#index, k, v, cached.rows);
    return this.o_proj.forward(attention(q, keys, values, { ranges, heads, kvHeads }));
  }

  /** Normalises each head, where the model does so, and rotates it by its position. */
  #turned(
    x: Tensor,
    { heads, norm: headNorm }: { readonly heads: number; readonly norm: RMSNorm | undefined },
    { positions, length }: Pick<TokenContext, 'positions' | 'length'>,
  ): Tensor {
    const tables = this.#rotary.upTo(x.device, length);
    const rows = x.shape[0];
    const { headDim } = this.#config;
    const normed = headNorm
      ? reshape(headNorm.forward(reshape(x, [rows * heads, headDim])), [rows, heads * headDim])
      : x;
    return rope(normed, { ...tables, positions, heads, spends: true });
  }
}

/** The feed-forward part: `down_proj(silu(gate_proj(x)) · up_proj(x))`. */
export class LlamaMLP extends Layer {
  gate_proj: Layer;
  up_proj: Layer;
  down_proj: Layer;

  constructor(building: Building, path: string) {
    super();
    const { hiddenSize, intermediateSize, mlpBias } = building.config;
    const sizes = [hiddenSize, intermediateSize] as const;
    this.gate_proj = projection(building, `${path}.gate_proj`, sizes, mlpBias);
    this.up_proj = projection(building, `${path}.up_proj`, sizes, mlpBias);
    this.down_proj = projection(building, `${path}.down_proj`, [intermediateSize, hiddenSize], mlpBias);
  }

  /** Computes the layer. @param x  [tokens, hiddenSize] @returns the same shape */
  forward(x: Tensor): Tensor {
    const inner = siluMul(this.gate_proj.forward(x), this.up_proj.forward(x));
    const out = this.down_proj.forward(inner);
    spare(inner);
    return out;
  }
}

/** A block: attention, then the feed-forward part, each applied to its normalised input and added to that input. */
export class LlamaDecoderLayer extends Module {
  readonly self_attn: LlamaAttention;
  readonly mlp: LlamaMLP;
  readonly input_layernorm: RMSNorm;
  readonly post_attention_layernorm: RMSNorm;

  constructor(
    building: Building,
    path: string,
    place: { readonly index: number; readonly rotary: RotaryTables },
  ) {
    super();
    const { hiddenSize } = building.config;
    this.self_attn = new LlamaAttention(building, `${path}.self_attn`, place);
    this.mlp = new LlamaMLP(building, `${path}.mlp`);
    this.input_layernorm = norm(building, `${path}.input_layernorm`, hiddenSize);
    this.post_attention_layernorm = norm(building, `${path}.post_attention_layernorm`, hiddenSize);
  }

  /** Computes the layer. @param x  [tokens, hiddenSize] @returns the same shape, or that of the requested rows */
  forward(x: Tensor, context: TokenContext): Tensor {
    const stream = requestedRows(x, context.requested);
    const normed = this.input_layernorm.forward(x);
    const between = addResidual(stream, this.self_attn.forward(normed, context));
    spare(normed);
    const normedBetween = this.post_attention_layernorm.forward(between);
    const out = addResidual(between, this.mlp.forward(normedBetween));
    spare(normedBetween);
    return out;
  }
}

function requestedRows(x: Tensor, requested: RequestedRows | undefined): Tensor {
  return requested ? embedding(requested.rows, x) : x;
}

/** Embedding, blocks and the last norm: tokens to hidden states. */
export class LlamaModel extends Module {
  embed_tokens: Layer;
  readonly layers: readonly LlamaDecoderLayer[];
  readonly norm: RMSNorm;
  readonly rotary: RotaryTables;
  /** Whether training keeps only the input of each block, and recomputes the block in the backward pass, to the same bits. */
  gradientCheckpointing = false;

  constructor(building: Building, path: string) {
    super();
    const { device, config, weights } = building;
    const { vocabularySize, hiddenSize, headDim } = config;
    this.rotary = new RotaryTables(config.rope, headDim);
    const weight = weights(`${path}.embed_tokens.weight`);
    this.embed_tokens = new Embedding(device, vocabularySize, hiddenSize, { weight });
    this.layers = Array.from({ length: config.layers }, (_, index) => {
      return new LlamaDecoderLayer(building, `${path}.layers.${index}`, { index, rotary: this.rotary });
    });
    this.norm = norm(building, `${path}.norm`, hiddenSize);
  }

  /** Computes hidden states. @param ids  i32 [tokens] @returns [tokens, hiddenSize], or the requested rows of it */
  forward(ids: Tensor, context: TokenContext): Tensor {
    let x = this.embed_tokens.forward(ids);
    const inner = { ...context, requested: undefined };
    const last = this.layers.length - 1;
    for (const [i, layer] of this.layers.entries()) x = this.#block(layer, x, i < last ? inner : context);
    return this.norm.forward(x);
  }

  #block(layer: LlamaDecoderLayer, x: Tensor, context: TokenContext): Tensor {
    const isTrained = () => x.requiresGrad || layer.parameters().some(({ requiresGrad }) => requiresGrad);
    if (!isGradEnabled() || !isTrained()) return runBlock(layer, x, context);
    const segment = (input: Tensor) => layer.forward(input, context);
    return this.gradientCheckpointing ? checkpoint(segment, x) : segment(x);
  }
}

/** Runs a block outside training, or below all trained layers: it frees its intermediate results, and its input. */
function runBlock(layer: LlamaDecoderLayer, x: Tensor, context: TokenContext): Tensor {
  const next = noGrad(() => layer.forward(x, context));
  x.dispose();
  return next;
}

/** A language model that predicts the next token. */
export class LlamaForCausalLM extends Layer {
  readonly model: LlamaModel;
  lm_head: Layer;
  #precision: Precision = 'exact';

  constructor(
    device: Backend,
    readonly config: LlamaConfig,
    weights: WeightsByName,
  ) {
    super();
    const building = { device, config, weights };
    const { hiddenSize, vocabularySize, tied } = config;
    this.model = new LlamaModel(building, 'model');
    const weight = weights(tied ? 'model.embed_tokens.weight' : 'lm_head.weight');
    this.lm_head = new Linear(device, hiddenSize, vocabularySize, { weight, bias: false });
  }

  override get outputEmbedding(): Layer {
    return this.lm_head;
  }

  get device(): Backend {
    return this.model.norm.weight.device;
  }

  /** Precision of products with packed weights; weights of other types are always multiplied exactly. */
  get precision(): Precision {
    return this.#precision;
  }

  /** Sets the precision. @throws RangeError for an unknown value, DeviceError where the device has no integer products */
  set precision(precision: Precision) {
    checkPrecision('precision', precision, this.device);
    setPrecision(this, precision);
    this.#precision = precision;
  }

  /** Sizes of a KV cache for this model. */
  get cacheSizes(): CacheSizes {
    const { layers, kvHeads, headDim } = this.config;
    return { layers, width: kvHeads * headDim };
  }

  /**
   * Hidden states after the last norm.
   * @param ids  i32 [tokens]; an index without a row in the embedding gives NaN
   * @returns    [tokens, hiddenSize], or the rows of it that `context` requests
   */
  hiddenStates(ids: Tensor, context: TokenContext): Tensor {
    if (ids.shape.length !== 1) throw new ShapeError(`hiddenStates: ids must be [tokens]: [${ids.shape}]`);
    return this.model.forward(ids, context);
  }

  /**
   * Logits of a sequence from its beginning: each token sees those before it.
   * @param ids  i32 [tokens]
   * @returns    [tokens, vocabularySize]
   */
  forward(ids: Tensor): Tensor {
    const context = causalContext(ids.device, ids.length, this.config.slidingWindow);
    const logits = this.lm_head.forward(this.hiddenStates(ids, context));
    if (!isGradEnabled()) for (const each of [context.positions, context.ranges]) each.dispose();
    return logits;
  }
}
