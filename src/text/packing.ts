/** Plans which examples are computed together: in one row, and in one step of the optimizer. Independent of devices. */
import { DataError } from '../base/errors.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import { Sha256 } from '../base/sha256.js';
import type { TokenExample } from './examples.js';
import { type PackableExample, packable, shortened } from './packableExamples.js';
import { LABEL_STEP, type PackedRow, packRow, roundUp, TOKEN_STEP, tokensOf } from './packedRow.js';
import { compareTokens, groupPrefixes, type PrefixGroup } from './prefixGroups.js';

export interface PackingOptions {
  /**
   * Maximum tokens of an example, up to its last trained one, and, rounded up to a multiple of 32, of a row. Default 512, or the
   * longest example where that is longer.
   */
  readonly maxLength?: number | undefined;
  /**
   * Number of trained tokens of a step: it takes examples until it reaches this number, in the rows that they require; the last
   * step of an epoch takes the remaining examples. Default 0: each row is a step.
   */
  readonly batchTokens?: number | undefined;
  /** Number of examples of a step, in the rows that they require; cannot be combined with `batchTokens`. Default none. */
  readonly batchSize?: number | undefined;
  /** Whether a row may hold several examples. Default true. */
  readonly pack?: boolean | undefined;
  /** Whether a common prefix of examples in a row is computed once. Default true. */
  readonly sharePrefix?: boolean | undefined;
  /**
   * What to do with an example of more than `maxLength` tokens: `cut` keeps its beginning, and leaves it out where no trained token
   * is left; `drop` leaves it out; `refuse` throws. Default `refuse`.
   */
  readonly long?: 'cut' | 'drop' | 'refuse' | undefined;
  /** Sliding window of the model, `config.slidingWindow`: number of tokens that each token sees, including itself. Default none. */
  readonly window?: number | undefined;
}

/** The result of packing in figures. Rows and shared tokens are those of one pass in the given order. */
export interface PackingReport {
  /** Number of examples that are used. */
  readonly examples: number;
  /** Tokens that the model would compute if each example were computed separately. */
  readonly tokens: number;
  readonly trainedTokens: number;
  /** Number of examples that lost their end. */
  readonly cut: number;
  /** Number of examples that were left out. */
  readonly dropped: number;
  readonly rows: number;
  /** Tokens that are not computed, since another example of the row has the same prefix. */
  readonly sharedTokens: number;
  /** Maximum tokens of a row, with padding. */
  readonly rowTokens: number;
  /** Maximum labels of a row, with padding. */
  readonly rowLabels: number;
}

/** Examples that are computed together. */
export interface RowPlan {
  /** Numbers of the examples, in their order in the row. */
  readonly members: readonly number[];
  readonly groups: readonly PrefixGroup[];
  /** Tokens of the row without padding. */
  readonly tokens: number;
  readonly trainedTokens: number;
}

const NAMES: OptionNames<PackingOptions> = {
  maxLength: true,
  batchTokens: true,
  batchSize: true,
  pack: true,
  sharePrefix: true,
  long: true,
  window: true,
};
const DEFAULT_MAX_LENGTH = 512;
/** Maximum examples of a row: its groups are found by comparing all pairs. */
const MAX_EXAMPLES = 256;

/** The options that decide how examples are put into rows. */
interface Settled {
  readonly batchTokens: number;
  /** Examples of a step; 0: determined by `batchTokens`. */
  readonly batchSize: number;
  readonly pack: boolean;
  readonly sharePrefix: boolean;
  readonly window: number;
}

/** Plans rows of examples, and builds them. */
export class Packing {
  readonly report: PackingReport;
  /** Computed tokens of the longest example: all positions are below it. */
  readonly longest: number;
  /** Maximum tokens of a row. */
  readonly maxTokens: number;
  /** Maximum labels of a row. */
  readonly maxLabels: number;
  /** Number of tokens that each token sees; undefined: all before it. */
  readonly window: number | undefined;
  readonly #examples: readonly PackableExample[];
  /** The rank of each example when all are sorted by their tokens. */
  readonly #rank: Int32Array;
  readonly #options: Settled;

