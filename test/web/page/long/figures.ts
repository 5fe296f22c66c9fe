/** Measurements of the long tests as a table, which says more than that they passed. */

export type Figure = readonly [what: string, measured: string, goal: string];

export function printFigures(title: string, figures: readonly Figure[]): void {
  const rows = [[title, 'measured', 'goal'], ...figures];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (row: readonly string[]) => row.map((cell, i) => cell.padEnd(widths[i])).join('  ');
  process.stdout.write(`\n${rows.map(line).join('\n')}\n\n`);
}
