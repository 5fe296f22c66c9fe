/** The config of an adapter: which modules, which rank, what else trains. Names and defaults are PEFT's. */
import { checkOptions } from '../base/options.js';
import { PythonPattern } from './pythonPattern.js';

/**
 * Initialization of the factors. `kaiming`: A uniform in ±1/√inFeatures, B zero. `gaussian`: A normal with
 * standard deviation 1/rank, B zero. `normal`: the same with standard deviation 1. `orthogonal`: A and B whose rows and
 * columns are orthogonal to each other, so that B A is 0; requires an even rank. `pissa`: from the largest singular
 * values of the weight, `pissa_niter_N` of those found by random columns in N iterations, for large weights; `olora`: from its QR decomposition; all three subtract their initial product from the weight.
 * On an Embedding, A is zero and B standard normal, whatever the initialization.
 * @see https://huggingface.co/docs/peft/package_reference/lora#peft.LoraConfig (`init_lora_weights`)
 */
export type LoraInit =
  | 'kaiming'
  | 'gaussian'
  | 'normal'
  | 'orthogonal'
  | 'pissa'
  | `pissa_niter_${number}`
  | 'olora';

/** Which biases train with the adapter: none, those of the adapted layers, or all of the model. */
export type LoraBias = 'none' | 'lora_only' | 'all';

/** Modules by name (a whole path or its end: `q_proj` is `layers.0.q_proj`), or a pattern that matches the whole path. */
export type ModuleNames = RegExp | PythonPattern | readonly string[];

/**
 * Numbers by pattern: the end of a path, or a regular expression in Python's syntax for it. The first that matches counts. A
 * Map keeps its order whatever its keys are; JavaScript moves keys such as `0` to the front of an object.
 */
export type NumbersByPattern = Readonly<Record<string, number>> | ReadonlyMap<string, number>;

export interface LoraConfig {
  /** `layer` wraps a module, `parametrization` makes a Linear's weight W + s B A. Default `layer`. */
  readonly method?: 'layer' | 'parametrization';
  /** The Linear and Embedding modules to adapt, or every Linear but a language model's head. Default `all-linear`. */
  readonly targetModules?: 'all-linear' | ModuleNames;
  /** Modules to leave out of those. Default none. */
  readonly excludeModules?: ModuleNames;
  /** Rank of the update. Default 8. */
  readonly rank?: number;
  /** Numerator of the update's scale, alpha / rank. Default 8. */
  readonly alpha?: number;
  /** Ranks for single modules, by pattern. Default none. */
  readonly rankPattern?: NumbersByPattern;
  /** Alphas for single modules, by pattern. Default none. */
  readonly alphaPattern?: NumbersByPattern;
  /** Whether to scale by alpha / √rank instead (rsLoRA, arXiv:2312.03732). Default false. */
  readonly useRslora?: boolean;
  /** Whether to train the magnitude of each weight row separately (DoRA, arXiv:2402.09353). Default false. */
  readonly useDora?: boolean;
  /** Probability that an input of A is left out in training. Default 0. */
  readonly dropout?: number;
  /** Biases that train with the adapter. Default `none`. */
  readonly bias?: LoraBias;
  /** Whether B has a bias, initially zero. Default false. */
  readonly loraBias?: boolean;
  /**
   * Modules that train as a whole besides the adapted ones, such as a head: those whose path ends with one of these, even in
   * the middle of a name (`head` also means `lm_head`), as in PEFT. Default none.
   */
  readonly modulesToSave?: readonly string[];
  /** Initialization of the factors. Default `kaiming`. */
  readonly init?: LoraInit;
  /** Random seed for the initial values and the dropout. Default 0. */
  readonly seed?: number;
}

/** A complete copy of a config, which later changes by the caller do not affect. */
export interface ResolvedLoraConfig extends Required<LoraConfig> {
  readonly rankPattern: ReadonlyMap<string, number>;
  readonly alphaPattern: ReadonlyMap<string, number>;
}

