/** The grid of `lowrank sweep`, from the words of the command line. */
import {
  type AdaptationOptions,
  DEFAULTS,
  METHODS,
  type Method,
  parseAdaptationOptions,
  type RawAdaptationOptions,
  rankOf,
  seedOf,
} from './options.js';
import { listOf, oneOf, positive } from './values.js';

export interface SweepOptions extends AdaptationOptions {
  readonly methods: readonly Method[];
  readonly ranks: readonly number[];
  readonly alphas: readonly number[];
  readonly learningRates: readonly number[];
  readonly seeds: readonly number[];
  readonly quiet: boolean;
}

/** Options as commander passes them: every value is still text. */
export interface RawSweepOptions extends RawAdaptationOptions {
  readonly method: string;
  readonly rank: string;
  readonly alpha: string;
  readonly learningRate: string;
  readonly seeds: string;
  readonly quiet?: boolean;
}

/** Defaults besides those of `mnist`; `--help` shows them. */
export const SWEEP_DEFAULTS = {
  ...DEFAULTS,
  method: 'layer',
  rank: '1,2,4,8,16',
  seeds: '0,1,2',
  out: 'sweep',
} as const satisfies RawSweepOptions;

/** @throws UsageError for the first value that is not what its option takes */
export function parseSweepOptions(raw: RawSweepOptions): SweepOptions {
  const method = oneOf('--method', raw.method, METHODS);
  return {
    ...parseAdaptationOptions(raw),
    methods: method === 'both' ? ['parametrization', 'layer'] : [method],
    ranks: listOf('--rank', raw.rank, rankOf),
    alphas: listOf('--alpha', raw.alpha, positive),
    learningRates: listOf('--learning-rate', raw.learningRate, positive),
    seeds: listOf('--seeds', raw.seeds, seedOf),
    quiet: raw.quiet ?? false,
  };
}

/** Everything that determines a trial's result, except the device. */
export interface TrialSettings {
  readonly method: Method;
  readonly rank: number;
  readonly alpha: number;
  readonly learningRate: number;
  readonly seed: number;
  readonly digits: readonly number[];
  readonly replay: number;
  readonly iterations: number;
  readonly batchSize: number;
  /** The first 16 digits of the SHA-256 of the base's file. */
  readonly base: string;
  /** The first 16 digits of the SHA-256 of the images and labels. */
  readonly data: string;
}

/** Every trial of the grid; the seeds of one configuration follow each other. */
export function gridOf(
  options: SweepOptions,
  { base, data }: Pick<TrialSettings, 'base' | 'data'>,
): TrialSettings[] {
  const { methods, ranks, alphas, learningRates, seeds, digits, replay, iterations, batchSize } = options;
  const common = { digits, replay, iterations, batchSize, base, data };
  return methods.flatMap((method) =>
    ranks.flatMap((rank) =>
      alphas.flatMap((alpha) =>
        learningRates.flatMap((learningRate) =>
          seeds.map((seed) => ({ method, rank, alpha, learningRate, seed, ...common })),
        ),
      ),
    ),
  );
}
