/** The options of `lowrank data`, read strictly. It touches no file. */
import { TRAIN_ON, type TrainOn } from '../../text/examples.js';
import { LONG, type Long } from '../../text/longExamples.js';
import { integerIn, MAX_COUNT, MAX_SEED, oneOf, path } from '../values.js';
import { type ModelOption, parseModelOption, type RawModelOption } from './modelOption.js';

/** What commander hands over: every value is still text. */
export interface RawDataOptions extends RawModelOption {
  readonly data: string;
  readonly show: string;
  readonly trainOn: string;
  readonly system?: string;
  readonly maxLength?: string;
  readonly long: string;
  readonly allowSpecial?: boolean;
  readonly skipBad?: boolean;
  /** False with `--no-validate`. */
  readonly validate: boolean;
  readonly seed: string;
  readonly json?: string;
  readonly quiet?: boolean;
}

export interface DataCommand extends ModelOption {
  /** A file, or a folder. */
  readonly data: string;
  /** Examples whose tokens are shown. */
  readonly show: number;
  readonly trainOn: TrainOn;
  readonly system: string | undefined;
  /** Undefined: the context, at most 1,024. */
  readonly maxLength: number | undefined;
  readonly long: Long;
  readonly allowSpecial: boolean;
  readonly skipBad: boolean;
  /** Whether a share is held out where there is no file for validation. */
  readonly holdOut: boolean;
  readonly seed: number;
  /** `-` is standard output. */
  readonly json: string | undefined;
  readonly quiet: boolean;
}

export const DATA_DEFAULTS = { show: '0', trainOn: 'answers', long: 'refuse', seed: '0' } as const;

/** @throws UsageError for the first value that is not what its option takes */
export function parseDataOptions(raw: RawDataOptions): DataCommand {
  return {
    ...parseModelOption(raw),
    data: path('--data', raw.data),
    show: integerIn('--show', raw.show, 0, MAX_COUNT),
    trainOn: oneOf('--train-on', raw.trainOn, TRAIN_ON),
    system: raw.system,
    maxLength:
      raw.maxLength === undefined ? undefined : integerIn('--max-length', raw.maxLength, 2, MAX_COUNT),
    long: oneOf('--long', raw.long, LONG),
    allowSpecial: raw.allowSpecial ?? false,
    skipBad: raw.skipBad ?? false,
    holdOut: raw.validate,
    seed: integerIn('--seed', raw.seed, 0, MAX_SEED),
    json: raw.json === undefined ? undefined : path('--json', raw.json),
    quiet: raw.quiet ?? false,
  };
}
