/** What an adapter is: which modules, which rank, what else trains. Names and defaults are PEFT's. */
import { checkOptions } from '../options.js';

/**
 * How the factors are drawn at first. `kaiming`: A uniform in ±1/√inFeatures, B zero. `gaussian`: A normal with
 * standard deviation 1/rank, B zero. `normal`: the same with standard deviation 1. `orthogonal`: A and B whose rows and
 * columns are orthogonal to each other, so that B A is 0; wants an even rank. `pissa`: from the largest singular
 * values of the weight; `olora`: from its QR decomposition; both take what they begin with off the weight again.
 * On an Embedding all of them are A zero and B standard normal.
 * @see https://huggingface.co/docs/peft/package_reference/lora#peft.LoraConfig (`init_lora_weights`)
 */
export type LoraInit = 'kaiming' | 'gaussian' | 'normal' | 'orthogonal' | 'pissa' | 'olora';

/** Which biases train with the adapter: none, those of the adapted layers, or all of the model. */
export type LoraBias = 'none' | 'lora_only' | 'all';

/** Modules by name (a whole path or its end: `q_proj` is `layers.0.q_proj`), or a RegExp that matches the whole path. */
export type ModuleNames = RegExp | readonly string[];

export interface LoraConfig {
  /** `layer` wraps a module, `parametrization` makes a Linear's weight W + s B A. Default `layer`. */
  readonly method?: 'layer' | 'parametrization';
  /** The Linear and Embedding modules to adapt, or every Linear. Default `all-linear`. */
  readonly targetModules?: 'all-linear' | ModuleNames;
  /** Modules to leave out of those. Default none. */
  readonly excludeModules?: ModuleNames;
  /** Default 8. */
  readonly rank?: number;
  /** The update is scaled by alpha / rank. Default 8. */
  readonly alpha?: number;
  /** Ranks of their own, by the end of a path or a regular expression for it; the first that matches counts. */
  readonly rankPattern?: Readonly<Record<string, number>>;
  /** Alphas of their own, likewise. */
  readonly alphaPattern?: Readonly<Record<string, number>>;
  /** Scales by alpha / √rank instead (arXiv:2312.03732). Default false. */
  readonly useRslora?: boolean;
  /** Trains the length of each row of the weight by itself (DoRA, arXiv:2402.09353). Default false. */
  readonly useDora?: boolean;
  /** Probability by which an input of A is left out in training. Default 0. */
  readonly dropout?: number;
  /** Default `none`. */
  readonly bias?: LoraBias;
  /** A bias of B's own, zero at first. Default false. */
  readonly loraBias?: boolean;
  /** Modules that train as a whole beside the adapted ones, such as a head; by name or the end of a path. */
  readonly modulesToSave?: readonly string[];
  /** Default `kaiming`. */
  readonly init?: LoraInit;
  /** Of the initial values and of the dropout; default 0. */
  readonly seed?: number;
}

export type ResolvedLoraConfig = Required<LoraConfig>;

const DEFAULTS: ResolvedLoraConfig = {
  method: 'layer',
  targetModules: 'all-linear',
  excludeModules: [],
  rank: 8,
  alpha: 8,
  rankPattern: {},
  alphaPattern: {},
  useRslora: false,
  useDora: false,
  dropout: 0,
  bias: 'none',
  loraBias: false,
  modulesToSave: [],
  init: 'kaiming',
  seed: 0,
};

/**
 * Fills in the defaults, also for what is undefined.
 * @throws RangeError for a value that no model could take, TypeError for an option that does not exist
 */
export function resolveConfig(config: LoraConfig): ResolvedLoraConfig {
  checkOptions<LoraConfig>('applyLora', config, DEFAULTS);
  const given = Object.entries(config).filter(([, value]) => value !== undefined);
  const resolved = { ...DEFAULTS, ...Object.fromEntries(given) };
  oneOf('method', resolved.method, ['layer', 'parametrization']);
  oneOf('bias', resolved.bias, ['none', 'lora_only', 'all']);
  oneOf('init', resolved.init, ['kaiming', 'gaussian', 'normal', 'orthogonal', 'pissa', 'olora']);
  for (const rank of [resolved.rank, ...Object.values(resolved.rankPattern)]) checkRankNumber(rank);
  for (const alpha of [resolved.alpha, ...Object.values(resolved.alphaPattern)]) {
    if (!Number.isFinite(alpha)) throw new RangeError(`lora: alpha must be a finite number: ${alpha}`);
  }
  const { dropout } = resolved;
  if (!(dropout >= 0 && dropout < 1)) {
    throw new RangeError(`lora: dropout must be at least 0 and below 1: ${dropout}`);
  }
  checkTogether(resolved);
  return resolved;
}

/** What PEFT refuses too, and what a parametrization, which sees no input, cannot do. */
function checkTogether({ method, init, useDora, loraBias, dropout }: ResolvedLoraConfig): void {
  if (loraBias && useDora) throw new RangeError('lora: loraBias and useDora do not go together');
  if (loraBias && (init === 'pissa' || init === 'olora' || init === 'orthogonal')) {
    throw new RangeError(`lora: loraBias wants another init: ${init}`);
  }
  if (method === 'layer') return;
  const wants = Object.entries({ useDora, loraBias, dropout: dropout > 0 }).find(([, value]) => value);
  if (wants) throw new RangeError(`lora: ${wants[0]} wants the method layer`);
}

function checkRankNumber(rank: number): void {
  if (!Number.isInteger(rank) || rank < 1)
    throw new RangeError(`lora: rank must be an integer from 1 on: ${rank}`);
}

function oneOf(name: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value))
    throw new RangeError(`lora: ${name} must be one of ${allowed.join(', ')}: ${value}`);
}

/** s = alpha / rank, or alpha / √rank. */
export function scalingOf(rank: number, alpha: number, useRslora: boolean): number {
  return alpha / (useRslora ? Math.sqrt(rank) : rank);
}
