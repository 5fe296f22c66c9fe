/** PEFT's `adapter_config.json`, written and read. */
import { DataError } from '../errors.js';
import { jsonText } from '../fileKind.js';
import type { Module } from '../nn/module.js';
import type { LoraAdapter } from './adaptation.js';
import type { LoraBias, LoraConfig, LoraInit, ModuleNames } from './config.js';
import { matchesNames } from './matching.js';
import { baseModules } from './targets.js';

/** JSON with indent 2 and sorted keys, as PEFT writes it. Absent keys would take PEFT's defaults (r = 8). */
export function configText(adapter: LoraAdapter): string {
  const { config, factors } = adapter;
  const { useRslora, useDora, loraBias, bias, modulesToSave, dropout, init } = config;
  // What began with a part of the weight is written as the difference from that, of twice the rank.
  const times = [...factors.values()].some(({ initial }) => initial) ? 2 : 1;
  const scaled = (patterns: Readonly<Record<string, number>>, by: number) =>
    Object.fromEntries(Object.entries(patterns).map(([pattern, value]) => [pattern, value * by]));
  const alphaTimes = useRslora ? Math.sqrt(times) : times;
  const entries = {
    alpha_pattern: scaled(config.alphaPattern, alphaTimes),
    base_model_name_or_path: null,
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
    task_type: null,
    use_dora: useDora,
    use_rslora: useRslora,
  };
  return JSON.stringify(entries, undefined, 2);
}

/** The paths, or where one of them is also the end of another module's path, a pattern of exactly them. */
function targetNames(model: Module, paths: readonly string[]): readonly string[] | string {
  const isExact = [...baseModules(model)].every(
    ([path]) => paths.includes(path) || !matchesNames(path, paths),
  );
  if (isExact) return paths;
  return `(${paths.map((path) => path.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|')})`;
}

/** Deeper JSON is refused, so that no text exhausts the stack. */
const MAX_DEPTH = 100;

/** Keys that say nothing about what is computed. */
const IGNORED = new Set([
  'auto_mapping',
  'base_model_name_or_path',
  'inference_mode',
  'loftq_config',
  'megatron_core',
  'peft_type',
  'peft_version',
  'qalora_group_size',
  'revision',
  'task_type',
]);

const INITS: ReadonlyMap<unknown, LoraInit> = new Map<unknown, LoraInit>([
  [true, 'kaiming'],
  [false, 'kaiming'],
  ['gaussian', 'gaussian'],
  ['orthogonal', 'orthogonal'],
  ['pissa', 'pissa'],
  ['olora', 'olora'],
]);

/**
 * What a config of PEFT means here. Keys that PEFT would not know, or that change what is computed in a way that is not
 * known here, are refused by name, all at once, unless they are off.
 * @param name  of the file, for messages
 * @throws DataError
 */
export function parseConfig(bytes: Uint8Array, name: string): LoraConfig {
  const reader = new ConfigReader(parseObject(bytes, name));
  const type = reader.take('peft_type', undefined);
  if (type !== 'LORA') throw new DataError(`${name}: peft_type must be LORA: found ${short(type)}`);
  const config: LoraConfig = {
    rank: reader.number('r', 8),
    alpha: reader.number('lora_alpha', 8),
    dropout: reader.number('lora_dropout', 0),
    rankPattern: reader.numbers('rank_pattern'),
    alphaPattern: reader.numbers('alpha_pattern'),
    useRslora: reader.flag('use_rslora'),
    useDora: reader.flag('use_dora'),
    loraBias: reader.flag('lora_bias'),
    bias: reader.bias(),
    init: reader.init(),
    targetModules: reader.modules('target_modules') ?? reader.missing('target_modules'),
    excludeModules: reader.excluded(),
    modulesToSave: reader.names('modules_to_save'),
  };
  const problems = reader.problems();
  if (problems.length > 0) throw new DataError(`${name}: ${problems.join('; ')}`);
  return config;
}

function parseObject(bytes: Uint8Array, name: string): Record<string, unknown> {
  const text = jsonText(bytes, name);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new DataError(`${name}: is not JSON: found ${short(text.trim())}`);
  }
  if (depthOf(value) > MAX_DEPTH) throw new DataError(`${name}: is nested more than ${MAX_DEPTH} deep`);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new DataError(`${name}: must be a JSON object`);
  }
  return { ...value };
}

