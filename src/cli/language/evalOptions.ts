/** The options of `lowrank eval` for a language model, read strictly. It touches no file and no device. */
import { UsageError } from '../errors.js';
import { path } from '../values.js';
import { type AdapterAt, adapterAt } from './adapters.js';
import {
  type ComputingCommand,
  parseComputingOptions,
  type RawComputingOptions,
} from './computingOptions.js';
import { type ExampleOptions, parseExampleOptions, type RawExampleOptions } from './exampleOptions.js';
import { type ModelOption, parseModelOption } from './modelOption.js';

/** Options as commander passes them: every value is still text. */
export interface RawEvalOptions extends Omit<RawExampleOptions, 'data'>, RawComputingOptions {
  readonly base?: string;
  readonly model?: string;
  readonly download?: boolean;
  readonly adapter?: readonly string[];
  readonly data?: string;
  readonly json?: string;
  readonly quiet?: boolean;
}

/** The data are a file, or a folder with one of test or validation examples. */
export interface EvalCommand extends ExampleOptions, ComputingCommand, ModelOption {
  readonly adapters: readonly AdapterAt[];
  /** `-` is standard output. */
  readonly json: string | undefined;
  readonly quiet: boolean;
}

/** @throws UsageError for the first value that is not what its option takes */
export function parseEvalOptions(raw: RawEvalOptions): EvalCommand {
  const { model, download = false, data } = raw;
  if (model === undefined) throw new UsageError('--model: must be given, or --base for a DigitsNet');
  if (data === undefined) throw new UsageError('--data: must be given: the examples to measure the model on');
  return {
    ...parseModelOption({ model, download }),
    ...parseExampleOptions({ ...raw, data }),
    ...parseComputingOptions(raw),
    adapters: (raw.adapter ?? []).map(adapterAt),
    json: raw.json === undefined ? undefined : path('--json', raw.json),
    quiet: raw.quiet ?? false,
  };
}
