/** Options that the commands on examples have in common: how examples become tokens. */
import type { Command } from 'commander';
import { TRAIN_ON, type TrainOn } from '../../text/examples.js';
import { LONG, type Long } from '../../text/longExamples.js';
import { withDefault } from '../streams.js';
import { integerIn, MAX_COUNT, oneOf, path } from '../values.js';

/** Options as commander passes them: every value is still text. */
export interface RawExampleOptions {
  readonly data: string;
  readonly trainOn: string;
  readonly system?: string;
  readonly maxLength?: string;
  readonly long: string;
  readonly allowSpecial?: boolean;
  readonly skipBad?: boolean;
}

export interface ExampleOptions {
  /** A file, or a folder. */
  readonly data: string;
  readonly trainOn: TrainOn;
  readonly system: string | undefined;
  /** Undefined: the context, at most 1,024. */
  readonly maxLength: number | undefined;
  readonly long: Long;
  readonly allowSpecial: boolean;
  readonly skipBad: boolean;
}

export const EXAMPLE_DEFAULTS = { trainOn: 'answers', long: 'refuse' } as const;

/** Adds all options but `--data`. @param tokens  what the tokens are for, such as `that are trained` */
export function addExampleOptions(command: Command, tokens: string): Command {
  const { trainOn, long } = EXAMPLE_DEFAULTS;
  return command
    .optionsGroup('Examples:')
    .addOption(withDefault('--train-on <what>', `the tokens ${tokens}: ${TRAIN_ON.join(', ')}`, trainOn))
    .option('--system <text>', 'the system message of conversations that have none')
    .option('--max-length <n>', 'maximum tokens of an example (default: the context, at most 1024)')
    .addOption(withDefault('--long <what>', `what to do with longer ones: ${LONG.join(', ')}`, long))
    .option('--allow-special', 'read special tokens in texts as control tokens instead of refusing them')
    .option('--skip-bad', 'leave out lines that are not examples, and count them');
}

/** @throws UsageError for the first value that is not what its option takes */
export function parseExampleOptions(raw: RawExampleOptions): ExampleOptions {
  const { maxLength } = raw;
  return {
    data: path('--data', raw.data),
    trainOn: oneOf('--train-on', raw.trainOn, TRAIN_ON),
    system: raw.system,
    maxLength: maxLength === undefined ? undefined : integerIn('--max-length', maxLength, 2, MAX_COUNT),
    long: oneOf('--long', raw.long, LONG),
    allowSpecial: raw.allowSpecial ?? false,
    skipBad: raw.skipBad ?? false,
  };
}
