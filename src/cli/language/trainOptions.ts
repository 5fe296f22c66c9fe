/** The options of `lowrank train`, read strictly. It touches no file and no device. */
import type { LoraInit } from '../../core.js';
import { UsageError } from '../errors.js';
import {
  broken,
  bytesOf,
  fraction,
  integerIn,
  MAX_COUNT,
  MAX_SEED,
  oneOf,
  path,
  positive,
  upTo,
} from '../values.js';
import {
  type ComputingCommand,
  parseComputingOptions,
  type RawComputingOptions,
} from './computingOptions.js';
import { type ExampleOptions, parseExampleOptions, type RawExampleOptions } from './exampleOptions.js';
import { type ModelOption, parseModelOption } from './modelOption.js';

/** Options from commander or a settings file: every value is still text. */
export interface RawTrainOptions extends Omit<RawExampleOptions, 'data'>, RawComputingOptions {
  readonly model?: string;
  readonly download?: boolean;
  readonly data?: string;
  readonly out: string;
  readonly config?: string;
  readonly resume?: boolean;
  readonly overwrite?: boolean;
  readonly dryRun?: boolean;
  readonly keep: string;
  readonly replay: string;
  readonly adapter?: string;
  readonly rank: string;
  readonly alpha: string;
  readonly dropout: string;
  readonly targets: string;
  readonly layers?: string;
  readonly dora?: boolean;
  readonly rslora?: boolean;
  readonly init: string;
  readonly loraPlus?: string;
  readonly epochs: string;
  readonly iterations?: string;
  readonly batchTokens?: string;
  readonly batchSize?: string;
  readonly learningRate: string;
  readonly schedule: string;
  readonly warmup?: string;
  readonly clip: string;
  readonly weightDecay: string;
  /** False with `--no-shuffle`, and so on. */
  readonly shuffle: boolean;
  readonly pack: boolean;
  readonly validate: boolean;
  readonly validateEvery?: string;
  readonly patience?: string;
  readonly saveEvery?: string;
  readonly seed: string;
  readonly checkpoint: string;
  readonly memory?: string;
  readonly json?: string;
  readonly quiet?: boolean;
}

export type Targets = 'all-linear' | readonly string[];

/** Settings of a new adapter. */
export interface AdapterSettings {
  readonly rank: number;
  readonly alpha: number;
  readonly dropout: number;
  readonly targets: Targets;
  /** Number of blocks to adapt, counted from the last; undefined: all. */
  readonly layers: number | undefined;
  readonly dora: boolean;
  readonly rslora: boolean;
  readonly init: LoraInit;
}

export interface TrainCommand extends ExampleOptions, ComputingCommand, ModelOption, AdapterSettings {
  readonly out: string;
  readonly resume: boolean;
  readonly overwrite: boolean;
  readonly dryRun: boolean;
  /** `general`, `none`, or a file. */
  readonly keep: string;
  /** Share of the examples of a pass that are drawn from the keep set. */
  readonly replay: number;
  /** Directory of an adapter to continue from. */
  readonly adapter: string | undefined;
  readonly loraPlus: number | undefined;
  readonly epochs: number;
  readonly iterations: number | undefined;
  /** Undefined: chosen by the data; 0: each row is a step. */
  readonly batchTokens: number | undefined;
  readonly batchSize: number | undefined;
  readonly learningRate: number;
  readonly schedule: (typeof SCHEDULES)[number];
  /** Warm-up: below 1 a share of the steps, otherwise a number of steps. Undefined: 0.1, and 0 with `constant`. */
  readonly warmup: number | undefined;
  /** 0: none. */
  readonly clip: number;
  readonly weightDecay: number;
  readonly shuffle: boolean;
  readonly pack: boolean;
  readonly holdOut: boolean;
  readonly validateEvery: number | undefined;
  readonly patience: number | undefined;
  readonly saveEvery: number | undefined;
  readonly seed: number;
  readonly checkpoint: 'auto' | 'on' | 'off';
  /** Bytes. */
  readonly memory: number | undefined;
  /** `-` is standard output. */
  readonly json: string | undefined;
  readonly quiet: boolean;
}

export const TRAIN_DEFAULTS = {
  out: 'run',
  keep: 'general',
  replay: '0',
  rank: '8',
  alpha: '16',
  dropout: '0',
  targets: 'all-linear',
  init: 'kaiming',
  epochs: '3',
  learningRate: '2e-4',
  schedule: 'cosine',
  clip: '1',
  weightDecay: '0',
  seed: '0',
  checkpoint: 'auto',
} as const;

/** Nine replayed examples beside each new one; more would drown the new ones. */
const MAX_REPLAY = 0.9;
export const SCHEDULES = ['constant', 'linear', 'cosine'] as const;
export const CHECKPOINT = ['auto', 'on', 'off'] as const;
/** Initializations of PEFT, besides `pissa_niter_` with a number of iterations. */
export const INITS = ['kaiming', 'gaussian', 'orthogonal', 'pissa', 'olora'] as const;
/** Short names of the linear layers of a block. */
export const SHORT_TARGETS: Readonly<Record<string, string>> = {
  q: 'q_proj',
  k: 'k_proj',
  v: 'v_proj',
  o: 'o_proj',
  gate: 'gate_proj',
  up: 'up_proj',
  down: 'down_proj',
};

