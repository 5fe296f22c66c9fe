/** Boxes that are plain text: no colours of their own, lines only between groups of rows. */
import Table from 'cli-table3';

/**
 * A table whose rows come in groups, with a line between two groups.
 * @param groups  of rows of cells, the same number everywhere; the first is the heading
 * @param left  the columns that are left-aligned; the others are right-aligned
 */
export function groupedTable(groups: readonly (readonly (readonly string[])[])[], left = [0]): string {
  const columns = groups[0][0].map((_, column) => column);
  const table = new Table({
    colAligns: columns.map((column) => (left.includes(column) ? 'left' : 'right')),
    style: { head: [], border: [] },
  });
  // A group is one row of the table with many lines in each cell: lines are drawn between rows only.
  for (const rows of groups) table.push(columns.map((column) => rows.map((row) => row[column]).join('\n')));
  return table.toString();
}
