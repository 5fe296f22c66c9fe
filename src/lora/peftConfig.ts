/** PEFT's `adapter_config.json`, written and read. */
import { DataError } from '../base/errors.js';
import { formatJson, type Json, JsonNumber, parseJson, type WritableJson } from '../base/json.js';
import { jsonText } from '../files/fileKind.js';
import type { Module } from '../nn/module.js';
import type { LoraAdapter } from './adaptation.js';
import type { LoraBias, LoraConfig, LoraInit, ModuleNames } from './config.js';
import { matchesNames, patternFor } from './matching.js';
import { escapePattern, PythonPattern } from './pythonPattern.js';
import { baseModules } from './targets.js';

/** Entries of PEFT's config besides those of the adapter itself. */
export interface ConfigExtras {
  /** Value of `base_model_name_or_path`. Default null. */
  readonly baseModel?: string | undefined;
  /** Value of `task_type`. Default null. */
  readonly taskType?: PeftTask | undefined;
  /** Factor of every alpha. Default 1. */
  readonly scale?: number | undefined;
}

export const PEFT_TASKS = [
  'CAUSAL_LM',
  'SEQ_2_SEQ_LM',
  'SEQ_CLS',
  'TOKEN_CLS',
  'QUESTION_ANS',
  'FEATURE_EXTRACTION',
] as const;
/** PEFT's task type, which decides the methods of the loaded model, such as `generate` for CAUSAL_LM. */
export type PeftTask = (typeof PEFT_TASKS)[number];

/**
 * JSON with indent 2 and sorted keys, as PEFT writes it; the order of patterns is kept, since the first that matches counts.
 * Absent keys would take PEFT's defaults (r = 8).
 */
export function configText(
  adapter: LoraAdapter,
  { baseModel, taskType, scale = 1 }: ConfigExtras = {},
): string {
  const { config, factors } = adapter;
  const { useRslora, useDora, loraBias, bias, modulesToSave, dropout, init } = config;
  // Factors that began with a part of the weight are written as the difference from it, with twice the rank.
  const times = [...factors.values()].some(({ initial }) => initial) ? 2 : 1;
  const scaled = (patterns: ReadonlyMap<string, number>, by: number) =>
    new Map(Array.from(patterns, ([pattern, value]) => [pattern, value * by]));
  const alphaTimes = scale * (useRslora ? Math.sqrt(times) : times);
  const entries: Record<string, WritableJson> = {
    alpha_pattern: scaled(config.alphaPattern, alphaTimes),
    base_model_name_or_path: baseModel ?? null,
    bias,
    exclude_modules: null,
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: init === 'gaussian' || init === 'orthogonal' ? init : true,
    lora_alpha: config.alpha * alphaTimes,
    lora_bias: loraBias,
    lora_dropout: dropout,
    modules_to_save: modulesToSave.length > 0 ? [...modulesToSave] : null,
    peft_type: 'LORA',
    r: config.rank * times,
    rank_pattern: scaled(config.rankPattern, times),
    target_modules: targetNames(adapter.model, [...factors.keys()].sort()),
    task_type: taskType ?? null,
    use_dora: useDora,
    use_rslora: useRslora,
  };
  return formatJson(new Map(Object.entries(entries)), 2);
}

/** The paths; where one of them is also the end of another module's path, a pattern that matches exactly the paths. */
function targetNames(model: Module, paths: readonly string[]): readonly string[] | string {
  const isExact = [...baseModules(model)].every(
    ([path]) => paths.includes(path) || !matchesNames(path, paths),
  );
  if (isExact) return paths;
  return `(${paths.map(escapePattern).join('|')})`;
}

/** Keys that do not affect what is computed with existing values. */
const IGNORED = new Set([
  'auto_mapping',
  'base_model_name_or_path',
  'eva_config',
  'inference_mode',
  'loftq_config',
  'megatron_core',
  'peft_type',
  'peft_version',
  'qalora_group_size',
  'revision',
  'runtime_config',
  'task_type',
]);

/** Keys that PEFT does not test for being empty: any value but null, also an empty one, turns them on. */
const OFF_WHEN_NULL = new Set([
  'alora_invocation_tokens',
  'arrow_config',
  'corda_config',
  'kasa_config',
  'lora_ga_config',
  'monteclora_config',
  'trainable_token_indices',
  'use_bdlora',
  'velora_config',
]);

