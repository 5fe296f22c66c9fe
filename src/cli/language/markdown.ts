/** Markdown whose texts stay texts, whatever strangers wrote into them. @see https://spec.commonmark.org/0.31.2/ */
import { printable } from '../../base/printable.js';

/** Characters of one text. */
const MAX_TEXT = 300;

/** Characters that Markdown or HTML may act on in the middle of a line: marks, tags, entities, formulas, and addresses. */
const ACTIVE = /[\\`*_{}[\]()<>!|~&:$@/]|(?<=www)\./gi;

/** A text of words, not for the beginning of a line; what Markdown would act on is escaped. */
export function text(value: string): string {
  return printable(value, MAX_TEXT).replace(ACTIVE, '\\$&');
}

/**
 * A code span, in which nothing is acted on: its fence is longer than any run of backticks in it. It may stand in a table's
 * cell, where `|` is escaped even in code.
 */
export function code(value: string): string {
  const shown = printable(value, MAX_TEXT);
  if (shown.trim() === '') return '(empty)';
  const longest = Math.max(0, ...Array.from(shown.matchAll(/`+/g), ([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  // One space on each side is taken off again.
  const space = /^`|`$|^ .* $/.test(shown) ? ' ' : '';
  return `${fence}${space}${shown}${space}${fence}`;
}

/** A block of code. Lines of strangers must be printable before; none can end it, as its fence is longer than theirs. */
export function fenced(language: string, lines: readonly string[]): string {
  const longest = Math.max(2, ...lines.map((line) => /^\s*(`*)/.exec(line)?.[1].length ?? 0));
  const fence = '`'.repeat(longest + 1);
  return [`${fence}${language}`, ...lines, fence].join('\n');
}

/**
 * A table of GitHub's Markdown.
 * @param left  the number of columns that are left-aligned; the others are right-aligned
 */
export function tableOf(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  left: number,
): string {
  const line = (cells: readonly string[]) => `| ${cells.map(inCell).join(' | ')} |`;
  const rule = `| ${heading.map((_, i) => (i < left ? '---' : '---:')).join(' | ')} |`;
  return [line(heading), rule, ...rows.map(line)].join('\n');
}

/** Every `|` that is not escaped is. */
function inCell(cell: string): string {
  return cell.replace(/(\\*)\|/g, (found, slashes: string) =>
    slashes.length % 2 === 0 ? `${slashes}\\|` : found,
  );
}
