/** Generated text on standard output. */
import { describe, expect, it } from 'vitest';
import { tokenFigures, watchReader, writeText } from '../../../src/cli/language/textOutput.js';
import { collector, SCREEN } from './chatSupport.js';

async function written(pieces: readonly string[], terminal: object = {}): Promise<string> {
  const { stream, text } = collector(terminal);
  async function* each() {
    yield* pieces;
  }
  await writeText(stream, each());
  return text();
}

describe('a text', () => {
  it('ends with one newline, and is none where nothing was said', async () => {
    expect(await written(['a', ' b'])).toBe('a b\n');
    expect(await written(['a\n'])).toBe('a\n');
    expect(await written([])).toBe('');
  });

  it('is as it is in a pipe, and harmless on a terminal', async () => {
    const text = 'a\t\u001b[2J\u202eb\nc';
    expect(await written([text])).toBe(`${text}\n`);
    expect(await written([text], SCREEN)).toBe('a\t\\u001b[2J\\u202eb\nc\n');
  });

  it('ends when it is no longer read', () => {
    const { stream } = collector();
    const { signal, stop } = watchReader(stream);
    stream.emit('error', new Error('EPIPE'));
    expect(signal.aborted).toBe(true);
    stop();
    expect(stream.listenerCount('error')).toBe(0);
  });

  it('has figures, and no rate where nothing was timed', () => {
    expect(tokenFigures({ tokens: 1200, tokensPerSecond: 31.44 })).toBe('1,200 tokens, 31.4 tokens/s');
    expect(tokenFigures({ tokens: 1, tokensPerSecond: 0 })).toBe('1 token');
  });
});
