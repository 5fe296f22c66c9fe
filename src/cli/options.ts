/** From the words of the command line to values: strict, one error a value. It touches no file and no device. */
import type { DeviceName } from '../core.js';
import { UsageError } from './errors.js';

export type Method = 'parametrization' | 'layer';

export interface DeviceOptions {
  readonly device: 'auto' | DeviceName;
  readonly threads: number | 'auto';
}

export interface MnistOptions extends DeviceOptions {
  /** In the order in which they run. */
  readonly methods: readonly Method[];
  readonly rank: number;
  readonly alpha: number;
  /** Ascending. */
  readonly digits: readonly number[];
  /** Of each adaptation. */
  readonly iterations: number;
  /** Of the base's training. */
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly seed: number;
  readonly data: string | undefined;
  readonly out: string;
  /** `-` is standard output. */
  readonly json: string | undefined;
  readonly quiet: boolean;
}

/** What commander hands over: every value is still text. */
export interface RawMnistOptions {
  readonly device: string;
  readonly threads: string;
  readonly method: string;
  readonly rank: string;
  readonly alpha: string;
  readonly digits: string;
  readonly iterations: string;
  readonly epochs: string;
  readonly batchSize: string;
  readonly learningRate: string;
  readonly seed: string;
  readonly data?: string;
  readonly out: string;
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
  iterations: '200',
  epochs: '1',
  batchSize: '10',
  learningRate: '0.001',
  seed: '0',
  out: 'out',
} as const satisfies RawMnistOptions;

export const DEVICES = ['auto', 'webgpu', 'wasm', 'reference'] as const;
export const METHODS = ['parametrization', 'layer', 'both'] as const;

/** Above every sensible count, below where arithmetic on counts would lose digits. */
const MAX_COUNT = 1_000_000_000;
const MAX_THREADS = 64;
const MAX_SEED = 2 ** 32 - 1;

/** @throws UsageError for the first value that is not what its option takes */
export function parseMnistOptions(raw: RawMnistOptions): MnistOptions {
  const method = oneOf('--method', raw.method, METHODS);
  return {
    ...parseDeviceOptions(raw),
    methods: method === 'both' ? ['parametrization', 'layer'] : [method],
    rank: integerIn('--rank', raw.rank, 1, MAX_COUNT),
    alpha: positive('--alpha', raw.alpha),
    digits: digitList('--digits', raw.digits),
    iterations: integerIn('--iterations', raw.iterations, 1, MAX_COUNT),
    epochs: integerIn('--epochs', raw.epochs, 1, MAX_COUNT),
    batchSize: integerIn('--batch-size', raw.batchSize, 1, MAX_COUNT),
    learningRate: positive('--learning-rate', raw.learningRate),
    seed: integerIn('--seed', raw.seed, 0, MAX_SEED),
    data: raw.data === undefined ? undefined : path('--data', raw.data),
    out: path('--out', raw.out),
    json: raw.json === undefined ? undefined : path('--json', raw.json),
    quiet: raw.quiet ?? false,
  };
}

/** @throws UsageError */
export function parseDeviceOptions(raw: Pick<RawMnistOptions, 'device' | 'threads'>): DeviceOptions {
  return {
    device: oneOf('--device', raw.device, DEVICES),
    threads: raw.threads === 'auto' ? 'auto' : integerIn('--threads', raw.threads, 1, MAX_THREADS),
  };
}

function oneOf<T extends string>(option: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === text);
  if (found === undefined) throw broken(option, `must be one of ${allowed.join(', ')}`, text);
  return found;
}

/** Decimal digits alone: no sign, no fraction, no exponent, no space. */
function integerIn(option: string, text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least)) throw broken(option, `must be an integer from ${least} on`, text);
  if (value > most) throw broken(option, `must be at most ${most}`, text);
  return value;
}

function positive(option: string, text: string): number {
  const value = /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (value > 0 && value < Number.POSITIVE_INFINITY) return value;
  throw broken(option, 'must be a number above 0', text);
}

function digitList(option: string, text: string): number[] {
  const digits = text.split(',').map((part) => {
    if (/^\s*[0-9]\s*$/.test(part)) return Number(part);
    throw broken(option, 'must be digits from 0 to 9 with commas between, such as 2,3,5', text);
  });
  const twice = digits.find((digit, i) => digits.indexOf(digit) !== i);
  if (twice !== undefined) throw broken(option, `must name each digit once, ${twice} is there twice`, text);
  return digits.sort((a, b) => a - b);
}

/** @throws UsageError for an empty one */
export function path(option: string, text: string): string {
  if (text === '') throw broken(option, 'must be a path', text);
  return text;
}

function broken(option: string, rule: string, text: string): UsageError {
  return new UsageError(`${option}: ${rule}: ${text === '' ? '(empty)' : text}`);
}
