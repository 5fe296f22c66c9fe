/** A summary of training data before anything is trained. */
import { printable } from '../../base/printable.js';
import { answerFrame } from '../../text/answerFrame.js';
import { type ReasonCount, reasonCounts } from '../../text/badLines.js';
import { type Duplicate, type Duplicates, findDuplicates } from '../../text/duplicates.js';
import { UNTRAINED } from '../../text/examples.js';
import { computedLength, type Long, shortenExamples } from '../../text/longExamples.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import { count, integer } from '../format.js';
import { type Bin, histogramOf } from './lengthHistogram.js';
import { DATA_USES, type DataPart, type LanguageData } from './readData.js';
import { systemInForce } from './systemInForce.js';

/** Characters of what stands before an answer. */
const MAX_LEAD = 120;

export interface DataSummaryOptions {
  /** Maximum tokens of an example. */
  readonly maxLength: number;
  readonly long: Long;
  /** System message of `--system`. */
  readonly system: string | undefined;
  readonly skipBad: boolean;
}

/** The examples for one use. Tokens are counted up to the last trained one of each example, as they are computed. */
export interface PartSummary {
  readonly file: string;
  readonly heldOut: boolean;
  readonly examples: number;
  readonly tokens: number;
  readonly trainedTokens: number;
  readonly longest: number;
  /** Examples of more than `maxLength` tokens; of these, as `long` says, those that lose their end, and those that are left out. */
  readonly overLength: number;
  readonly cut: number;
  readonly dropped: number;
}

export interface FileSummary {
  readonly path: string;
  readonly format: string;
  /** Lines with content. */
  readonly lines: number;
  readonly refused: number;
  readonly reasons: readonly ReasonCount[];
}

/** The shape is a contract: programs read it. */
export interface DataSummary {
  readonly files: readonly FileSummary[];
  readonly train: PartSummary | null;
  readonly valid: PartSummary | null;
  readonly test: PartSummary | null;
  readonly maxLength: number;
  readonly long: Long;
  /** Lengths of the training examples, or else of the others. */
  readonly lengths: readonly Bin[];
  /** Which system message is in force, in words; null where no example is a conversation. */
  readonly system: string | null;
  /** Notes on what the chat template makes of conversations. */
  readonly notes: readonly string[];
  /** Validation examples that also occur among the training examples; null when either set is missing. */
  readonly duplicates: { readonly counts: Duplicates['counts']; readonly first: Duplicate | null } | null;
  readonly unused: readonly string[];
  /** Why the data cannot be trained on as they are; empty where they can. */
  readonly problems: readonly string[];
}

/** Counts the examples, in time that grows with their tokens. */
export function dataSummary(
  tokenizer: Tokenizer,
  { files, parts, unused }: LanguageData,
  options: DataSummaryOptions,
): DataSummary {
  const { maxLength, long, system } = options;
  const summaryOf = (part: DataPart | undefined) => (part ? partSummary(part, maxLength, long) : null);
  const all = DATA_USES.flatMap((use) => parts[use]?.examples ?? []);
  const { train, valid } = parts;
  const shown = train?.examples ?? all;
  const inForce = systemInForce(
    tokenizer,
    all.map(({ read }) => read),
    system,
  );
  const summary = {
    files: files.map(({ path, format, lines, bad }) => {
      return { path, format, lines, refused: bad.length, reasons: reasonCounts(bad) };
    }),
    ...{ train: summaryOf(train), valid: summaryOf(valid), test: summaryOf(parts.test) },
    ...{ maxLength, long },
    lengths: histogramOf(
      shown.map(({ tokens }) => computedLength(tokens)),
      maxLength,
    ),
    system: inForce ?? null,
    notes: inForce === undefined ? [] : templateNotes(tokenizer),
    duplicates: train && valid ? duplicatesOf(train, valid) : null,
    unused,
  };
  return { ...summary, problems: problemsOf(summary, options) };
}

/** Notes on text that a template adds to what is trained, or leaves out. */
function templateNotes(tokenizer: Tokenizer): string[] {
  const frame = answerFrame(tokenizer);
  if (!frame) return [];
  const notes: string[] = [];
  if (frame.lead.trim() !== '')
    notes.push(
      `The chat template puts ${printable(JSON.stringify(frame.lead), MAX_LEAD)} before an answer, which is trained with it.`,
    );
  if (frame.endId === undefined)
    notes.push(
      'The chat template ends an answer with no special token: the model learns no end of its answers.',
    );
  return notes;
}

function duplicatesOf(train: DataPart, valid: DataPart) {
  const { counts, first = null } = findDuplicates(readOf(train), readOf(valid));
  return { counts, first };
}

function readOf({ examples }: DataPart) {
  return examples.map(({ read }) => read);
}

function partSummary({ file, isHeldOut, examples }: DataPart, maxLength: number, long: Long): PartSummary {
  let [tokens, trainedTokens, longest, overLength] = [0, 0, 0, 0];
  for (const { tokens: example } of examples) {
    const length = computedLength(example);
    tokens += length;
    longest = Math.max(longest, length);
    if (length > maxLength) overLength++;
    for (const label of example.labels) if (label !== UNTRAINED) trainedTokens++;
  }
  const { cut, dropped } =
    long === 'refuse'
      ? { cut: 0, dropped: 0 }
      : shortenExamples(
          examples.map((example) => example.tokens),
          maxLength,
          long,
        );
  const counts = { examples: examples.length, tokens, trainedTokens, longest, overLength, cut, dropped };
  return { file: file.path, heldOut: isHeldOut, ...counts };
}

/** The problems for which a training run refuses the data. */
function problemsOf(
  summary: Omit<DataSummary, 'problems'>,
  { maxLength, skipBad }: DataSummaryOptions,
): string[] {
  const problems: string[] = [];
  for (const { path, refused, lines } of summary.files)
    if (refused > 0 && !skipBad)
      problems.push(
        `${printable(path)}: ${integer(refused)} of ${count(lines, 'line')} refused (--skip-bad leaves them out)`,
      );
  for (const use of DATA_USES) {
    const part = summary[use];
    if (!part) continue;
    const left = part.examples - part.dropped;
    if (part.overLength > 0 && summary.long === 'refuse')
      problems.push(
        `${use}: ${count(part.overLength, 'example')} of more than ${integer(maxLength)} tokens (--max-length; --long cut or drop)`,
      );
    else if (left === 0) problems.push(`${use}: no example is left`);
  }
  if (!summary.train) problems.push('there are no training examples (train.jsonl)');
  return problems;
}
