/** The options of the benchmark, read strictly. */
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { cacheDirectory } from '../../src/node/cache.js';
import type { ClockName } from './results.js';
import { BUILDS, PRECISIONS, type Variant } from './variant.js';

export const ROWS = ['job', 'row', 'text', 'browser', 'threads', 'scaling', 'weights'] as const;
export type Row = (typeof ROWS)[number];

export interface Options {
  readonly model: string;
  readonly rows: readonly Row[];
  readonly rounds: number;
  /** Maximum number of threads; 1 leaves out what is measured with several. */
  readonly threads: number;
  readonly quick: boolean;
  readonly variants: readonly Variant[];
  readonly clock: ClockName;
  readonly json: string;
  readonly md: string | undefined;
  /** The figures of an earlier run. */
  readonly compare: string | undefined;
}

/** Rows that are measured by default; the others have no goals, and are measured on request. */
export const DEFAULT_ROWS: readonly Row[] = ['job', 'row', 'text', 'browser', 'threads', 'scaling'];

/** Default precisions; `fastest` trains as `fast` does, and is measured on request. */
const DEFAULT_PRECISIONS: readonly Variant['precision'][] = ['exact', 'fast'];

const ROUNDS = 5;
const QUICK_ROUNDS = 2;
const MAX_ROUNDS = 100;
const MAX_THREADS = 8;

/**
 * @param words  arguments without the program's name
 * @param tell  called with the error, or the help
 * @throws CommanderError for an unknown option or a value out of range, and after the help
 */
export function parseOptions(words: readonly string[], tell = writeError): Options {
  const given = new Command('bench:language')
    .exitOverride()
    .allowExcessArguments(false)
    .configureOutput({ writeOut: tell, writeErr: tell })
    .description(
      'Language models of lowrank and of others on the same work, in turns. Takes half an hour; --quick minutes.',
    )
    .option('--model <path>', 'a GGUF file', join(cacheDirectory(), 'SmolLM2-135M-Instruct.Q4_1.gguf'))
    .option(
      '--only <rows>',
      `some of ${ROWS.join(', ')}, with commas between (default: all but weights)`,
      listOf(ROWS),
    )
    .option(
      '--rounds <n>',
      `slices of each contender (default ${ROUNDS}, ${QUICK_ROUNDS} with --quick)`,
      wholeUpTo(MAX_ROUNDS),
    )
    .option(
      '--threads <n>',
      'maximum number of threads; 1 leaves out the rows with several',
      wholeUpTo(MAX_THREADS),
      2,
    )
    .option('--quick', 'less of everything, within five minutes')
    .option('--builds <names>', `builds of lowrank: ${BUILDS.join(', ')} (default: both)`, listOf(BUILDS))
    .option(
      '--precisions <names>',
      `precisions of lowrank: ${PRECISIONS.join(', ')} (default: exact, fast)`,
      listOf(PRECISIONS),
    )
    .option(
      '--clock <name>',
      'wall, or cpu: CPU time where one thread is measured outside a browser (default: wall)',
      listOf(['wall', 'cpu'] as const),
    )
    .option('--json <file>', 'where to write the figures', 'build/language.json')
    .option('--md <file>', 'where to write the tables, beside standard output')
    .option('--compare <file>', 'show what changed against the figures of an earlier run')
    .parse(words, { from: 'user' })
    .opts<Given>();
  const {
    only = DEFAULT_ROWS,
    rounds,
    quick = false,
    builds = BUILDS,
    precisions = DEFAULT_PRECISIONS,
    ...rest
  } = given;
  return {
    ...rest,
    ...{ quick, rows: only, clock: given.clock?.[0] ?? 'wall', md: given.md, compare: given.compare },
    rounds: rounds ?? (quick ? QUICK_ROUNDS : ROUNDS),
    variants: builds.flatMap((build) => precisions.map((precision) => ({ build, precision }))),
  };
}

interface Given {
  readonly model: string;
  readonly only?: readonly Row[];
  readonly rounds?: number;
  readonly threads: number;
  readonly quick?: boolean;
  readonly builds?: readonly Variant['build'][];
  readonly precisions?: readonly Variant['precision'][];
  readonly clock?: readonly ClockName[];
  readonly json: string;
  readonly md?: string;
  readonly compare?: string;
}

function writeError(text: string): void {
  process.stderr.write(text);
}

/** A parser of lists of names, which returns them in the order of `names`, each once. */
function listOf<T extends string>(names: readonly T[]): (text: string) => readonly T[] {
  return (text) => {
    const asked = text.split(',');
    const unknown = asked.find((word) => !names.some((name) => name === word));
    if (unknown !== undefined)
      throw new InvalidArgumentError(`It must be of ${names.join(', ')}: ${unknown || '(empty)'}`);
    return names.filter((name) => asked.includes(name));
  };
}

function wholeUpTo(most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isInteger(value) || value < 1 || value > most)
      throw new InvalidArgumentError(`It must be a whole number from 1 to ${most}.`);
    return value;
  };
}
