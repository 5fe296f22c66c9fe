/** What training gained and what it forgot, example by example. */
import { checkOptions, type OptionNames } from '../base/options.js';
import type { LanguageEvaluation } from './evaluateLanguageModel.js';

export interface CompareExamplesOptions {
  /**
   * By how much two losses may differ and still count as the same, in nats per trained token. Default 0.01, which is one percent of
   * a token's probability: far above what rounding makes of it, and less than anybody sees in a text.
   */
  readonly tolerance?: number;
  /** Most examples in `worst`. Default 5. */
  readonly worst?: number;
}

/** Losses of an example, in nats per trained token. */
export interface ExampleChange {
  /** Its number among the examples that were measured. */
  readonly example: number;
  readonly before: number;
  readonly after: number;
  /** after − before: below 0 for the better. */
  readonly change: number;
}

export interface ExampleComparison {
  /** Numbers of examples whose loss fell, stayed and rose. */
  readonly better: number;
  readonly same: number;
  readonly worse: number;
  /** All examples, in their order. */
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

/** @throws RangeError where the trained tokens are not the same */
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
