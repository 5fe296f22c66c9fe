/** Files of examples. Oracle: the contents written by hand. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataError } from '../../src/base/errors.js';
import '../../src/node/paths.js';
import type { ByteSource } from '../../src/files/byteSource.js';
import { type ReadExamplesOptions, readExamples } from '../../src/text/readExamples.js';

const bytes = (text: string) => new TextEncoder().encode(text);
const read = (text: string, options: ReadExamplesOptions = {}) =>
  readExamples(bytes(text), { name: 'x.jsonl', ...options });
const contents = async (text: string, options?: ReadExamplesOptions) =>
  (await read(text, options)).examples.map(({ content }) => content);
const lines = (...values: object[]) => values.map((value) => JSON.stringify(value)).join('\n');

const user = (content: string) => ({ role: 'user', content });
const answer = (content: string) => ({ role: 'assistant', content });
const chat = { messages: [user('a'), answer('b')] };
const messages = (...said: object[]) => ({ kind: 'messages', messages: said });
const pair = (prompt: string, completion: string) => ({ kind: 'completion', prompt, completion });

describe('the formats of examples', () => {
  it.each<[string, string, object, object]>([
    ['messages', 'messages', chat, messages(user('a'), answer('b'))],
    ['prompt and completion', 'pairs', { prompt: 'a', completion: 'b' }, pair('a', 'b')],
    ['question and answer', 'pairs', { question: 'a', answer: 'b', id: 7 }, pair('a', 'b')],
    ['input and output', 'pairs', { input: 'a', output: 'b' }, pair('a', 'b')],
    ['text', 'text', { text: 'a b', meta: {} }, { kind: 'text', text: 'a b' }],
    [
      'ShareGPT',
      'conversations',
      {
        system: 's',
        conversations: [
          { from: 'human', value: 'a' },
          { from: 'gpt', value: 'b', weight: 0 },
        ],
      },
      messages({ role: 'system', content: 's' }, user('a'), { ...answer('b'), weight: 0 }),
    ],
    [
      'Alpaca',
      'instructions',
      { instruction: 'a', input: '', output: 'b' },
      messages(user('a'), answer('b')),
    ],
    [
      'Alpaca',
      'instructions with more',
      { instruction: 'a', input: 'x', output: 'b', system: 's', history: [['c', 'd']] },
      messages({ role: 'system', content: 's' }, user('c'), answer('d'), user('a\nx'), answer('b')),
    ],
  ])('has %s: %s', async (format, _, value, content) => {
    const file = await read(`${JSON.stringify(value)}\n`);
    expect(file).toEqual({
      name: 'x.jsonl',
      format: `JSON lines: ${format}`,
      examples: [{ line: 1, content }],
      bad: [],
    });
  });

  it('keeps tools, and other fields that the template may read', async () => {
    const call = { role: 'assistant', content: null, tool_calls: [{ name: 'f' }] };
    const tool = { role: 'tool', name: 'f', content: '1' };
    const said = [{ ...user('a'), name: 'Ada' }, call, tool, answer('b')];
    const tools = [{ type: 'function' }];
    expect(await contents(lines({ messages: said, tools }))).toEqual([
      { ...messages(said[0], { ...call, content: '' }, tool, answer('b')), tools },
    ]);
    expect(await contents(lines({ ...chat, tools: null }, { ...chat, tools: [] }))).toEqual([
      messages(user('a'), answer('b')),
      messages(user('a'), answer('b')),
    ]);
  });

  it('reads a byte order mark, carriage returns, empty lines, and a last line without an end', async () => {
    const file = await read('\ufeff{"text":"a\ufeff"}\r\n\r\n  \n{"text":"b"}');
    expect(file.examples).toEqual([
      { line: 1, content: { kind: 'text', text: 'a\ufeff' } },
      { line: 4, content: { kind: 'text', text: 'b' } },
    ]);
  });

  it('reads an array, with the line on which each value begins', async () => {
    const text = '\n [{"text":"a]\\",["},\n\n{"text":\n"b"}\n , {"text": "c"}]\n';
    const file = await read(text, { name: 'x.json' });
    expect(file.format).toBe('JSON: text');
    expect(file.examples.map(({ line }) => line)).toEqual([2, 4, 6]);
    expect(file.examples.map(({ content }) => content)).toEqual(
      ['a]",[', 'b', 'c'].map((each) => ({ kind: 'text', text: each })),
    );
  });

  it('reads tables, with quotes and newlines in them', async () => {
    const table = 'Prompt, completion ,n\r\n"a ""b"", c","d\r\ne",1\r\n\r\nf,g,\r\n';
    const file = await read(table, { name: 'x.CSV' });
    expect(file.format).toBe('CSV: prompt and completion');
    expect(file.examples).toEqual([
      { line: 2, content: pair('a "b", c', 'd\r\ne') },
      { line: 5, content: pair('f', 'g') },
    ]);
    expect(await contents('question\tanswer\na,\tb\n', { name: 'x.tsv' })).toEqual([pair('a,', 'b')]);
    expect(await read('\ufeffquestion;answer\na,;b\n', { name: 'x.csv' })).toMatchObject({
      format: 'CSV with semicolons: question and answer',
      examples: [{ line: 2, content: pair('a,', 'b') }],
    });
    const alpaca = 'instruction,input,output\na,x,b\nc,,d';
    expect(await contents(alpaca, { name: 'x.csv' })).toEqual([
      messages(user('a\nx'), answer('b')),
      messages(user('c'), answer('d')),
    ]);
  });

  it('takes files by path, Blobs, and parts of any size', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lowrank-examples-'));
    const path = join(folder, 'a.jsonl');
    writeFileSync(path, '{"text":"é"}');
    expect(await readExamples(path)).toMatchObject({ name: path, examples: [{ line: 1 }] });
    await expect(readExamples(folder)).rejects.toThrow(`${folder}: must be a file: it is a directory`);
    await expect(readExamples(join(folder, 'b'))).rejects.toThrow('no such file');
    rmSync(folder, { recursive: true });
    const file = new File(['{"text":"a"}'], 'mine.jsonl');
    expect(await readExamples(file)).toMatchObject({ name: 'mine.jsonl' });
    await expect(readExamples(file, { skipbad: true } as object)).rejects.toThrow('did you mean "skipBad"?');
  });
});

describe('lines that are not examples', () => {
  const bad = async (text: string, options?: ReadExamplesOptions) =>
    (await read(text, { skipBad: true, ...options })).bad;

  it('are an error with numbers, reasons and their count, or left out and listed', async () => {
    const text = `${lines(chat)}\n{"messages" 1}\n${lines({ text: 'a' }, chat)}\n{"messages":}\n[]`;
    const reasons = [
      { line: 2, reason: 'is not JSON: ":" expected at column 13, found "1"' },
      { line: 3, reason: 'must have the keys of line 1, messages: it has "text"' },
      { line: 5, reason: 'is not JSON: a value expected at column 13, found "}"' },
      { line: 6, reason: 'must be a JSON object: it is an array' },
    ];
    const file = await read(text, { skipBad: true });
    expect(file.bad).toEqual(reasons);
    expect(file.examples.map(({ line }) => line)).toEqual([1, 4]);
    await expect(read(text)).rejects.toThrow(
      'x.jsonl: 4 of 6 examples are refused (skipBad leaves them out): line 2: is not JSON: ":" expected at column 13, found "1" (2 such: 2, 5); line 3: must have the keys of line 1, messages: it has "text"; line 6: must be',
    );
  });

  it.each<[string, object, string]>([
    [
      'two users',
      { messages: [user('a'), user('b')] },
      'messages[1].role: after user must come assistant: user',
    ],
    [
      'an answer first',
      { messages: [answer('a')] },
      'messages[0].role: the first must be user or system or developer: assistant',
    ],
    [
      'a late system',
      { messages: [user('a'), { role: 'system', content: 's' }] },
      'messages[1].role: after user must come assistant: system',
    ],
    [
      'a role',
      { messages: [{ role: 'bot', content: '' }] },
      'messages[0].role: must be one of system, developer, user, assistant, tool: "bot"',
    ],
    ['no role', { messages: [{ content: '' }] }, 'messages[0].role: must be a string: it is missing'],
    [
      'content in parts',
      { messages: [{ role: 'user', content: [{ type: 'text' }] }] },
      'messages[0].content: must be text: an array',
    ],
    ['no content', { messages: [{ role: 'user' }] }, 'messages[0].content: must be text: it is missing'],
    [
      'an empty answer',
      { messages: [user('a'), answer(' \n')] },
      'messages[1].content: the answer must not be empty',
    ],
    [
      'a weight',
      { messages: [user('a'), { ...answer('b'), weight: 0.5 }] },
      'messages[1].weight: must be 0 or 1: 0.5',
    ],
    ['no messages', { messages: [] }, 'messages: must not be empty'],
    ['text for messages', { messages: 'a' }, 'messages: must be an array: "a"'],
    ['a number for a message', { messages: [1] }, 'messages[0]: must be an object: 1'],
    ['tools', { ...chat, tools: '[]' }, 'tools: must be an array: "[]"'],
    ['a tool', { ...chat, tools: [1] }, 'tools[0]: must be an object: 1'],
  ])('are refused with a reason: %s', async (_, value, reason) => {
    expect(await bad(lines(chat, value))).toEqual([{ line: 2, reason }]);
  });

  it.each<[object, object, string]>([
    [{ prompt: 'a', completion: 'b' }, { prompt: 'a', completion: '' }, 'completion: must not be empty'],
    [{ prompt: 'a', completion: 'b' }, { prompt: 1, completion: 'b' }, 'prompt: must be text: 1'],
    [{ text: 'a' }, { text: null }, 'text: must be text: null'],
    [{ text: 'a' }, { text: ' ' }, 'text: must not be empty'],
    [
      {
        conversations: [
          { from: 'user', value: 'a' },
          { from: 'gpt', value: 'b' },
        ],
      },
      { conversations: [{ from: 'cat', value: 'a' }] },
      'conversations[0].from: must be one of human, user, gpt, chatgpt, assistant, model, tool, observation, system: "cat"',
    ],
    [
      { instruction: 'a', output: 'b' },
      { instruction: 'a', output: 'b', history: [['c']] },
      'history[0]: must be an array of a question and an answer: an array',
    ],
    [{ instruction: 'a', output: 'b' }, { instruction: 'a', output: '' }, 'output: must not be empty'],
  ])('are refused with a reason: %j, %j', async (good, value, reason) => {
    expect(await bad(lines(good, value))).toEqual([{ line: 2, reason }]);
  });

  it('have the place of a mistake also where values span lines', async () => {
    const text = '[{"text":"a"}, {"text":"é" "b"},\n{"text":"c",\n "x" 1}]';
    expect(await bad(text, { name: 'x.json' })).toEqual([
      { line: 1, column: 16, reason: 'is not JSON: "}" expected at column 28, found "\\""' },
      { line: 2, column: 1, reason: 'is not JSON: ":" expected at line 3, column 6, found "1"' },
    ]);
    expect(await bad('[{"text":"a"},,]', { name: 'x.json' })).toEqual(
      [15, 16].map((column) => ({
        line: 1,
        column,
        reason: 'is not JSON: each comma of the array must be between two values',
      })),
    );
    expect(await bad('{"text":"a"}\n{"text":NaN}')).toEqual([
      { line: 2, reason: 'is not JSON: NaN and Infinity are not numbers in JSON' },
    ]);
  });

  it('of an array are also named by their column', async () => {
    const text = JSON.stringify([{ text: 'a' }, { text: '' }, { b: 1 }]);
    await expect(read(text, { name: 'x.json' })).rejects.toThrow(
      'x.json: 2 of 3 examples are refused (skipBad leaves them out): line 1, column 15: text: must not be empty; line 1, column 27: must have the keys of line 1, column 2, text: it has "b"',
    );
  });

  it('are those with other columns, or with text after a quote', async () => {
    expect(await bad('prompt,completion\na,b\nc\n"d"e,f\ng,h,i', { name: 'x.csv' })).toEqual([
      { line: 3, reason: 'must have the same number of columns as the first row, 2: 1' },
      { line: 4, reason: 'a quoted field must be followed by "," or the end of the line: "e"' },
      { line: 5, reason: 'must have the same number of columns as the first row, 2: 3' },
    ]);
  });

  it('are those that are not UTF-8', async () => {
    const text = Uint8Array.of(...bytes('{"text":"a"}\n{"text":"'), 0xc3, ...bytes('"}\n{"text":"é"}'));
    const file = await readExamples(text, { name: 'x', skipBad: true });
    expect(file.bad).toEqual([{ line: 2, reason: 'must be text in UTF-8' }]);
    expect(file.examples.map(({ content }) => content)).toEqual(
      ['a', 'é'].map((each) => ({ kind: 'text', text: each })),
    );
  });
});

describe('files that hold no examples', () => {
  it.each<[string, string, string, string]>([
    ['an empty file', '', 'x.jsonl', 'x.jsonl: has no examples: it is empty'],
    ['a byte order mark', '\ufeff', 'x.jsonl', 'x.jsonl: has no examples: it is empty'],
    ['white space', ' \n\n', 'x.jsonl', 'x.jsonl: has no examples: it holds only white space'],
    ['an empty array', '[ ]', 'x.json', 'x.json: has no examples'],
    ['only a heading', 'prompt,completion\n', 'x.csv', 'x.csv: has no examples'],
    ['an object over lines', '{\n "data": []\n}', 'x.json', 'x.json: must hold one JSON object on each line'],
    ['unknown keys', '{"a":1,"b":2}', 'x', 'line 1: must have the keys messages, or conversations, or'],
    [
      'plain text',
      'Hello there.',
      'x.txt',
      'x.txt: must be JSON lines, a JSON array, or a table with the ending',
    ],
    ['a compressed file', '\x1f\x8b\x08\x00', 'x.gz', 'x.gz: must be JSON lines'],
    ['a web page', '<!doctype html>', 'x.csv', 'x.csv: must be a table: it is a web page'],
    ['JSON as a table', '{"text":"a"}', 'x.csv', 'x.csv: must be a table: it is JSON text'],
    ['a table without names', 'a,b\nc,d', 'x.csv', 'x.csv: line 1: the first row must name the columns'],
    [
      'a column twice',
      'prompt,completion,prompt\n',
      'x.csv',
      'x.csv: line 1: the first row must name the columns',
    ],
    [
      'a cut array',
      '[{"text":"a"},\n{"text":',
      'x.json',
      'x.json: is cut short: the JSON array must end with "]": what begins on line 2 has no end',
    ],
    [
      'more than an array',
      '[{"text":"a"}]\n{}',
      'x.json',
      'x.json: line 2: nothing must follow the JSON array',
    ],
    [
      'an open quote',
      'prompt,completion\na,"b\nc,d\n',
      'x.csv',
      'x.csv: a quoted field must end: the one in the row that begins in line 2 does not',
    ],
    [
      'only bad lines',
      '{"text":""}',
      'x',
      'x: 1 of 1 examples is refused (none is left): line 1: text: must not be empty',
    ],
  ])('are refused: %s', async (_, text, name, message) => {
    const error = await read(text, { name, skipBad: true }).catch((each: unknown) => each);
    expect(error).toMatchObject({ name: 'DataError' });
    expect((error as Error).message).toContain(message);
  });

  it('are those that are too large', async () => {
    const source: ByteSource = { length: 1e9, read: async () => new Uint8Array() };
    await expect(readExamples(source, { name: 'x' })).rejects.toThrow('x: must be at most 512000000 bytes');
  });

  it('are read or refused for any contents', async () => {
    const words = [
      '{',
      '}',
      '[',
      ']',
      '"',
      ',',
      ':',
      '\n',
      '\r\n',
      '\\',
      '\ufeff',
      'null',
      '"text"',
      '"messages"',
    ];
    const line = '{"text":"a"}\n';
    const part = fc.oneof(
      fc.constantFrom(...words, line, 'prompt,completion\n'),
      fc.string({ maxLength: 3 }),
    );
    const begin = fc.constantFrom('', line, '[{"text":"a"}', 'prompt,completion\na,b\n');
    const file = fc.tuple(begin, fc.array(part, { maxLength: 8 })).map(([first, rest]) => [first, ...rest]);
    let wasRead = 0;
    await fc.assert(
      fc.asyncProperty(
        file,
        fc.constantFrom('x.jsonl', 'x.csv', 'x.tsv'),
        fc.boolean(),
        async (parts, name, skipBad) => {
          const found = await read(parts.join(''), { name, skipBad }).catch((error: unknown) => error);
          if (found instanceof Error) expect(found).toBeInstanceOf(DataError);
          else wasRead++;
        },
      ),
      { numRuns: 1500, seed: 2 },
    );
    expect(wasRead).toBeGreaterThan(50);
  });
});
