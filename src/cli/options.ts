/** Turns the words of the command line into values: strict, one error per value. It touches no file and no device. */
import type { DeviceName } from '../core.js';
import {
  broken,
  digitList,
  fraction,
  integerIn,
  MAX_COUNT,
  MAX_SEED,
  MAX_THREADS,
  oneOf,
  path,
  positive,
} from './values.js';

export type Method = 'parametrization' | 'layer';

export interface DeviceOptions {
  readonly device: 'auto' | DeviceName;
  readonly threads: number | 'auto';
}

/** The data and the length of an adaptation. */
export interface AdaptationOptions extends DeviceOptions {
  /** Ascending. */
  readonly digits: readonly number[];
  /** Fraction of the adaptations' images that show other digits, 0 ≤ replay < 1. */
  readonly replay: number;
  /** Number of iterations of each adaptation. */
  readonly iterations: number;
  /** Number of epochs of the base's training. */
  readonly epochs: number;
  readonly batchSize: number;
  /** File of a trained base; undefined trains one. */
  readonly base: string | undefined;
  readonly data: string | undefined;
  readonly out: string;
  /** Whether to continue an earlier run into the same `out`. */
  readonly resume: boolean;
}

export interface MnistOptions extends AdaptationOptions {
  /** Methods in the order in which they run. */
  readonly methods: readonly Method[];
  /** Rank of a new adapter. */
  readonly rank: number;
  readonly alpha: number;
  readonly learningRate: number;
  readonly seed: number;
  /** Directory of an adapter to continue from, with its rank and alpha. */
  readonly adapter: string | undefined;
  /** `-` is standard output. */
  readonly json: string | undefined;
  readonly quiet: boolean;
}

/** Options as commander passes them: every value is still text. */
export interface RawAdaptationOptions {
  readonly device: string;
  readonly threads: string;
  readonly digits: string;
  readonly replay: string;
  readonly iterations: string;
  readonly epochs: string;
  readonly batchSize: string;
  readonly base?: string;
  readonly data?: string;
  readonly out: string;
  readonly resume?: boolean;
}

export interface RawMnistOptions extends RawAdaptationOptions {
  readonly method: string;
  readonly rank: string;
  readonly alpha: string;
  readonly learningRate: string;
  readonly seed: string;
  readonly adapter?: string;
  readonly json?: string;
  readonly quiet?: boolean;
}

/** The tutorial's values; `--help` shows them. */
export const DEFAULTS = {
  device: 'auto',
  threads: 'auto',
  method: 'both',
  rank: '2',
  alpha: '1',
  digits: '2,3,5,8,9',
  replay: '0',
  iterations: '200',
  epochs: '1',
  batchSize: '10',
  learningRate: '0.001',
  seed: '0',
  out: 'out',
} as const satisfies RawMnistOptions;

export const DEVICES = ['auto', 'webgpu', 'wasm', 'reference'] as const;
export const METHODS = ['parametrization', 'layer', 'both'] as const;

/** @throws UsageError for the first value that is not what its option takes */
export function parseMnistOptions(raw: RawMnistOptions): MnistOptions {
  const method = oneOf('--method', raw.method, METHODS);
  return {
    ...parseAdaptationOptions(raw),
    methods: method === 'both' ? ['parametrization', 'layer'] : [method],
    rank: rankOf('--rank', raw.rank),
    alpha: positive('--alpha', raw.alpha),
    learningRate: positive('--learning-rate', raw.learningRate),
    seed: seedOf('--seed', raw.seed),
    adapter: raw.adapter === undefined ? undefined : path('--adapter', raw.adapter),
    json: raw.json === undefined ? undefined : path('--json', raw.json),
    quiet: raw.quiet ?? false,
  };
}

/** @throws UsageError */
export function parseAdaptationOptions(raw: RawAdaptationOptions): AdaptationOptions {
  const digits = digitList('--digits', raw.digits);
  const replay = fraction('--replay', raw.replay);
  if (replay > 0 && digits.length === 10) {
    throw broken('--replay', 'must be 0 when --digits names all ten, as there are no others', raw.replay);
  }
  return {
    ...parseDeviceOptions(raw),
    digits,
    replay,
    iterations: integerIn('--iterations', raw.iterations, 1, MAX_COUNT),
    epochs: integerIn('--epochs', raw.epochs, 1, MAX_COUNT),
    batchSize: integerIn('--batch-size', raw.batchSize, 1, MAX_COUNT),
    base: raw.base === undefined ? undefined : path('--base', raw.base),
    data: raw.data === undefined ? undefined : path('--data', raw.data),
    out: path('--out', raw.out),
    resume: raw.resume ?? false,
  };
}

/** @throws UsageError */
export function parseDeviceOptions(raw: Pick<RawMnistOptions, 'device' | 'threads'>): DeviceOptions {
  return {
    device: oneOf('--device', raw.device, DEVICES),
    threads: raw.threads === 'auto' ? 'auto' : integerIn('--threads', raw.threads, 1, MAX_THREADS),
  };
}

/** @throws UsageError */
export function rankOf(option: string, text: string): number {
  return integerIn(option, text, 1, MAX_COUNT);
}

/** @throws UsageError */
export function seedOf(option: string, text: string): number {
  return integerIn(option, text, 0, MAX_SEED);
}
