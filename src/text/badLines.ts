/** Lines of a file that are not examples: each with its number and the reason, and all of them counted by reason. */
import { DataError } from '../base/errors.js';
import { printable } from '../base/printable.js';

/** A place in a file, counted from 1. */
export interface FilePlace {
  readonly line: number;
  /** Column in characters; given only in a JSON array, where one line may hold several values. */
  readonly column?: number;
}

export interface BadLine extends FilePlace {
  /** The reason, as `rule: value` or `field: rule: value`. */
  readonly reason: string;
}

/** Lines that are refused for the same reason. */
export interface ReasonCount {
  /** The reason without the values of a single line, such as `messages.content: must be text`. */
  readonly reason: string;
  readonly count: number;
  /** The first of these lines, as it was refused. */
  readonly first: BadLine;
  /** Numbers of the first few of these lines. */
  readonly lines: readonly number[];
}

const MOST_REASONS = 6;
const MOST_LINES = 5;
const MAX_REASON = 240;

/** A place in words: `line 3`, or `line 3, column 5`. */
export function placeOf({ line, column }: FilePlace): string {
  return column === undefined ? `line ${line}` : `line ${line}, column ${column}`;
}

/** The field that a reason may begin with. */
const FIELD = /^(?:chat template|[\w.[\]]+)$/;

/** Counts bad lines by reason, the most frequent first. */
export function reasonCounts(bad: readonly BadLine[]): readonly ReasonCount[] {
  const counts = new Map<string, { count: number; first: BadLine; lines: number[] }>();
  for (const each of bad) {
    const reason = generalReason(each.reason);
    const found = counts.get(reason);
    if (!found) counts.set(reason, { count: 1, first: each, lines: [each.line] });
    else {
      found.count++;
      if (found.lines.length < MOST_LINES && !found.lines.includes(each.line)) found.lines.push(each.line);
    }
  }
  return Array.from(counts, ([reason, rest]) => ({ reason, ...rest })).sort((a, b) => b.count - a.count);
}

/** The reason without the details of one line: indices in lists, and values after the rule. */
function generalReason(reason: string): string {
  const [first, second] = reason.split(': ', 2);
  if (second === undefined || !FIELD.test(first)) return first;
  return `${first.replace(/\[\d+\]/g, '')}: ${second}`;
}

/**
 * The error for a file with refused lines: their number, and for each reason the first line and the numbers of others.
 * @param name  name of the file
 * @param all   number of lines with content
 * @param hint  how the lines can be left out
 */
export function refusalOf(
  name: string,
  bad: readonly BadLine[],
  all: number,
  hint = 'skipBad leaves them out',
): DataError {
  const reasons = reasonCounts(bad);
  const shown = reasons.slice(0, MOST_REASONS).map(({ first, count, lines }) => {
    const more = count > lines.length && lines.length === MOST_LINES ? ', …' : '';
    const others = count > 1 ? ` (${count} such: ${lines.join(', ')}${more})` : '';
    return `${placeOf(first)}: ${printable(first.reason, MAX_REASON)}${others}`;
  });
  const left = reasons.length - shown.length;
  const rest = left > 0 ? `; and ${left} more ${left === 1 ? 'reason' : 'reasons'}` : '';
  const verb = bad.length === 1 ? 'is' : 'are';
  return new DataError(
    `${name}: ${bad.length} of ${all} examples ${verb} refused (${hint}): ${shown.join('; ')}${rest}`,
  );
}