const DEFAULTS: ResolvedLoraConfig = {
  method: 'layer',
  targetModules: 'all-linear',
  excludeModules: [],
  rank: 8,
  alpha: 8,
  rankPattern: new Map(),
  alphaPattern: new Map(),
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
 * Copies a config and fills in the defaults, also for undefined values.
 * @throws RangeError for a value that no model could take, TypeError for an option that does not exist
 */
export function resolveConfig(config: LoraConfig): ResolvedLoraConfig {
  checkOptions<LoraConfig>('applyLora', config, DEFAULTS);
  const defined = Object.entries(config).filter(([, value]) => value !== undefined);
  const given: Required<LoraConfig> = { ...DEFAULTS, ...Object.fromEntries(defined) };
  const { targetModules } = given;
  const resolved: ResolvedLoraConfig = {
    ...given,
    targetModules: targetModules === 'all-linear' ? 'all-linear' : copyNames('targetModules', targetModules),
    excludeModules: copyNames('excludeModules', given.excludeModules),
    modulesToSave: copyList('modulesToSave', given.modulesToSave),
    rankPattern: orderedNumbers('rankPattern', given.rankPattern),
    alphaPattern: orderedNumbers('alphaPattern', given.alphaPattern),
  };
  oneOf('method', resolved.method, ['layer', 'parametrization']);
  oneOf('bias', resolved.bias, ['none', 'lora_only', 'all']);
  if (!/^pissa_niter_[1-9]\d?$/.test(resolved.init))
    oneOf('init', resolved.init, ['kaiming', 'gaussian', 'normal', 'orthogonal', 'pissa', 'olora']);
  for (const rank of [resolved.rank, ...resolved.rankPattern.values()]) checkRankNumber(rank);
  for (const alpha of [resolved.alpha, ...resolved.alphaPattern.values()]) {
    if (!Number.isFinite(alpha)) throw new RangeError(`lora: alpha must be a finite number: ${alpha}`);
  }
  const { dropout } = resolved;
  if (!(dropout >= 0 && dropout < 1)) {
    throw new RangeError(`lora: dropout must be at least 0 and below 1: ${dropout}`);
  }
  checkTogether(resolved);
  return resolved;
}

/** Copies the names; a RegExp with the flag g or y would continue where it matched last, so the copy has neither. */
function copyNames(option: string, names: ModuleNames): ModuleNames {
  if (names instanceof RegExp) return new RegExp(names.source, names.flags.replace(/[gy]/g, ''));
  return names instanceof PythonPattern ? names : copyList(option, names);
}

/** @throws RangeError for a string, which would be a list of its letters */
function copyList(option: string, names: readonly string[]): readonly string[] {
  if (Array.isArray(names)) return [...names];
  throw new RangeError(`lora: ${option} must be an array of names: ${JSON.stringify(names)}`);
}

/** @throws RangeError where an object cannot hold the order in which its keys were written, and the order may matter */
function orderedNumbers(name: string, numbers: NumbersByPattern): ReadonlyMap<string, number> {
  if (numbers instanceof Map) return new Map(numbers);
  const entries = Object.entries(numbers);
  const moved = entries.find(([key]) => /^(0|[1-9]\d*)$/.test(key));
  // Two names without a dot or a pattern character never match the same path.
  if (moved && entries.some(([key]) => !/^[\w-]+$/.test(key))) {
    throw new RangeError(
      `lora: ${name} must be a Map to keep the order of its patterns: JavaScript moves ${moved[0]} to the front of an object`,
    );
  }
  return new Map(entries);
}

/** Checks combinations that PEFT refuses too, and what a parametrization, which sees no input, cannot do. */
function checkTogether({ method, init, useDora, loraBias, dropout }: ResolvedLoraConfig): void {
  if (loraBias && useDora) throw new RangeError('lora: loraBias and useDora cannot be combined');
  if (loraBias && init !== 'kaiming' && init !== 'gaussian' && init !== 'normal') {
    throw new RangeError(`lora: loraBias cannot be combined with init ${init}`);
  }
  if (method === 'layer') return;
  const layerOnly = Object.entries({ useDora, loraBias, dropout: dropout > 0 }).find(([, value]) => value);
  if (layerOnly) throw new RangeError(`lora: ${layerOnly[0]} requires the method layer`);
}

function checkRankNumber(rank: number): void {
  if (!Number.isInteger(rank) || rank < 1)
    throw new RangeError(`lora: rank must be a positive integer: ${rank}`);
}

function oneOf(name: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value))
    throw new RangeError(`lora: ${name} must be one of ${allowed.join(', ')}: ${value}`);
}

/** s = alpha / rank, or alpha / √rank. */
export function scalingOf(rank: number, alpha: number, useRslora: boolean): number {
  return alpha / (useRslora ? Math.sqrt(rank) : rank);
}