/** @throws UsageError for the first value that is not what its option takes */
export function parseTrainOptions(raw: RawTrainOptions): TrainCommand {
  const { model, download = false, data } = raw;
  if (model === undefined) throw new UsageError('--model: must be given, here or in the --config file');
  if (data === undefined) throw new UsageError('--data: must be given, here or in the --config file');
  if (raw.batchTokens !== undefined && raw.batchSize !== undefined)
    throw broken('--batch-size', 'cannot be given with --batch-tokens, which says the same', raw.batchSize);
  if (raw.resume && raw.overwrite)
    throw new UsageError('--overwrite: cannot be given with --resume, which continues the run in --out');
  return {
    ...parseComputingOptions(raw),
    ...parseModelOption({ model, download }),
    ...dataOptions({ ...raw, data }),
    ...adapterOptions(raw),
    ...courseOptions(raw),
    out: path('--out', raw.out),
    resume: raw.resume ?? false,
    overwrite: raw.overwrite ?? false,
    dryRun: raw.dryRun ?? false,
    seed: integerIn('--seed', raw.seed, 0, MAX_SEED),
    checkpoint: oneOf('--checkpoint', raw.checkpoint, CHECKPOINT),
    memory: optional(raw.memory, (text) => bytesOf('--memory', text)),
    json: optional(raw.json, (text) => path('--json', text)),
    quiet: raw.quiet ?? false,
  };
}

function optional<T>(text: string | undefined, read: (text: string) => T): T | undefined {
  return text === undefined ? undefined : read(text);
}

function countFrom(least: number, option: string): (text: string) => number {
  return (text) => integerIn(option, text, least, MAX_COUNT);
}

function dataOptions(raw: RawTrainOptions & { readonly data: string }) {
  return {
    ...parseExampleOptions(raw),
    keep: path('--keep', raw.keep),
    replay: replayOf(raw),
    holdOut: raw.validate,
  };
}

function replayOf({ replay, keep }: RawTrainOptions): number {
  const share = upTo('--replay', replay, MAX_REPLAY);
  if (share > 0 && keep === 'none') throw broken('--replay', 'requires examples to keep (--keep)', replay);
  return share;
}

function adapterOptions(raw: RawTrainOptions) {
  const init = /^pissa_niter_[1-9]\d?$/.test(raw.init)
    ? (raw.init as LoraInit)
    : oneOf('--init', raw.init, INITS);
  return {
    adapter: optional(raw.adapter, (text) => path('--adapter', text)),
    rank: integerIn('--rank', raw.rank, 1, MAX_COUNT),
    alpha: positive('--alpha', raw.alpha),
    dropout: fraction('--dropout', raw.dropout),
    targets: targetsOf(raw.targets),
    layers: optional(raw.layers, countFrom(1, '--layers')),
    dora: raw.dora ?? false,
    rslora: raw.rslora ?? false,
    init,
    loraPlus: optional(raw.loraPlus, (text) => positive('--lora-plus', text)),
  };
}

/** `all-linear`, or names with commas between. */
function targetsOf(text: string): Targets {
  if (text === 'all-linear') return text;
  const names = text.split(',').map((name) => name.trim());
  if (names.some((name) => !/^[\w.]+$/.test(name)))
    throw broken('--targets', 'must be all-linear, or names with commas between, such as q,v', text);
  return [...new Set(names.map((name) => SHORT_TARGETS[name] ?? name))];
}

function courseOptions(raw: RawTrainOptions) {
  return {
    epochs: integerIn('--epochs', raw.epochs, 1, MAX_COUNT),
    iterations: optional(raw.iterations, countFrom(1, '--iterations')),
    batchTokens: optional(raw.batchTokens, countFrom(0, '--batch-tokens')),
    batchSize: optional(raw.batchSize, countFrom(1, '--batch-size')),
    learningRate: positive('--learning-rate', raw.learningRate),
    schedule: oneOf('--schedule', raw.schedule, SCHEDULES),
    warmup: optional(raw.warmup, warmupOf),
    clip: upTo('--clip', raw.clip, MAX_COUNT),
    weightDecay: upTo('--weight-decay', raw.weightDecay, 1),
    shuffle: raw.shuffle,
    pack: raw.pack,
    validateEvery: optional(raw.validateEvery, countFrom(1, '--validate-every')),
    patience: optional(raw.patience, countFrom(1, '--patience')),
    saveEvery: optional(raw.saveEvery, countFrom(1, '--save-every')),
  };
}

function warmupOf(text: string): number {
  const value = upTo('--warmup', text, MAX_COUNT);
  if (value < 1 || Number.isInteger(value)) return value;
  throw broken('--warmup', 'must be a share below 1, or a whole number of steps', text);
}
