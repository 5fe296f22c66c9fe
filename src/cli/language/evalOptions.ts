/** The options of `lowrank eval` for a language model, read strictly. It touches no file and no device. */
import { WEIGHTS, type WeightsOption } from '../../models/weights.js';
import { TRAIN_ON, type TrainOn } from '../../text/examples.js';
import { LONG, type Long } from '../../text/longExamples.js';
import { UsageError } from '../errors.js';
import { type DeviceOptions, parseDeviceOptions } from '../options.js';
import { integerIn, MAX_COUNT, oneOf, path } from '../values.js';
import { type AdapterAt, adapterAt } from './adapters.js';
import { type ModelOption, parseModelOption } from './modelOption.js';

/** What commander hands over: every value is still text. */
export interface RawEvalOptions {
  readonly base?: string;
  readonly model?: string;
  readonly download?: boolean;
  readonly adapter?: readonly string[];
  readonly data?: string;
  readonly trainOn: string;
  readonly system?: string;
  readonly maxLength?: string;
  readonly long: string;
  readonly allowSpecial?: boolean;
  readonly skipBad?: boolean;
  readonly weights: string;
  readonly precision: string;
  readonly device: string;
  readonly threads: string;
  readonly json?: string;
  readonly quiet?: boolean;
}

export interface EvalCommand extends DeviceOptions, ModelOption {
  readonly adapters: readonly AdapterAt[];
  /** A file, or a folder with one of test or validation examples. */
  readonly data: string;
  readonly trainOn: TrainOn;
  readonly system: string | undefined;
  /** Undefined: the context, at most 1,024. */
  readonly maxLength: number | undefined;
  readonly long: Long;
  readonly allowSpecial: boolean;
  readonly skipBad: boolean;
  readonly weights: WeightsOption;
  /** `-` is standard output. */
  readonly json: string | undefined;
  readonly quiet: boolean;
}

export const EVAL_DEFAULTS = {
  trainOn: 'answers',
  long: 'refuse',
  weights: 'keep',
  precision: 'exact',
  device: 'auto',
  threads: 'auto',
} as const;

export const PRECISIONS = ['exact'] as const;

/** @throws UsageError for the first value that is not what its option takes */
export function parseEvalOptions(raw: RawEvalOptions): EvalCommand {
  const { model, download = false, data } = raw;
  if (model === undefined) throw new UsageError('--model: must be given, or --base for a DigitsNet');
  if (data === undefined) throw new UsageError('--data: must be given: what the model is measured on');
  oneOf('--precision', raw.precision, PRECISIONS);
  return {
    ...parseDeviceOptions(raw),
    ...parseModelOption({ model, download }),
    adapters: (raw.adapter ?? []).map(adapterAt),
    data: path('--data', data),
    trainOn: oneOf('--train-on', raw.trainOn, TRAIN_ON),
    system: raw.system,
    maxLength:
      raw.maxLength === undefined ? undefined : integerIn('--max-length', raw.maxLength, 2, MAX_COUNT),
    long: oneOf('--long', raw.long, LONG),
    allowSpecial: raw.allowSpecial ?? false,
    skipBad: raw.skipBad ?? false,
    weights: oneOf('--weights', raw.weights, WEIGHTS),
    json: raw.json === undefined ? undefined : path('--json', raw.json),
    quiet: raw.quiet ?? false,
  };
}
