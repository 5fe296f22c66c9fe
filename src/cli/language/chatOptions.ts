/** The options of `lowrank chat`, read strictly. It touches no file and no device. */
import { path } from '../values.js';
import { type AdapterAt, adapterAt } from './adapters.js';
import {
  type ComputingCommand,
  parseComputingOptions,
  type RawComputingOptions,
} from './computingOptions.js';
import { type ModelOption, parseModelOption, type RawModelOption } from './modelOption.js';
import { parseSamplingOptions, type RawSamplingOptions, type SamplingCommand } from './samplingOptions.js';

/** Options as commander passes them: every value is still text. */
export interface RawChatOptions extends RawModelOption, RawSamplingOptions, RawComputingOptions {
  readonly adapter?: readonly string[];
  readonly system?: string;
  readonly allowSpecial?: boolean;
  readonly file?: string;
  readonly history?: string;
  readonly quiet?: boolean;
}

export interface ChatCommand extends ModelOption, SamplingCommand, ComputingCommand {
  readonly adapters: readonly AdapterAt[];
  readonly system: string | undefined;
  readonly allowSpecial: boolean;
  /** A file whose text is the first message. */
  readonly file: string | undefined;
  /** A file whose conversation is continued, and saved again. */
  readonly history: string | undefined;
  readonly quiet: boolean;
}

/** @throws UsageError for the first value that is not what its option takes */
export function parseChatOptions(raw: RawChatOptions): ChatCommand {
  return {
    ...parseComputingOptions(raw),
    ...parseSamplingOptions(raw),
    ...parseModelOption(raw),
    adapters: (raw.adapter ?? []).map(adapterAt),
    system: raw.system,
    allowSpecial: raw.allowSpecial ?? false,
    file: raw.file === undefined ? undefined : path('--file', raw.file),
    history: raw.history === undefined ? undefined : path('--history', raw.history),
    quiet: raw.quiet ?? false,
  };
}
