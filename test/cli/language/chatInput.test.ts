/** Messages from a pipe. */
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { pipedInput } from '../../../src/cli/language/chatInput.js';

const NEVER = new AbortController().signal;

async function entries(chunks: readonly (string | Uint8Array)[]): Promise<string[]> {
  const stdin = new PassThrough();
  const input = pipedInput(stdin, NEVER);
  for (const chunk of chunks) stdin.write(chunk);
  stdin.end();
  const found: string[] = [];
  for (let next = await input.next(''); next !== undefined; next = await input.next('')) found.push(next);
  return found;
}

describe('messages from a pipe', () => {
  it('are its lines, whatever its chunks and line breaks are', async () => {
    expect(await entries(['a\nb', 'c\r\n\n \nd'])).toEqual(['a', 'bc', 'd']);
    // A separator of lines within a text, and a character in two chunks.
    expect(await entries(['a\u2028b\n', Uint8Array.of(0xc3), Uint8Array.of(0xa9, 0x0a)])).toEqual([
      'a\u2028b',
      'é',
    ]);
    expect(await entries(['\ufeffa\n'])).toEqual(['a']);
    expect(await entries([])).toEqual([]);
  });

  it('continue in the next line after a backslash', async () => {
    expect(await entries(['a \\\nb\\\n c\nd\n'])).toEqual(['a \nb\n c', 'd']);
    expect(await entries(['a\\'])).toEqual(['a']);
    expect(await entries(['\\\n\\\n\nb'])).toEqual(['b']);
  });

  it('end with the pipe, or with a signal', async () => {
    const controller = new AbortController();
    const input = pipedInput(new PassThrough(), controller.signal);
    const waiting = input.next('');
    controller.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
    expect(input.isTerminal).toBe(false);
    input.close();
  });

  it('are refused where they are not text, or a line has no end', async () => {
    await expect(entries([Uint8Array.of(0xff, 0x0a)])).rejects.toThrow('must be text in UTF-8');
    await expect(entries([Uint8Array.of(0xc3)])).rejects.toThrow('must be text in UTF-8');
    const long = 'x'.repeat(2 ** 24);
    expect(await entries([long])).toEqual([long]);
    await expect(entries([long, 'x'])).rejects.toThrow('a line must have at most 16777216 characters');
  });
});
