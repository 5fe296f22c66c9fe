/** The options of `lowrank data`, read strictly. It touches no file. */
import { integerIn, MAX_COUNT, MAX_SEED, path } from '../values.js';
import { type ExampleOptions, parseExampleOptions, type RawExampleOptions } from './exampleOptions.js';
import { type ModelOption, parseModelOption, type RawModelOption } from './modelOption.js';

/** Options as commander passes them: every value is still text. */
export interface RawDataOptions extends RawModelOption, RawExampleOptions {
  readonly show: string;
  /** False with `--no-validate`. */
  readonly validate: boolean;
  readonly seed: string;
  readonly json?: string;
  readonly quiet?: boolean;
}

export interface DataCommand extends ModelOption, ExampleOptions {
  /** Number of examples whose tokens are shown. */
  readonly show: number;
  /** Whether a share is held out where there is no file for validation. */
  readonly holdOut: boolean;
  readonly seed: number;
  /** `-` is standard output. */
  readonly json: string | undefined;
  readonly quiet: boolean;
}

export const DATA_DEFAULTS = { show: '0', seed: '0' } as const;

/** @throws UsageError for the first value that is not what its option takes */
export function parseDataOptions(raw: RawDataOptions): DataCommand {
  return {
    ...parseModelOption(raw),
    ...parseExampleOptions(raw),
    show: integerIn('--show', raw.show, 0, MAX_COUNT),
    holdOut: raw.validate,
    seed: integerIn('--seed', raw.seed, 0, MAX_SEED),
    json: raw.json === undefined ? undefined : path('--json', raw.json),
    quiet: raw.quiet ?? false,
  };
}
