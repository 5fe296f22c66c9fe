/** The options of `lowrank generate`, read strictly. It touches no file and no device. */
import { WEIGHTS, type WeightsOption } from '../models/weights.js';
import { DEVICES, type DeviceOptions, parseDeviceOptions } from './options.js';
import { broken, integerIn, MAX_COUNT, MAX_SEED, oneOf, path, upTo } from './values.js';

/** What commander hands over: every value is still text. */
export interface RawGenerateOptions {
  readonly model: string;
  readonly prompt: string;
  readonly chat?: boolean;
  readonly system?: string;
  readonly allowSpecial?: boolean;
  readonly adapter?: readonly string[];
  readonly maxTokens: string;
  readonly temperature: string;
  readonly topK: string;
  readonly topP: string;
  readonly minP: string;
  readonly repetitionPenalty: string;
  readonly seed: string;
  readonly stop?: readonly string[];
  readonly weights: string;
  readonly precision: string;
  readonly device: string;
  readonly threads: string;
  readonly json?: string;
  readonly quiet?: boolean;
}

export interface GenerateCommand extends DeviceOptions {
  readonly model: string;
  /** `-` is standard input. */
  readonly prompt: string;
  readonly chat: boolean;
  readonly system: string | undefined;
  readonly allowSpecial: boolean;
  readonly adapters: readonly AdapterAt[];
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly repetitionPenalty: number;
  readonly seed: number;
  readonly stop: readonly string[];
  readonly weights: WeightsOption;
  /** `-` is standard output. */
  readonly json: string | undefined;
  readonly quiet: boolean;
}

/** The directory of an adapter, and how much of it. */
export interface AdapterAt {
  readonly directory: string;
  readonly scale: number;
}

export const GENERATE_DEFAULTS = {
  maxTokens: '256',
  temperature: '0',
  topK: '0',
  topP: '1',
  minP: '0',
  repetitionPenalty: '1',
  seed: '0',
  weights: 'keep',
  precision: 'exact',
  device: 'auto',
  threads: 'auto',
} as const;

export const PRECISIONS = ['exact'] as const;
export { DEVICES, WEIGHTS };

const LARGEST_TEMPERATURE = 100;

/** @throws UsageError for the first value that is not what its option takes */
export function parseGenerateOptions(raw: RawGenerateOptions): GenerateCommand {
  if (raw.system !== undefined && !raw.chat)
    throw broken('--system', 'needs --chat, which makes messages of prompt and system', raw.system);
  oneOf('--precision', raw.precision, PRECISIONS);
  return {
    ...parseDeviceOptions(raw),
    model: place(raw.model),
    prompt: raw.prompt,
    chat: raw.chat ?? false,
    system: raw.system,
    allowSpecial: raw.allowSpecial ?? false,
    adapters: (raw.adapter ?? []).map(adapterAt),
    maxTokens: integerIn('--max-tokens', raw.maxTokens, 1, MAX_COUNT),
    temperature: upTo('--temperature', raw.temperature, LARGEST_TEMPERATURE),
    topK: integerIn('--top-k', raw.topK, 0, MAX_COUNT),
    topP: above0('--top-p', upTo('--top-p', raw.topP, 1), raw.topP),
    minP: upTo('--min-p', raw.minP, 1),
    repetitionPenalty: above0(
      '--repetition-penalty',
      upTo('--repetition-penalty', raw.repetitionPenalty, LARGEST_TEMPERATURE),
      raw.repetitionPenalty,
    ),
    seed: integerIn('--seed', raw.seed, 0, MAX_SEED),
    stop: (raw.stop ?? []).map((text) => {
      if (text === '') throw broken('--stop', 'must not be empty', text);
      return text;
    }),
    weights: oneOf('--weights', raw.weights, WEIGHTS),
    json: raw.json === undefined ? undefined : path('--json', raw.json),
    quiet: raw.quiet ?? false,
  };
}

/** A path, or an address that can be fetched. */
function place(text: string): string {
  const isAddress = /^[a-z][a-z\d+.-]*:\/\//i.test(text);
  if (isAddress && !(/^https?:/i.test(text) && URL.canParse(text)))
    throw broken('--model', 'must be a path, or an address that begins with https://', text);
  return path('--model', text);
}

function above0(option: string, value: number, text: string): number {
  if (value > 0) return value;
  throw broken(option, 'must be above 0', text);
}

/** `DIR` or `DIR@SCALE`; a directory whose own name ends so is given with `@1`. */
function adapterAt(text: string): AdapterAt {
  const [, directory, scale] = /^(.+)@(-?(?:\d+\.?\d*|\.\d+))$/.exec(text) ?? [];
  if (directory !== undefined) return { directory, scale: Number(scale) };
  return { directory: path('--adapter', text), scale: 1 };
}
