/** The summary of training data on the screen: lines of at most 80 columns. */
import { printable } from '../../base/printable.js';
import { placeOf } from '../../text/badLines.js';
import { count, integer } from '../format.js';
import { groupedTable } from '../table.js';
import { wrapped } from '../wrap.js';
import type { DataSummary } from './dataSummary.js';
import { renderHistogram } from './lengthHistogram.js';
import { DATA_USES } from './readData.js';

/** Reasons of one file. */
const MOST_REASONS = 8;
const MAX_REASON = 300;

/** The summary as text, with a newline at its end. */
export function renderDataSummary(summary: DataSummary): string {
  const parts = [
    [...fileLines(summary), partTable(summary)],
    lengthLines(summary),
    longLines(summary),
    refusedLines(summary),
    duplicateLines(summary),
    wrapped('System message: ', summary.system ?? 'none (no example is a conversation in a chat template)'),
    summary.notes.flatMap((note) => wrapped('', note)),
  ];
  return `${parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function fileLines({ files, unused, valid }: DataSummary): string[] {
  const lines = files.flatMap(({ path, format, lines: all }) =>
    wrapped('', `${printable(path)} (${format}): ${count(all, 'line')}`),
  );
  if (valid?.heldOut)
    lines.push('A tenth of the training examples is held out (--no-validate holds none out).');
  if (unused.length > 0)
    lines.push(...wrapped('Not used: ', unused.map((name) => printable(name)).join(', ')));
  return lines;
}

function partTable(summary: DataSummary): string {
  const heading = ['', 'examples', 'tokens', 'trained', 'longest', `over ${integer(summary.maxLength)}`];
  const rows = DATA_USES.flatMap((use) => {
    const part = summary[use];
    if (!part) return [];
    const { examples, tokens, trainedTokens, longest, overLength } = part;
    return [[use, ...[examples, tokens, trainedTokens, longest, overLength].map((each) => integer(each))]];
  });
  return groupedTable([[heading], rows]);
}

function lengthLines({ train, lengths, maxLength }: DataSummary): readonly string[] {
  if (lengths.length === 0) return [];
  const what = train ? 'Training examples' : 'Examples';
  return [`${what} by their tokens, up to the last trained one`, ...renderHistogram(lengths, maxLength)];
}

function longLines({ train, valid, test, maxLength, long }: DataSummary): string[] {
  const parts = [train, valid, test].filter((part) => part !== null);
  const sum = (key: 'overLength' | 'cut' | 'dropped') => parts.reduce((all, part) => all + part[key], 0);
  const over = sum('overLength');
  if (over === 0) return [];
  const what = `Too long, above ${integer(maxLength)} tokens (--max-length): ${count(over, 'example')}`;
  if (long === 'refuse') return wrapped('', `${what}; refused, unless --long is cut or drop.`);
  if (long === 'drop') return wrapped('', `${what}; left out (--long drop).`);
  const lost = sum('dropped');
  const rest = lost === 0 ? '' : `, ${integer(lost)} left out, as no trained token would remain`;
  return wrapped('', `${what}; ${integer(sum('cut'))} cut to their beginning (--long cut)${rest}.`);
}

function refusedLines({ files }: DataSummary): string[] {
  return files.flatMap(({ path, lines: all, refused, reasons }) => {
    if (refused === 0) return [];
    const lines = wrapped('', `Refused in ${printable(path)}: ${integer(refused)} of ${count(all, 'line')}`);
    for (const { count: times, first, lines: numbers } of reasons.slice(0, MOST_REASONS)) {
      const others = numbers.slice(1);
      const more = times > numbers.length && others.length > 0 ? ', …' : '';
      const also = others.length > 0 ? ` (also ${others.join(', ')}${more})` : '';
      lines.push(
        ...wrapped(
          `  ${integer(times)} × `,
          `${placeOf(first)}: ${printable(first.reason, MAX_REASON)}${also}`,
        ),
      );
    }
    const left = reasons.length - MOST_REASONS;
    return left > 0 ? [...lines, `  and ${count(left, 'more reason')}`] : lines;
  });
}

function duplicateLines({ duplicates, valid, train }: DataSummary): string[] {
  if (!duplicates?.first || !valid || !train) return [];
  const { counts, first } = duplicates;
  const where = valid.heldOut
    ? `lines ${first.valid} and ${first.train}`
    : `line ${first.valid} of ${printable(valid.file)} and line ${first.train} of ${printable(train.file)}`;
  return wrapped(
    '',
    `Duplicates: of ${count(valid.examples, 'validation example')}, ${integer(counts.same)} also in training, ` +
      `${integer(counts.nearlySame)} but for case, spaces and punctuation, ${integer(counts.samePrompt)} with the same ` +
      `prompt only (first: ${where}). Scores on these show what was memorised.`,
  );
}
