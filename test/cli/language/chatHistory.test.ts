/** Conversations in files. */
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  openConversation,
  readConversation,
  readMessage,
  typedPath,
  writeConversation,
} from '../../../src/cli/language/chatHistory.js';

const root = mkdtempSync(join(tmpdir(), 'lowrank-history-'));
afterAll(() => rmSync(root, { recursive: true }));

function file(name: string, content?: string | Uint8Array): string {
  const path = join(root, name);
  if (content !== undefined) writeFileSync(path, content);
  return path;
}

const MESSAGES = [
  { role: 'user', content: 'a\n"b"\u2028' },
  { role: 'assistant', content: '' },
];

describe('a conversation', () => {
  it('is one line of JSON, which is read again', async () => {
    const path = file('deep/talk.jsonl');
    await writeConversation(path, MESSAGES);
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(2);
    expect(await readConversation(path)).toEqual(MESSAGES);
    expect((await openConversation(path)).messages).toEqual(MESSAGES);
    await writeConversation(path, MESSAGES.slice(0, 1));
    expect(await readConversation(path)).toHaveLength(1);
  });

  it('may be kept in a new or an empty file, and where a link leads', async () => {
    expect((await openConversation(file('none.jsonl'))).messages).toEqual([]);
    const path = file('empty.jsonl', '\n');
    expect((await openConversation(path)).messages).toEqual([]);
    const link = join(root, 'link.jsonl');
    symlinkSync(path, link);
    await writeConversation(link, MESSAGES);
    expect(await readConversation(path)).toEqual(MESSAGES);
    expect(await readConversation(file('bom.jsonl', `\ufeff${readFileSync(path, 'utf8')}\r\n`))).toEqual(
      MESSAGES,
    );
  });

  it.each([
    [
      'two lines',
      '{"messages":[]}\n{"messages":[]}',
      'must hold one conversation, on one line: it has 2 lines',
    ],
    ['no line', ' \n', 'must hold one conversation, on one line: it has 0 lines'],
    ['no JSON', '{"messages":', 'line 1: is not JSON: '],
    ['a list', '[]', 'line 1: must be an object with messages'],
    ['null', 'null', 'line 1: must be an object with messages'],
    ['another object', '{"text":"a"}', 'line 1: must be an object with messages'],
    ['tools', '{"messages":[],"tools":[]}', 'line 1: must have messages only: it has messages, tools'],
    [
      'a content that is no text',
      '{"messages":[{"role":"user","content":1}]}',
      'line 1: messages[0]: content must be',
    ],
    ['no UTF-8', Uint8Array.of(0xff), 'must be text in UTF-8'],
    ['too many bytes', new Uint8Array(2 ** 24 + 1), 'must have at most 16777216 bytes: 16777217'],
  ])('is not read from %s, and does not replace it', async (name, content, message) => {
    const path = file(`${name}.jsonl`, content);
    const before = statSync(path);
    const rejected = await readConversation(path).catch((error: Error) => error);
    expect(rejected).toMatchObject({ name: 'DataError' });
    expect(String(rejected)).toContain(`${path}: ${message}`);
    expect(String(rejected)).not.toContain('\n');
    if (name === 'no line') return;
    await expect(writeConversation(path, MESSAGES)).rejects.toThrow(message);
    expect(statSync(path)).toMatchObject({ size: before.size, mtimeMs: before.mtimeMs });
  });
});

describe('a message from a file', () => {
  it('has no line breaks at its end', async () => {
    expect(await readMessage(file('note.txt', 'a\r\n\r\n b\n\n'))).toBe('a\n\n b');
    await expect(readMessage(file('blank.txt', ' \n'))).rejects.toThrow('blank.txt: is empty');
    await expect(readMessage(root)).rejects.toThrow('it is a directory');
  });

  it('may be named from the home directory on', () => {
    expect(typedPath('~/a b.txt')).toBe(join(homedir(), 'a b.txt'));
    expect(typedPath('~a')).toBe('~a');
  });
});
