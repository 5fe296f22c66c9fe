/** The result of a sweep: its configurations, each over the seeds, and the best. */
import type { Score } from './json.js';
import type { SweepOptions } from './sweepOptions.js';
import type { Trial } from './trials.js';

/** A configuration's means over its seeds. */
export interface Configuration {
  readonly method: string;
  readonly rank: number;
  readonly alpha: number;
  readonly learningRate: number;
  readonly seeds: number;
  readonly parameters: number;
  readonly gained: number;
  /** Standard deviation over the seeds, of a sample; 0 for one seed. */
  readonly gainedDeviation: number;
  readonly forgotten: number;
  readonly forgottenDeviation: number;
  /** Mean duration of the training. */
  readonly seconds: number;
}

export interface SweepResult {
  readonly digits: readonly number[];
  readonly replay: number;
  readonly iterations: number;
  readonly base: Score;
  readonly configurations: readonly Configuration[];
  /** Place of the best among the configurations: the most images gained less those forgotten, then the fewest parameters. */
  readonly best: number;
  readonly trials: readonly Trial[];
}

/** @param trials  in the order of the grid: seeds of one configuration side by side */
export function summarize(
  trials: readonly Trial[],
  base: Score,
  { seeds, digits, replay, iterations }: SweepOptions,
): SweepResult {
  const configurations: Configuration[] = [];
  for (let first = 0; first < trials.length; first += seeds.length) {
    configurations.push(configurationOf(trials.slice(first, first + seeds.length)));
  }
  const order = [...configurations.keys()].sort((a, b) => {
    const [x, y] = [configurations[a], configurations[b]];
    return y.gained - y.forgotten - (x.gained - x.forgotten) || x.parameters - y.parameters;
  });
  return { digits, replay, iterations, base, configurations, best: order[0], trials };
}

function configurationOf(trials: readonly Trial[]): Configuration {
  const { method, rank, alpha, learningRate, parameters } = trials[0];
  const gained = trials.map((trial) => trial.gained);
  const forgotten = trials.map((trial) => trial.forgotten);
  return {
    ...{ method, rank, alpha, learningRate, seeds: trials.length, parameters },
    gained: mean(gained),
    gainedDeviation: deviation(gained),
    forgotten: mean(forgotten),
    forgottenDeviation: deviation(forgotten),
    seconds: mean(trials.map((trial) => trial.seconds)),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const middle = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

const COLUMNS = [
  ...(['method', 'rank', 'alpha', 'learningRate', 'seed', 'replay', 'iterations', 'batchSize'] as const),
  ...(['parameters', 'meanLoss', 'seconds', 'gained', 'forgotten', 'accuracy'] as const),
];

/** One line per trial below a heading; every value is a number or a word. */
export function csvText(trials: readonly Trial[]): string {
  const digits = trials[0].wrong.map((_, digit) => `wrong${digit}`);
  const lines = trials.map((trial) => [...COLUMNS.map((name) => trial[name]), ...trial.wrong].join(','));
  return `${[[...COLUMNS, ...digits].join(','), ...lines].join('\n')}\n`;
}