const INITS: ReadonlyMap<unknown, LoraInit> = new Map<unknown, LoraInit>([
  [null, 'kaiming'],
  [true, 'kaiming'],
  [false, 'kaiming'],
  ['gaussian', 'gaussian'],
  ['orthogonal', 'orthogonal'],
  ['pissa', 'pissa'],
  ['olora', 'olora'],
  // The initial values are in the file, and the base is unchanged.
  ['eva', 'kaiming'],
]);

/** Initializations for which PEFT changes the base in a way that cannot be reproduced; it can convert all but `loftq`. */
const CHANGES_BASE = /^(pissa_niter_|corda|lora_ga|loftq)/i;

/** Modules that PEFT saves whole, whatever the config says, for tasks that put a head on the model. */
const HEADS: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['SEQ_CLS', ['classifier', 'score']],
  ['TOKEN_CLS', ['classifier', 'score']],
  ['QUESTION_ANS', ['qa_outputs']],
]);

/**
 * Reads a config of PEFT. Keys that PEFT does not know, or that change what is computed in an unsupported way, are refused
 * by name, all at once, unless they are off.
 * @param name  name of the file in error messages
 * @throws DataError
 */
export function parseConfig(bytes: Uint8Array, name: string): LoraConfig {
  const reader = new ConfigReader(parseObject(bytes, name));
  const task = reader.peek('task_type');
  const type = reader.take('peft_type');
  if (type !== 'LORA') throw new DataError(`${name}: peft_type must be LORA: found ${short(type)}`);
  const saved = reader.names('modules_to_save') ?? [];
  const config: LoraConfig = {
    rank: reader.integer('r', 8),
    alpha: reader.number('lora_alpha', 8),
    dropout: reader.number('lora_dropout', 0),
    rankPattern: reader.numbers('rank_pattern', true),
    alphaPattern: reader.numbers('alpha_pattern', false),
    useRslora: reader.flag('use_rslora'),
    useDora: reader.flag('use_dora'),
    loraBias: reader.flag('lora_bias'),
    bias: reader.bias(),
    init: reader.init(),
    targetModules: reader.targets(),
    excludeModules: reader.modules('exclude_modules') ?? [],
    modulesToSave: [...new Set([...saved, ...(HEADS.get(task) ?? [])])],
  };
  const problems = reader.problems();
  if (problems.length > 0) throw new DataError(`${name}: ${problems.join('; ')}`);
  return config;
}

function parseObject(bytes: Uint8Array, name: string): ReadonlyMap<string, Json> {
  const value = parseJson(jsonText(bytes, name), name);
  if (!(value instanceof Map)) throw new DataError(`${name}: must be a JSON object: found ${short(value)}`);
  return value;
}

/** Takes the keys of a config one by one and collects what is wrong with them. Where PEFT has no meaning for null, it is wrong. */
class ConfigReader {
  readonly #left: Map<string, Json>;
  readonly #problems: string[] = [];

  constructor(entries: ReadonlyMap<string, Json>) {
    this.#left = new Map(entries);
  }