  /**
   * @throws DataError for an example whose labels do not fit its tokens, or that has no trained token; for examples that are
   *   too long, if they are refused; where no example is left; RangeError and TypeError for options
   */
  constructor(examples: readonly TokenExample[], options: PackingOptions = {}) {
    checkOptions('packing', options, NAMES, {
      shuffle: 'the order is that of batches({ random })',
      seed: 'the order is that of batches({ random })',
    });
    const { batchTokens = 0, batchSize = 0, pack = true, sharePrefix = true, long = 'refuse' } = options;
    const { window = Number.POSITIVE_INFINITY } = options;
    const whole = examples.map(packable);
    const longest = whole.reduce((most, { labels }) => Math.max(most, labels.length), 0);
    const { maxLength = Math.max(DEFAULT_MAX_LENGTH, longest) } = options;
    checkNumbers({ maxLength, batchTokens, batchSize, window });
    if (batchTokens > 0 && batchSize > 0)
      throw new RangeError(
        `packing: batchTokens and batchSize must not be given together: ${batchTokens}, ${batchSize}`,
      );
    if (!['cut', 'drop', 'refuse'].includes(long))
      throw new RangeError(`packing: long must be cut, drop or refuse: ${long}`);
    const kept = shortened(whole, maxLength, long);
    if (kept.length === 0)
      throw new DataError(
        `packing: there must be an example of at most ${maxLength} tokens: ${examples.length} were given`,
      );
    this.#examples = kept;
    this.window = options.window;
    this.#options = { batchTokens, batchSize, pack, sharePrefix: sharePrefix && pack, window };
    this.longest = kept.reduce((most, { inputs }) => Math.max(most, inputs.length), 0);
    this.maxTokens = roundUp(maxLength, TOKEN_STEP);
    this.maxLabels = roundUp(this.maxTokens, LABEL_STEP);
    const order = Int32Array.from(kept.keys());
    const sorted = order.slice().sort((a, b) => compareTokens(kept[a].inputs, kept[b].inputs) || a - b);
    this.#rank = new Int32Array(kept.length);
    for (const [rank, example] of sorted.entries()) this.#rank[example] = rank;
    this.report = this.#reportOf(order, whole);
  }

  /** Number of examples. */
  get length(): number {
    return this.#examples.length;
  }

  /** SHA-256 of the examples and of the options that decide how they are put into rows. */
  digest(): string {
    const { maxTokens, maxLabels } = this;
    const { window, ...rest } = this.#options;
    const hash = new Sha256().update(JSON.stringify({ ...rest, window: `${window}`, maxTokens, maxLabels }));
    for (const { inputs, labels } of this.#examples) {
      hash.update(`${inputs.length}`);
      for (const { buffer, byteOffset, byteLength } of [inputs, labels])
        hash.update(new Uint8Array(buffer, byteOffset, byteLength));
    }
    return hash.hex();
  }

