import { describe, expect, it } from 'vitest';
import { LineProcess } from '../../bench/lineProcess.js';

const node = (script: string, env?: Record<string, string>) =>
  new LineProcess({ program: process.execPath, words: ['-e', script], ...(env ? { env } : {}) });

const ECHO = `require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { text } = JSON.parse(line);
  if (text === 'end') { console.error('first\\nout of words'); process.exit(3); }
  console.log(JSON.stringify(text === 'bad' ? { error: 'no such text' } : { text, said: process.env.SAID }));
});`;

describe('LineProcess', () => {
  it('answers questions in turn, with the environment that it is given', async () => {
    const child = node(ECHO, { SAID: 'yes' });
    expect(await child.ask({ text: 'a' })).toEqual({ text: 'a', said: 'yes' });
    expect(await child.ask({ text: 'b' })).toEqual({ text: 'b', said: 'yes' });
    await child.end();
  });

  it('throws an error that the process reports, and continues', async () => {
    const child = node(ECHO);
    await expect(child.ask({ text: 'bad' })).rejects.toThrow(/^no such text$/);
    expect(await child.ask({ text: 'a' })).toEqual({ text: 'a' });
    await child.end();
  });

  it('throws its last words where it ends', async () => {
    const child = node(ECHO);
    await expect(child.ask({ text: 'end' })).rejects.toThrow(/ended: out of words$/);
  });

  it('says that a program does not start', async () => {
    const child = new LineProcess({ program: '/no/such/program', words: [] });
    await expect(child.ask({})).rejects.toThrow('/no/such/program does not start');
    await child.end();
  });
});
