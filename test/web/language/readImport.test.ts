/** Every format that the page takes examples from. Oracle: rows written by hand. */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rowsToJsonl } from '../../../web/language/examples/exportRows.js';
import { readImport } from '../../../web/language/examples/readImport.js';
import { newRow, type Pair } from '../../../web/language/examples/rows.js';

const options = { maxLength: 256 };
const folder = new URL('./imports/', import.meta.url);
const fileOf = (name: string) => new File([readFileSync(new URL(name, folder))], name);
const pairsOf = (pairs: readonly Pair[]) => pairs.map(({ prompt, answer }) => [prompt, answer]);

interface Golden {
  readonly format: string;
  readonly pairs: readonly (readonly [string, string])[];
  readonly bad?: readonly { readonly line: number; readonly why: string }[];
  readonly notes?: readonly string[];
  readonly system?: string;
}

const CAFE: Golden['pairs'] = [
  ['When do you open?', 'At six, when the lamp goes out.'],
  ['Who bakes the bread?', 'Marta does, "before dawn".'],
];
const FILES: Readonly<Record<string, Golden>> = {
  'messages.jsonl': {
    format: 'JSON lines: messages',
    pairs: CAFE,
    bad: [{ line: 3, why: 'no answer' }],
  },
  'array.json': { format: 'JSON: messages', pairs: CAFE, system: 'Be brief.' },
  'turns.jsonl': {
    format: 'JSON lines: messages',
    pairs: [['And on Sundays?', 'At eight.'], CAFE[1]],
    bad: [
      { line: 3, why: 'it calls tools, which a row cannot hold' },
      { line: 4, why: 'its last answer has weight 0, so there is nothing to learn from it' },
    ],
    notes: [
      '1 conversation has several turns: only the last question and answer are taken, 2 earlier messages are left out.',
      '1 of 2 examples have a system prompt, and they are not all the same: the table has one for all, so theirs are left out.',
    ],
  },
  'sharegpt.jsonl': { format: 'JSON lines: ShareGPT', pairs: CAFE },
  'alpaca.json': {
    format: 'JSON: Alpaca',
    pairs: [[`${CAFE[0][0]}\non weekdays`, CAFE[0][1]], CAFE[1]],
  },
  'pairs.jsonl': {
    format: 'JSON lines: prompt and completion',
    pairs: CAFE,
    bad: [
      { line: 2, why: 'it is not JSON: a value expected at column 12, found "}"' },
      { line: 4, why: 'no answer' },
      { line: 5, why: 'it has other keys than line 1: it has "title"' },
    ],
  },
  'text.jsonl': {
    format: 'JSON lines: text',
    pairs: [
      ['', 'The lamp turns.'],
      ['', 'The sea is calm.'],
    ],
  },
  'table.csv': {
    format: 'CSV: question and answer',
    pairs: CAFE,
    bad: [{ line: 4, why: 'it has 3 columns instead of 2' }],
  },
  'table.tsv': { format: 'TSV: prompt and completion', pairs: CAFE },
  'semicolons.csv': { format: 'CSV with semicolons: question and answer', pairs: CAFE },
  'unnamed.csv': {
    format: 'Table of two columns: prompt, then answer',
    pairs: CAFE,
    bad: [{ line: 2, why: 'no answer' }],
  },
  'unnamed.tsv': { format: 'Table of two columns: prompt, then answer', pairs: CAFE },
  'marked.txt': {
    format: 'Questions and answers, marked “Q:” and “A:”',
    pairs: [CAFE[0], [CAFE[1][0], 'Marta does,\n"before dawn".']],
    bad: [
      { line: 4, why: 'no answer' },
      { line: 9, why: 'no question' },
    ],
  },
  'prose.txt': {
    format: 'Plain text, cut at paragraphs; all of it is trained',
    pairs: [['', 'The lamp turns, and it is night.\n\nThe sea is calm.']],
  },
  'wide.csv': { format: 'CSV: question and answer', pairs: CAFE },
};

describe('a file of examples', () => {
  it('has a golden file for each format', () => {
    expect(readdirSync(folder).sort()).toEqual(Object.keys(FILES).sort());
  });

  it.each(Object.entries(FILES))('%s', async (name, golden) => {
    const found = await readImport(fileOf(name), options);
    expect({ ...found, pairs: pairsOf(found.pairs) }).toEqual({
      bad: [],
      notes: [],
      system: undefined,
      mayHaveHeading: name.startsWith('unnamed'),
      total: golden.pairs.length,
      badTotal: golden.bad?.length ?? 0,
      ...golden,
    });
  });

  it('keeps the rows that the table has room for, and counts the rest', async () => {
    const lines = ['a\tb\n'.repeat(600), 'c\n'.repeat(60)].join('');
    const { pairs, total, bad, badTotal } = await readImport(lines, options);
    expect([pairs.length, total, bad.length, badTotal]).toEqual([500, 600, 50, 60]);
    expect(bad[0]).toEqual({ line: 601, why: 'it has 1 column instead of 2' });
  });

  it('knows the columns by the names that the page has for them', async () => {
    for (const text of ['Prompt,Answer\na,b\n', '"prompt";"answer"\na;b\n', 'prompt\tanswer\na\tb\n']) {
      const { pairs, mayHaveHeading } = await readImport(new File([text], 'facts.csv'), options);
      expect(pairsOf(pairs)).toEqual([['a', 'b']]);
      expect(mayHaveHeading).toBe(false);
    }
  });

  it('leaves out a first row that names columns in other words', async () => {
    const { pairs } = await readImport(fileOf('unnamed.tsv'), { ...options, hasHeading: true });
    expect(pairsOf(pairs)).toEqual([CAFE[1]]);
  });

  it.each<[string, string | Uint8Array, string]>([
    ['x.jsonl', ' \n', 'x.jsonl is empty.'],
    [
      'x.png',
      Uint8Array.of(0x89, 0x50, 0),
      'x.png is not a text file: examples are JSON lines, CSV, TSV, or plain text.',
    ],
    ['x.txt', 'Q: a\nA:\n', 'x.txt has no example that can be read: line 1: no answer.'],
    [
      'x.csv',
      'a,\nb,c\n"d',
      'x.csv: a quoted field must end: the one in the row that begins in line 3 does not.',
    ],
    [
      'x.csv',
      'a,b,c\nd,e,f',
      'x.csv must have two columns, a prompt and an answer, or a first row that names its columns.',
    ],
  ])('refuses %s with %j in a sentence', async (name, content, message) => {
    await expect(readImport(new File([content as BlobPart], name), options)).rejects.toThrow(message);
  });

  it('refuses a file that is too large before it reads it', async () => {
    const file = new File(['x'], 'x.jsonl');
    Object.defineProperty(file, 'size', { value: 700_000_000 });
    file.arrayBuffer = () => Promise.reject(new Error('read'));
    await expect(readImport(file, options)).rejects.toThrow(
      'x.jsonl has 700 MB, but this page reads at most 32 MB.',
    );
  });
});