  /** The rows of each step of one pass. @param order  numbers of the examples */
  *steps(order: Int32Array): Generator<readonly RowPlan[], void> {
    const { batchTokens, batchSize } = this.#options;
    if (batchTokens === 0 && batchSize === 0) {
      for (const row of this.#rows(order)) yield [row];
      return;
    }
    let chosen: number[] = [];
    let trained = 0;
    for (const example of order) {
      chosen.push(example);
      trained += this.#examples[example].trainedTokens;
      if (batchSize > 0 ? chosen.length < batchSize : trained < batchTokens) continue;
      yield this.#rowsOfStep(chosen);
      [chosen, trained] = [[], 0];
    }
    if (chosen.length > 0) yield this.#rowsOfStep(chosen);
  }

  /** Whether a step has the required number of examples or trained tokens. */
  isWhole(step: readonly RowPlan[]): boolean {
    const { batchTokens, batchSize } = this.#options;
    const examples = step.reduce((sum, { members }) => sum + members.length, 0);
    return trainedTokensOf(step) >= batchTokens && examples >= batchSize;
  }

  /** Builds a planned row. */
  row({ members, groups }: RowPlan): PackedRow {
    const examples = members.map((example) => this.#examples[example]);
    return packRow(examples, groups, this.#options.window);
  }

  /** Number and trained tokens of each example of a planned row, in the order of their labels. */
  members({ members }: RowPlan): { readonly example: number; readonly trainedTokens: number }[] {
    return members.map((example) => ({ example, trainedTokens: this.#examples[example].trainedTokens }));
  }

  /** Plans the rows of a step. Its examples may be in any order, so those with long common prefixes go into the same row. */
  #rowsOfStep(examples: number[]): readonly RowPlan[] {
    const rank = this.#rank;
    if (this.#options.sharePrefix) examples.sort((a, b) => rank[a] - rank[b]);
    return [...this.#rows(examples)];
  }

  /** Plans rows by filling one after another. */
  *#rows(examples: Iterable<number>): Generator<RowPlan, void> {
    let row: RowPlan | undefined;
    for (const example of examples) {
      const next = row && this.#options.pack ? this.#plan([...row.members, example]) : undefined;
      if (next && this.#fits(next)) row = next;
      else {
        if (row) yield row;
        row = this.#plan([example]);
      }
    }
    if (row) yield row;
  }

  #plan(unsorted: readonly number[]): RowPlan {
    const { sharePrefix } = this.#options;
    const rank = this.#rank;
    const members = sharePrefix ? [...unsorted].sort((a, b) => rank[a] - rank[b]) : unsorted;
    const examples = members.map((example) => this.#examples[example]);
    const groups = sharePrefix
      ? groupPrefixes(examples.map(({ inputs }) => inputs))
      : members.map((_, i) => ({ prefix: 0, from: i, to: i + 1 }));
    const trainedTokens = examples.reduce((sum, each) => sum + each.trainedTokens, 0);
    return { members, groups, tokens: tokensOf(examples, groups), trainedTokens };
  }

  #fits({ members, tokens, trainedTokens }: RowPlan): boolean {
    return members.length <= MAX_EXAMPLES && tokens <= this.maxTokens && trainedTokens <= this.maxLabels;
  }

  #reportOf(order: Int32Array, whole: readonly PackableExample[]): PackingReport {
    const rows = [...this.steps(order)].flat();
    const tokens = this.#examples.reduce((sum, { inputs }) => sum + inputs.length, 0);
    const known = new Set(whole);
    return {
      examples: this.length,
      tokens,
      trainedTokens: trainedTokensOf(rows),
      cut: this.#examples.filter((example) => !known.has(example)).length,
      dropped: whole.length - this.length,
      rows: rows.length,
      sharedTokens: rows.reduce((left, row) => left - row.tokens, tokens),
      rowTokens: most(rows.map((row) => roundUp(row.tokens, TOKEN_STEP))),
      rowLabels: most(rows.map((row) => roundUp(row.trainedTokens, LABEL_STEP))),
    };
  }
}

function most(numbers: readonly number[]): number {
  return numbers.reduce((largest, each) => Math.max(largest, each), 0);
}

/** Total trained tokens of rows. */
export function trainedTokensOf(rows: readonly RowPlan[]): number {
  return rows.reduce((sum, row) => sum + row.trainedTokens, 0);
}

function checkNumbers(
  numbers: Readonly<Record<'maxLength' | 'batchTokens' | 'batchSize' | 'window', number>>,
): void {
  const least = { maxLength: 2, batchTokens: 0, batchSize: 0, window: 1 };
  for (const name of ['maxLength', 'batchTokens', 'batchSize', 'window'] as const) {
    const value = numbers[name];
    const isNone = name === 'window' && value === Number.POSITIVE_INFINITY;
    if (isNone || (Number.isSafeInteger(value) && value >= least[name])) continue;
    throw new RangeError(`packing: ${name} must be an integer of at least ${least[name]}: ${value}`);
  }
}
