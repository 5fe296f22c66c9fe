/** The options of the benchmark, read strictly. */
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { cacheDirectory } from '../../src/node/cache.js';
import { PRESETS } from '../../web/language/presets/index.js';

export interface LessonSettings {
  readonly rate: number;
  readonly passes: number;
  /** Number of rows in a step. */
  readonly batch: number;
  readonly rank: number;
  readonly alpha: number;
  readonly schedule: 'linear' | 'cosine' | 'constant';
  readonly seed: number;
  /** Share of the base's own answers to other questions among what is taught. */
  readonly replay: number;
}

export interface Options extends LessonSettings {
  readonly model: string;
  readonly preset: string;
  readonly threads: number;
  /** Whether the base is also asked, before it is taught. */
  readonly base: boolean;
  /** Whether every answer is shown. */
  readonly answers: boolean;
}

const NAMES = PRESETS.map(({ id }) => id);
const SCHEDULES = ['linear', 'cosine', 'constant'] as const;

/** @throws CommanderError for an unknown option or a value out of range, and after the help */
export function parseOptions(words: readonly string[]): Options {
  return new Command('bench:presets')
    .exitOverride()
    .allowExcessArguments(false)
    .description(
      'Teaches a preset of the language-model page to the real model, and counts what was learned and what was forgotten.\nPrints a row of a table in Markdown, with --answers the answers before it. Takes minutes.',
    )
    .option('--model <path>', 'a GGUF file', join(cacheDirectory(), 'SmolLM2-135M-Instruct.Q4_1.gguf'))
    .option('--preset <name>', NAMES.join(', '), oneOf(NAMES), 'cafe')
    .option('--rate <rate>', 'learning rate', above(0), 1e-3)
    .option('--passes <n>', 'passes over the rows', whole, 10)
    .option('--batch <rows>', 'rows per step', whole, 4)
    .option('--rank <n>', 'of the adapter', whole, 8)
    .option('--alpha <alpha>', 'of the adapter', above(0), 16)
    .option('--schedule <kind>', SCHEDULES.join(', '), oneOf(SCHEDULES), 'cosine')
    .option('--seed <n>', 'random seed of the order and the adapter', whole0, 0)
    .option('--replay <share>', "share of the base's own answers among what is taught, below 1", share, 0)
    .option('--threads <n>', 'threads of the device', whole, 2)
    .option('--base', 'also ask the base', false)
    .option('--answers', 'show every answer', false)
    .parse(words, { from: 'user' })
    .opts<Options>();
}

function oneOf<T extends string>(names: readonly T[]): (text: string) => T {
  return (text) => {
    const found = names.find((name) => name === text);
    if (found === undefined) throw new InvalidArgumentError(`It must be one of ${names.join(', ')}.`);
    return found;
  };
}

function numberWhere(isRight: (value: number) => boolean, what: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !isRight(value)) throw new InvalidArgumentError(`It must be ${what}.`);
    return value;
  };
}

const above = (least: number) =>
  numberWhere((value) => Number.isFinite(value) && value > least, `above ${least}`);
const whole = numberWhere((value) => Number.isInteger(value) && value >= 1, 'a positive whole number');
const whole0 = numberWhere((value) => Number.isInteger(value) && value >= 0, 'a non-negative integer');
const share = numberWhere((value) => value >= 0 && value < 1, 'at least 0 and below 1');