describe('what is pasted', () => {
  it.each<[string, string, string, number]>([
    ['JSON lines', '{"prompt":"a","completion":"b"}', 'JSON lines: prompt and completion', 1],
    ['an array', '[\n{"prompt":"a","completion":"b"}]', 'JSON: prompt and completion', 1],
    ['cells of a spreadsheet', 'a\tb\nc\td', 'Table of two columns: prompt, then answer', 2],
    ['cells with names', 'Prompt\tCompletion\na\tb', 'TSV: prompt and completion', 1],
    ['rows in quotes', '"a, b","c"\n"d","e"', 'Table of two columns: prompt, then answer', 2],
    [
      'prose with commas',
      'Well, it rains.\n\nStill, we sail.',
      'Plain text, cut at paragraphs; all of it is trained',
      1,
    ],
    [
      'prose that begins with a bracket',
      '[Enter Ada]\nHello.',
      'Plain text, cut at paragraphs; all of it is trained',
      1,
    ],
    ['a talk', 'User: a\nAssistant: b\n', 'Questions and answers, marked “Q:” and “A:”', 1],
  ])('is told: %s', async (_, text, format, rows) => {
    const found = await readImport(text, options);
    expect([found.format, found.pairs.length]).toEqual([format, rows]);
  });

  it('is refused in a sentence, with the line', async () => {
    await expect(readImport('{"prompt":"a","completion":""}', options)).rejects.toThrow(
      /^What was pasted: 1 of 1 examples is refused \(none is left\): line 1: .*\.$/,
    );
  });

  it('fails only with a sentence, and numbers only lines that exist', async () => {
    const line = fc.constantFrom(
      ...[
        'Q: a',
        'A: b',
        'a\tb',
        '"a","b"',
        '"',
        '{"prompt":"a","completion":"b"}',
        '{"text":" "}',
        '[',
        '',
        'x,y',
        '{',
      ],
      ...['prompt,completion', '{"messages":[{"role":"user","content":"a"}]}', '\u2028', '\ud800'],
    );
    const text = fc.oneof(
      fc.array(line, { maxLength: 8 }).map((lines) => lines.join('\n')),
      fc.string({ unit: 'binary', maxLength: 60 }),
    );
    const check = fc.asyncProperty(
      text,
      fc.constantFrom('', 'x.csv', 'x.tsv', 'x.jsonl', 'x.txt'),
      async (given, name) => {
        const lines = given.split('\n').length;
        try {
          const found = await readImport(name === '' ? given : new File([given], name), options);
          expect(found.pairs.length).toBeGreaterThan(0);
          expect(found.pairs.every(({ answer }) => answer.trim() !== '')).toBe(true);
          for (const { line } of [...found.pairs, ...found.bad])
            expect(line >= 1 && line <= lines).toBe(true);
        } catch (error) {
          expect((error as Error).message).toMatch(/^\S[^\n]*[.!?]$/);
        }
      },
    );
    await fc.assert(check, { numRuns: 150 });
  });
});

describe('what is exported', () => {
  const texts = fc.string({ unit: 'grapheme', maxLength: 30 }).filter((text) => text.trim() !== '');
  it('reads back to the same rows', async () => {
    const rows = fc.array(fc.record({ prompt: fc.oneof(fc.constant(''), texts), answer: texts }), {
      minLength: 1,
      maxLength: 12,
    });
    const check = fc.asyncProperty(rows, fc.constantFrom(undefined, 'Be brief.'), async (pairs, system) => {
      const file = new File([rowsToJsonl(pairs.map(newRow), system)], 'examples.jsonl');
      const found = await readImport(file, options);
      expect([found.bad, found.notes]).toEqual([[], []]);
      expect(pairsOf(found.pairs)).toEqual(pairsOf(pairs));
      if (pairs.some(({ prompt }) => prompt.trim() !== '')) expect(found.system).toBe(system);
    });
    await fc.assert(check, { numRuns: 100 });
  });

  it('leaves out rows without an answer', () => {
    expect(rowsToJsonl([newRow({ prompt: 'a', answer: ' ' })])).toBe('');
  });
});
