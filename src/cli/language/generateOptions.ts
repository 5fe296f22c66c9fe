/** The options of `lowrank generate`, read strictly. It touches no file and no device. */
import { broken, path } from '../values.js';
import { type AdapterAt, adapterAt } from './adapters.js';
import {
  type ComputingCommand,
  parseComputingOptions,
  type RawComputingOptions,
} from './computingOptions.js';
import { type ModelOption, parseModelOption, type RawModelOption } from './modelOption.js';
import { parseSamplingOptions, type RawSamplingOptions, type SamplingCommand } from './samplingOptions.js';

/** Options as commander passes them: every value is still text. */
export interface RawGenerateOptions extends RawModelOption, RawSamplingOptions, RawComputingOptions {
  readonly prompt: string;
  readonly chat?: boolean;
  readonly system?: string;
  readonly allowSpecial?: boolean;
  readonly adapter?: readonly string[];
  readonly json?: string;
  readonly quiet?: boolean;
}

export interface GenerateCommand extends ModelOption, SamplingCommand, ComputingCommand {
  /** `-` is standard input. */
  readonly prompt: string;
  readonly chat: boolean;
  readonly system: string | undefined;
  readonly allowSpecial: boolean;
  readonly adapters: readonly AdapterAt[];
  /** `-` is standard output. */
  readonly json: string | undefined;
  readonly quiet: boolean;
}

/** @throws UsageError for the first value that is not what its option takes */
export function parseGenerateOptions(raw: RawGenerateOptions): GenerateCommand {
  if (raw.system !== undefined && !raw.chat)
    throw broken('--system', 'requires --chat, which makes messages of prompt and system', raw.system);
  return {
    ...parseComputingOptions(raw),
    ...parseSamplingOptions(raw),
    ...parseModelOption(raw),
    prompt: raw.prompt,
    chat: raw.chat ?? false,
    system: raw.system,
    allowSpecial: raw.allowSpecial ?? false,
    adapters: (raw.adapter ?? []).map(adapterAt),
    json: raw.json === undefined ? undefined : path('--json', raw.json),
    quiet: raw.quiet ?? false,
  };
}
