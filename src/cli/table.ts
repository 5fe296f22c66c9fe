/** Boxes that are plain text: no colours of their own, lines only between groups of rows. */
import stringWidth from 'string-width';

/**
 * A table whose rows come in groups, with a line between two groups. The work is linear in the number of rows.
 * @param groups  of rows of cells of one line each, the same number everywhere; the first is the heading
 * @param left  the columns that are left-aligned; the others are right-aligned
 */
export function groupedTable(groups: readonly (readonly (readonly string[])[])[], left = [0]): string {
  const measured = groups.map((rows) =>
    rows.map((row) => row.map((text) => ({ text, width: stringWidth(text) }))),
  );
  const widths = groups[0][0].map(() => 0);
  for (const row of measured.flat()) {
    for (const [column, { width }] of row.entries()) widths[column] = Math.max(widths[column], width);
  }
  const rule = (begin: string, between: string, end: string) =>
    begin + widths.map((width) => '─'.repeat(width + 2)).join(between) + end;
  const lines: string[] = [];
  for (const [i, rows] of measured.entries()) {
    lines.push(i === 0 ? rule('┌', '┬', '┐') : rule('├', '┼', '┤'));
    for (const row of rows) {
      const cells = row.map(({ text, width }, column) => {
        const space = ' '.repeat(widths[column] - width);
        return left.includes(column) ? ` ${text}${space} ` : ` ${space}${text} `;
      });
      lines.push(`│${cells.join('│')}│`);
    }
  }
  lines.push(rule('└', '┴', '┘'));
  return lines.join('\n');
}
