/** Rows of tables. Oracle: RFC 4180, by hand. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../../src/files/byteSource.js';
import { linesOf } from '../../src/text/fileEntries.js';
import { fieldsOf, tableRows } from '../../src/text/tableRows.js';

async function rowsOf(text: string, separator = ','): Promise<object[]> {
  const rows: object[] = [];
  const lines = linesOf(bytesSource(new TextEncoder().encode(text)), 0);
  for await (const row of tableRows(lines, separator, 'x')) rows.push(row);
  return rows;
}

const fields = async (text: string) =>
  (await rowsOf(text)).map((row) => ('fields' in row ? row.fields : row));

describe('the rows of a table', () => {
  it.each<[string, string[][]]>([
    [
      'a,b\nc,d',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'a,b\r\nc,d\r\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'a,\n,b\n,\n',
      [
        ['a', ''],
        ['', 'b'],
        ['', ''],
      ],
    ],
    [
      '"a","b,c"\n"",""""',
      [
        ['a', 'b,c'],
        ['', '"'],
      ],
    ],
    ['"a\nb\n\n ""c""",d', [['a\nb\n\n "c"', 'd']]],
    ['a "b" c, "d"', [['a "b" c', ' "d"']]],
    ['\n a \n\n', [[' a ']]],
  ])('%j are read', async (text, expected) => {
    expect(await fields(text)).toEqual(expected);
  });

  it('have the number of the line on which they begin', async () => {
    expect(await rowsOf('a\n"b\nc"\n\n"d"x\ne')).toEqual([
      { line: 1, fields: ['a'] },
      { line: 2, fields: ['b\nc'] },
      { line: 5, reason: 'a quoted field must be followed by "," or the end of the line: "x"' },
      { line: 6, fields: ['e'] },
    ]);
    await expect(rowsOf('a\nb,"c\n')).rejects.toThrow(
      'x: a quoted field must end: the one in the row that begins in line 2 does not',
    );
    await expect(rowsOf(`"a\n${`${'b'.repeat(99_999)}\n`.repeat(81)}"`)).rejects.toThrow(
      'begins in line 1 is too long',
    );
    expect(fieldsOf('a;"b;c"', ';')).toEqual(['a', 'b;c']);
    expect(fieldsOf('a;"b', ';')).toBeUndefined();
  });

  it('equal those that were written', async () => {
    const quoted = (field: string) => `"${field.replaceAll('"', '""')}"`;
    const field = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', 'é') });
    const table = fc.array(fc.array(field, { minLength: 2, maxLength: 3 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(table, async (rows) => {
        const text = rows.map((row) => row.map(quoted).join(',')).join('\r\n');
        expect(await fields(text)).toEqual(rows);
      }),
      { numRuns: 200, seed: 1 },
    );
  });
});
