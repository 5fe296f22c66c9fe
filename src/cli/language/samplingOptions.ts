/** Options that the text-generating commands have in common: how tokens are drawn. */
import type { Command } from 'commander';
import type { GenerateOptions } from '../../generate/generate.js';
import { withDefault } from '../streams.js';
import { broken, integerIn, MAX_COUNT, MAX_SEED, upTo } from '../values.js';

/** Options as commander passes them: every value is still text. */
export interface RawSamplingOptions {
  readonly maxTokens: string;
  readonly temperature: string;
  readonly topK: string;
  readonly topP: string;
  readonly minP: string;
  readonly repetitionPenalty: string;
  readonly seed: string;
  readonly stop?: readonly string[];
}

export interface SamplingCommand {
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly repetitionPenalty: number;
  readonly seed: number;
  readonly stop: readonly string[];
}

export const SAMPLING_DEFAULTS = {
  maxTokens: '256',
  temperature: '0',
  topK: '0',
  topP: '1',
  minP: '0',
  repetitionPenalty: '1',
  seed: '0',
} as const satisfies RawSamplingOptions;

const LARGEST_TEMPERATURE = 100;

/** Collects the values of an option that may be given several times. */
export const list = (value: string, before: readonly string[] = []) => [...before, value];

export function addSamplingOptions(command: Command): Command {
  const { maxTokens, temperature, topK, topP, minP, repetitionPenalty, seed } = SAMPLING_DEFAULTS;
  const penalty = 'divides the logits of tokens that already occur';
  return command
    .optionsGroup('Sampling:')
    .addOption(withDefault('--max-tokens <n>', 'maximum number of tokens to generate', maxTokens))
    .addOption(withDefault('--temperature <x>', '0 always takes the most likely token', temperature))
    .addOption(withDefault('--top-k <n>', 'draw from the n most likely tokens; 0: all', topK))
    .addOption(
      withDefault('--top-p <x>', 'draw from the most likely ones that together reach probability x', topP),
    )
    .addOption(withDefault('--min-p <x>', 'draw from those at least x times as likely as the best', minP))
    .addOption(withDefault('--repetition-penalty <x>', penalty, repetitionPenalty))
    .addOption(withDefault('--seed <n>', 'random seed for the draws', seed))
    .option('--stop <text>', 'end before this text; repeatable', list);
}

/** @throws UsageError for the first value that is not what its option takes */
export function parseSamplingOptions(raw: RawSamplingOptions): SamplingCommand {
  return {
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
  };
}

/** The options for `generate`. */
export function samplingOf(options: SamplingCommand & { readonly allowSpecial: boolean }): GenerateOptions {
  const { maxTokens, temperature, topK, topP, minP, repetitionPenalty, seed, stop, allowSpecial } = options;
  return { maxTokens, temperature, topK, topP, minP, repetitionPenalty, seed, stop, allowSpecial };
}

function above0(option: string, value: number, text: string): number {
  if (value > 0) return value;
  throw broken(option, 'must be above 0', text);
}
