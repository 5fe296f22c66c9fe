/** Comparison of two evaluations: gains and losses from training, example by example. */
import { checkOptions, type OptionNames } from '../base/options.js';
import type { LanguageEvaluation } from './evaluateLanguageModel.js';

export interface CompareExamplesOptions {
  /**
   * Maximum difference of two losses that count as the same, in nats per trained token. Default 0.01, which is one percent of
   * a token's probability: far above the effect of rounding, and too small to notice in a text.
   */
  readonly tolerance?: number;
  /** Maximum examples in `worst`. Default 5. */
  readonly worst?: number;
}

/** Losses of an example before and after, in nats per trained token. */
export interface ExampleChange {
  /** Number of the example among those that were measured. */
  readonly example: number;
  readonly before: number;
  readonly after: number;
  /** after − before: negative where the example improved. */
  readonly change: number;
}

export interface ExampleComparison {
  /** Number of examples whose loss fell. */
  readonly better: number;
  readonly same: number;
  readonly worse: number;
  /** Changes of all examples, in their order. */
  readonly changes: readonly ExampleChange[];
  /** The examples whose loss rose most, the worst first. */
  readonly worst: readonly ExampleChange[];
}

const NAMES: OptionNames<CompareExamplesOptions> = { tolerance: true, worst: true };
const DEFAULT_TOLERANCE = 0.01;
const DEFAULT_WORST = 5;

/**
 * Compares two measurements of the same examples, such as without and with an adapter.
 * @throws RangeError for measurements of other examples, and for options out of range
 */
export function compareExamples(
  before: LanguageEvaluation,
  after: LanguageEvaluation,
  options: CompareExamplesOptions = {},
): ExampleComparison {
  checkOptions('compareExamples', options, NAMES);
  const { tolerance = DEFAULT_TOLERANCE, worst: most = DEFAULT_WORST } = options;
  if (!(tolerance >= 0)) throw new RangeError(`compareExamples: tolerance must be at least 0: ${tolerance}`);
  if (!(Number.isInteger(most) && most >= 0))
    throw new RangeError(`compareExamples: worst must be a whole number of at least 0: ${most}`);
  checkSameExamples(before, after);
  const changes = before.examples.map(({ loss }, example) => {
    const { loss: now } = after.examples[example];
    return { example, before: loss, after: now, change: now - loss };
  });
  const worse = changes.filter(({ change }) => change > tolerance);
  const better = changes.filter(({ change }) => change < -tolerance).length;
  return {
    better,
    same: changes.length - better - worse.length,
    worse: worse.length,
    changes,
    worst: worse.sort((a, b) => b.change - a.change).slice(0, most),
  };
}

/** Checks that both measured the same examples. @throws RangeError where the trained tokens differ */
function checkSameExamples(before: LanguageEvaluation, after: LanguageEvaluation): void {
  const [count, other] = [before, after].map(({ examples }) => examples.length);
  if (count !== other)
    throw new RangeError(`compareExamples: the examples must be the same: ${count} before, ${other} after`);
  const at = before.examples.findIndex(({ tokens }, i) => tokens !== after.examples[i].tokens);
  if (at < 0) return;
  const tokens = [before, after].map(({ examples }) => examples[at].tokens);
  throw new RangeError(
    `compareExamples: the examples must be the same: examples[${at}] has ${tokens[0]} trained tokens before, ${tokens[1]} after`,
  );
}