  /** The problems found, including keys that were not read and are not off. */
  problems(): string[] {
    const unknown = [...this.#left].filter(([key, value]) => !IGNORED.has(key) && !isOff(key, value));
    return [
      ...this.#problems,
      ...unknown.map(([key, value]) => `${shown(key)} is not supported: ${short(value)}`),
    ];
  }

  peek(key: string): Json | undefined {
    return this.#left.get(key);
  }

  take(key: string): Json | undefined {
    const value = this.#left.get(key);
    this.#left.delete(key);
    return value;
  }

  number(key: string, otherwise: number): number {
    const value = this.take(key);
    if (value === undefined) return otherwise;
    return value instanceof JsonNumber ? value.value : this.#wrong(key, 'a number', value, otherwise);
  }

  integer(key: string, otherwise: number): number {
    const value = this.take(key);
    if (value === undefined) return otherwise;
    return isInteger(value) ? value.value : this.#wrong(key, 'an integer', value, otherwise);
  }

  flag(key: string): boolean {
    const value = this.take(key) ?? false;
    return typeof value === 'boolean' ? value : this.#wrong(key, 'true or false', value, false);
  }

  /** Numbers by pattern, in the order of the file. */
  numbers(key: string, areIntegers: boolean): ReadonlyMap<string, number> {
    const value = this.take(key) ?? new Map<string, Json>();
    const found = new Map<string, number>();
    const rule = areIntegers ? 'integers by pattern' : 'numbers by pattern';
    if (!(value instanceof Map)) return this.#wrong(key, rule, value, found);
    for (const [pattern, each] of value as ReadonlyMap<string, Json>) {
      if (!(each instanceof JsonNumber) || (areIntegers && !isInteger(each))) {
        return this.#wrong(key, rule, value, found);
      }
      this.#pattern(key, patternFor(pattern));
      found.set(pattern, each.value);
    }
    return found;
  }

  bias(): LoraBias {
    const value = this.take('bias');
    if (value === undefined) return 'none';
    if (value === 'none' || value === 'lora_only' || value === 'all') return value;
    return this.#wrong('bias', 'none, lora_only or all', value, 'none');
  }

  init(): LoraInit {
    const value = this.take('init_lora_weights') ?? null;
    const init = INITS.get(
      typeof value === 'string' && /^(gaussian|olora)$/i.test(value) ? value.toLowerCase() : value,
    );
    if (!init) this.#problems.push(initProblem(value));
    return init ?? 'kaiming';
  }

  targets(): 'all-linear' | ModuleNames {
    const value = this.peek('target_modules');
    if (typeof value === 'string' && value.toLowerCase() === 'all-linear') {
      this.take('target_modules');
      return 'all-linear';
    }
    const names = this.modules('target_modules');
    if (names === undefined) this.#problems.push('target_modules is missing');
    else if (Array.isArray(names) && names.length === 0)
      this.#problems.push('target_modules must not be empty');
    return names ?? [];
  }

  /** A list of names, or a pattern that matches whole paths. */
  modules(key: string): ModuleNames | undefined {
    if (typeof this.peek(key) !== 'string') return this.names(key, 'names or a pattern');
    const value = this.take(key);
    if (typeof value !== 'string' || value === '') return undefined;
    return this.#pattern(key, value) ?? ['?'];
  }

  names(key: string, rule = 'names in a list'): readonly string[] | undefined {
    const value = this.take(key) ?? undefined;
    if (value === undefined) return undefined;
    const isNames = Array.isArray(value) && value.every((each) => typeof each === 'string' && each !== '');
    // Every one is a string.
    return isNames ? (value as string[]) : this.#wrong(key, rule, value, ['?']);
  }

  /** Parses a pattern, so that its errors are reported together with all others. */
  #pattern(key: string, pattern: string): PythonPattern | undefined {
    try {
      return new PythonPattern(pattern);
    } catch (error) {
      this.#problems.push(`${key}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  #wrong<T>(key: string, rule: string, value: Json, otherwise: T): T {
    this.#problems.push(`${key} must be ${rule}: found ${short(value)}`);
    return otherwise;
  }
}

/** @see https://huggingface.co/docs/peft/package_reference/peft_model on `save_pretrained` */
function initProblem(value: Json): string {
  if (typeof value !== 'string' || !CHANGES_BASE.test(value))
    return `init_lora_weights is not supported: ${short(value)}`;
  const way = /^loftq/i.test(value) ? '' : ': save it in PEFT with path_initial_model_for_weight_conversion';
  return `init_lora_weights requires a base that PEFT changed, which is not here: ${short(value)}${way}`;
}

/** Whether Python reads it as an int, and this keeps all its digits. */
function isInteger(value: Json): value is JsonNumber {
  return value instanceof JsonNumber && value.isInteger && Number.isSafeInteger(value.value);
}

/** A value by which PEFT means that something is not used. */
function isOff(key: string, value: Json): boolean {
  if (value === null) return true;
  if (OFF_WHEN_NULL.has(key)) return false;
  // To PEFT, false is layer 0.
  if (value === false) return key !== 'layers_to_transform';
  return (
    value === '' || (value instanceof Map ? value.size === 0 : Array.isArray(value) && value.length === 0)
  );
}

function short(value: Json | undefined): string {
  return value === undefined ? 'nothing' : shown(formatJson(value));
}

function shown(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