/** Objects and arrays within each other, counted up to what is refused. */
function depthOf(value: unknown, least = 0): number {
  if (typeof value !== 'object' || value === null || least > MAX_DEPTH) return least;
  return Object.values(value).reduce(
    (most: number, each) => Math.max(most, depthOf(each, least + 1)),
    least + 1,
  );
}

/** Takes the keys of a config one by one and collects what is wrong with them. */
class ConfigReader {
  readonly #left: Map<string, unknown>;
  readonly #problems: string[] = [];

  constructor(entries: Record<string, unknown>) {
    this.#left = new Map(Object.entries(entries));
  }

  /** What was wrong, and the keys that nobody took and that are not off. */
  problems(): string[] {
    const unknown = [...this.#left].filter(([key, value]) => !IGNORED.has(key) && !isOff(value));
    return [...this.#problems, ...unknown.map(([key, value]) => `${key} is not supported: ${short(value)}`)];
  }

  take(key: string, otherwise: unknown): unknown {
    const value = this.#left.get(key) ?? otherwise;
    this.#left.delete(key);
    return value;
  }

  number(key: string, otherwise: number): number {
    const value = this.take(key, otherwise);
    return typeof value === 'number' ? value : this.#wrong(key, 'a number', value, otherwise);
  }

  flag(key: string): boolean {
    const value = this.take(key, false);
    return typeof value === 'boolean' ? value : this.#wrong(key, 'true or false', value, false);
  }

  numbers(key: string): Record<string, number> {
    const value = this.take(key, {});
    const entries = typeof value === 'object' && value !== null ? Object.entries(value) : undefined;
    const numbers = entries?.filter((entry): entry is [string, number] => typeof entry[1] === 'number');
    if (numbers && numbers.length === entries?.length) {
      for (const [pattern] of numbers) this.#pattern(key, pattern);
      return Object.fromEntries(numbers);
    }
    return this.#wrong(key, 'numbers by pattern', value, {});
  }

  bias(): LoraBias {
    const value = this.take('bias', 'none');
    if (value === 'none' || value === 'lora_only' || value === 'all') return value;
    return this.#wrong('bias', 'none, lora_only or all', value, 'none');
  }

  init(): LoraInit {
    const value = this.take('init_lora_weights', true);
    const init = INITS.get(value);
    if (!init) this.#problems.push(`init_lora_weights is not supported: ${short(value)}`);
    return init ?? 'kaiming';
  }

  /** A list of names, or a pattern that matches whole paths. */
  modules(key: string): 'all-linear' | ModuleNames | undefined {
    const value = this.take(key, undefined);
    if (value === undefined || value === 'all-linear') return value;
    if (typeof value === 'string') return this.#pattern(key, value) ?? [];
    return isNames(value) ? value : this.#wrong(key, 'names or a pattern', value, []);
  }

  excluded(): ModuleNames {
    const value = this.modules('exclude_modules') ?? [];
    return value === 'all-linear' ? this.#wrong('exclude_modules', 'names or a pattern', value, []) : value;
  }

  names(key: string): readonly string[] {
    const value = this.take(key, []);
    return isNames(value) ? value : this.#wrong(key, 'names', value, []);
  }

  missing(key: string): ModuleNames {
    this.#problems.push(`${key} is missing`);
    return [];
  }

  /** A pattern in the syntax that Python and JavaScript share. */
  #pattern(key: string, pattern: string): RegExp | undefined {
    try {
      return new RegExp(`^(?:${pattern})$`);
    } catch {
      this.#problems.push(`${key}: not a regular expression in JavaScript: ${pattern}`);
      return undefined;
    }
  }

  #wrong<T>(key: string, rule: string, value: unknown, otherwise: T): T {
    this.#problems.push(`${key} must be ${rule}: found ${short(value)}`);
    return otherwise;
  }
}

function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

/** A value by which PEFT means that something is not used. */
function isOff(value: unknown): boolean {
  if (value === null || value === false || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
