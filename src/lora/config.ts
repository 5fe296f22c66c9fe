/** What an adapter is: which modules, which rank, what else trains. Names and defaults are PEFT's. */

import { kaimingUniform, normal } from '../nn/init.js';
import type { Linear } from '../nn/linear.js';
import type { Random } from '../random.js';
import { type Parameter, parameter } from '../tensor.js';

/** How A is drawn at first (B is zero): uniform in ±1/√inFeatures, or normal with mean 0 and variance 1. */
export type LoraInit = 'kaiming' | 'gaussian';

/** Which biases train with the adapter: none, those of the adapted layers, or all of the model. */
export type LoraBias = 'none' | 'lora_only' | 'all';

export interface LoraConfig {
  /** `layer` wraps a Linear in a LoraLinear, `parametrization` makes its weight W + s B A. Default `layer`. */
  readonly method?: 'layer' | 'parametrization';
  /**
   * Linear modules by name: a whole path or its end (`q_proj` is `layers.0.q_proj`), a RegExp that matches
   * the whole path, or every one. Default `all-linear`.
   */
  readonly targetModules?: 'all-linear' | RegExp | readonly string[];
  /** Default 8. */
  readonly rank?: number;
  /** The update is scaled by alpha / rank. Default 8. */
  readonly alpha?: number;
  /** Default `none`. */
  readonly bias?: LoraBias;
  /** Default `kaiming`. */
  readonly init?: LoraInit;
  /** Of the initial values; default 0. */
  readonly seed?: number;
}

export type ResolvedLoraConfig = Required<LoraConfig>;

/** Fills in the defaults. @throws RangeError for a value that no model could take */
export function resolveConfig(config: LoraConfig): ResolvedLoraConfig {
  const resolved = {
    method: 'layer',
    targetModules: 'all-linear',
    rank: 8,
    alpha: 8,
    bias: 'none',
    init: 'kaiming',
    seed: 0,
    ...config,
  } as const;
  const { rank, alpha } = resolved;
  if (!Number.isInteger(rank) || rank < 1)
    throw new RangeError(`lora: rank must be an integer from 1 on: ${rank}`);
  if (!Number.isFinite(alpha)) throw new RangeError(`lora: alpha must be a finite number: ${alpha}`);
  oneOf('method', resolved.method, ['layer', 'parametrization']);
  oneOf('bias', resolved.bias, ['none', 'lora_only', 'all']);
  oneOf('init', resolved.init, ['kaiming', 'gaussian']);
  return resolved;
}

function oneOf(name: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value))
    throw new RangeError(`lora: ${name} must be one of ${allowed.join(', ')}: ${value}`);
}

/** What LoraLinear and LoraParametrization need to know. */
export interface LoraFactorOptions {
  readonly rank: number;
  readonly alpha: number;
  readonly init: LoraInit;
  readonly random: Random;
}

/** @throws RangeError when the rank exceeds both sizes of the layer; `path` names it in the message */
export function checkRank(rank: number, { inFeatures, outFeatures }: Linear, path = 'a layer'): void {
  const largest = Math.max(inFeatures, outFeatures);
  if (Number.isInteger(rank) && rank >= 1 && rank <= largest) return;
  throw new RangeError(
    `lora: rank must be an integer from 1 to ${largest} for ${path} (${inFeatures} to ${outFeatures}): ${rank}`,
  );
}

/**
 * The factors of an update: A `[rank, inFeatures]` drawn, B `[outFeatures, rank]` zero, so that a fresh
 * adapter changes nothing.
 * @throws RangeError when the rank exceeds both sizes of the layer
 */
export function loraFactors(
  layer: Linear,
  { rank, init, random }: LoraFactorOptions,
): { loraA: Parameter; loraB: Parameter } {
  checkRank(rank, layer);
  const { weight, inFeatures, outFeatures } = layer;
  const count = rank * inFeatures;
  const a = init === 'gaussian' ? normal(count, 1, random) : kaimingUniform(count, inFeatures, random);
  return {
    loraA: parameter(weight.device, a, [rank, inFeatures]),
    loraB: parameter(weight.device, new Float32Array(outFeatures * rank), [outFeatures, rank]),
  };
}
