/** The rows of the table: their marks, their totals, and texts cut into them. Oracle: worked out by hand. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Row, RowView } from '../../../web/language/api.js';
import { countLine, fewWords, rewordingWords } from '../../../web/language/examples/countLine.js';
import { duplicatesOf, markOf } from '../../../web/language/examples/marks.js';
import { pieces } from '../../../web/language/examples/plainText.js';
import {
  MOST_ROWS,
  newRow,
  withChange,
  withImported,
  withRowAt,
} from '../../../web/language/examples/rows.js';

const rowOf = (prompt: string, answer: string): Row => newRow({ prompt, answer });
const numbered = (count: number) => Array.from({ length: count }, (_, i) => rowOf(`p${i}`, `a${i}`));
const viewOf = ({ id }: Row, more: Partial<RowView> = {}): RowView => ({
  id,
  tokens: 600,
  trained: 150,
  isCut: false,
  ...more,
});
const viewsOf = (rows: readonly Row[]) => new Map(rows.map((row) => [row.id, viewOf(row)]));

describe('rows', () => {
  it('keep their ids while they change, and those of others stay as they are', () => {
    const rows = numbered(3);
    const changed = withChange(rows, rows[1].id, { answer: 'x' });
    expect(changed.map(({ answer }) => answer)).toEqual(['a0', 'x', 'a2']);
    expect([changed[0], changed[2], changed[1].id]).toEqual([rows[0], rows[2], rows[1].id]);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(3);
  });

  it('come back where they were', () => {
    const [a, b, c] = numbered(3);
    expect(withRowAt([a, c], 1, b)).toEqual([a, b, c]);
  });

  it('give way to what is imported where they are blank, up to the limit', () => {
    const rows = [rowOf('a', 'b'), rowOf('', ' '), rowOf('c', ''), rowOf('', '')];
    const after = withImported(rows, [{ prompt: 'd', answer: 'e' }]);
    expect(after.map(({ prompt }) => prompt)).toEqual(['a', '', 'c', 'd']);
    expect(withImported(rows, numbered(600))).toHaveLength(MOST_ROWS);
  });
});

describe('marks', () => {
  const mark = (row: Row, view?: RowView, sameAs?: number) => markOf(row, view, sameAs, 256);
  it('say what is not taught, or only in part', () => {
    const row = rowOf('a', 'b');
    expect(mark(row)).toBeUndefined();
    expect(mark(rowOf('', ' '))).toBeUndefined();
    expect(mark(rowOf('a', '\n'))).toEqual({ kind: 'out', words: 'No answer: left out' });
    expect(mark(row, viewOf(row, { isCut: true }), 2)).toEqual({ kind: 'cut', words: 'Cut at 256 tokens' });
    expect(mark(row, viewOf(row, { isCut: true, problem: 'Too long.' }))?.kind).toBe('out');
    expect(mark(row, viewOf(row), 2)).toEqual({ kind: 'plain', words: 'Same as example 2' });
    expect(mark(rowOf(' ', 'b'))?.words).toBe('No prompt: all of it is trained as text');
  });

  it('find what is the same but for white space, and name the first', () => {
    const rows = [
      rowOf('a b', 'c'),
      rowOf('a', 'b c'),
      rowOf(' a  b', 'c\n'),
      rowOf('a', ''),
      rowOf('a', ''),
      rowOf('a b', 'c'),
    ];
    expect([...duplicatesOf(rows)]).toEqual([
      [rows[2].id, 1],
      [rows[5].id, 1],
    ]);
  });
});

describe('the count line', () => {
  it('counts what is taught', () => {
    const rows = [...numbered(3), rowOf('a', '')];
    const counted = { rows, views: viewsOf(rows.slice(0, 3)), maxLength: 1024, heldOut: 0 };
    expect(countLine({ ...counted, maxLength: 256 })).toBe('3 examples, 768 tokens, 450 of them trained');
    expect(countLine(counted)).toBe('3 examples, 1,800 tokens, 450 of them trained');
    expect(countLine({ ...counted, heldOut: 2 })).toBe(
      '3 examples, 1,800 tokens, 450 of them trained · 2 held out to test it',
    );
    const problem = viewOf(rows[0], { problem: 'Too long.' });
    expect(countLine({ ...counted, views: new Map(counted.views).set(rows[0].id, problem) })).toBe(
      '2 examples, 1,200 tokens, 300 of them trained',
    );
  });

  it('shows no tokens until all are counted', () => {
    const rows = numbered(2);
    expect(countLine({ rows, views: viewsOf(rows.slice(1)), maxLength: 256, heldOut: 0 })).toBe('2 examples');
    expect(countLine({ rows: [], views: new Map(), maxLength: 256, heldOut: 0 })).toBe('0 examples');
  });

  it('warns of few, and suggests rewordings where they are rare', () => {
    const of = (rows: readonly Row[]) => ({ rows, views: new Map<string, RowView>() });
    expect(fewWords(of([]))).toBeUndefined();
    expect(fewWords(of(numbered(7)))).toBe('Few examples: it will copy them word by word.');
    expect(fewWords(of(numbered(8)))).toBeUndefined();
    expect(rewordingWords(numbered(7))).toBeUndefined();
    expect(rewordingWords(numbered(8))).toMatch(/So far each is asked in only one way\.$/);
    const reworded = (count: number) => numbered(count).map(({ answer }) => rowOf('other', answer));
    expect(rewordingWords([...numbered(8), ...reworded(3)])).toMatch(
      /So far 3 of 8 are asked in more than one way\.$/,
    );
    expect(rewordingWords([...numbered(8), ...reworded(4)])).toBeUndefined();
  });
});

describe('prose in pieces', () => {
  it('keeps paragraphs together as long as they fit', () => {
    expect(pieces('abc\n\ndef\n \n\nghi jkl', 3)).toEqual(['abc', 'def', 'ghi jkl']);
    expect(pieces('abc\n\ndef\n \n\nghi jkl', 4)).toEqual(['abc\n\ndef', 'ghi jkl']);
  });

  it('cuts after sentences, then after words, then between characters', () => {
    expect(pieces('One two. Three four.', 4)).toEqual(['One two.', 'Three four.']);
    expect(pieces('one two three', 3)).toEqual(['one two', 'three']);
    expect(pieces('日本語日本語', 3)).toEqual(['日本語', '日本語']);
  });

  it('loses nothing but white space, and is never too long', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'b', ' ', '\n', '.', 'é', '語', '😀'),
      maxLength: 120,
    });
    const check = fc.property(text, fc.integer({ min: 2, max: 12 }), (given, most) => {
      const found = pieces(given, most);
      expect(found.join('').replace(/\s/g, '')).toBe(given.replace(/\s/g, ''));
      for (const piece of found) expect(new TextEncoder().encode(piece).length).toBeLessThanOrEqual(3 * most);
    });
    fc.assert(check, { numRuns: 300 });
  });
});
