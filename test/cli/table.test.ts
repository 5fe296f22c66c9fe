/** Oracles: cli-table3 for the look, and the clock for the work. */
import Table from 'cli-table3';
import { describe, expect, it } from 'vitest';
import { groupedTable } from '../../src/cli/table.js';

/** A group is one row of the table with many lines in each cell: lines are drawn between rows only. */
function drawn(groups: readonly (readonly (readonly string[])[])[], left: readonly number[]): string {
  const columns = groups[0][0].map((_, column) => column);
  const table = new Table({
    colAligns: columns.map((column) => (left.includes(column) ? 'left' : 'right')),
    style: { head: [], border: [] },
  });
  for (const rows of groups) table.push(columns.map((column) => rows.map((row) => row[column]).join('\n')));
  return table.toString();
}

describe('groupedTable', () => {
  it.each([[[0]], [[0, 1]], [[]]])('looks as cli-table3 draws it, left %j', (left) => {
    const groups = [
      [['tensor', 'type', 'size']],
      [
        ['größer', 'F32', '1'],
        ['\u{1f600} 漢字', '', '10,000'],
        ['\u001b[31mred\u001b[39m', 'BF16', ''],
      ],
      [['all', '', '10,001']],
    ];
    expect(groupedTable(groups, left)).toBe(drawn(groups, left));
  });

  it('draws 20,000 rows in seconds', () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => [
      `base_model.model.layers.${i}.lora_A.weight`,
      'F32',
    ]);
    const begun = performance.now();
    expect(groupedTable([[['tensor', 'type']], rows]).split('\n')).toHaveLength(20_004);
    expect(performance.now() - begun).toBeLessThan(10_000);
  });
});
