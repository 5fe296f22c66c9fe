/** What is typed and pasted at a prompt. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { TerminalInput } from '../../../src/cli/language/terminalInput.js';
import { collector, KEYBOARD, plain, SCREEN, typed } from './chatSupport.js';

const opened: TerminalInput[] = [];
afterEach(() => {
  for (const each of opened.splice(0)) each.close();
  vi.unstubAllEnvs();
});

const [PASTE, PASTED, CTRL_C, CTRL_D] = ['\u001b[200~', '\u001b[201~', '\u0003', '\u0004'];

function open() {
  const keyboard = typed(KEYBOARD);
  const screen = collector(SCREEN);
  const stop = new AbortController();
  const input = new TerminalInput({
    ...{ stdin: keyboard.stream, output: screen.stream, signal: stop.signal },
    words: ['/base', '/both', '/exit'],
  });
  opened.push(input);
  return { input, write: keyboard.write, stop, text: () => plain(screen.text()), raw: screen.text };
}

describe('a prompt', () => {
  it('takes a line', async () => {
    const { input, write, text } = open();
    const next = input.next('> ');
    write('hello\r');
    expect(await next).toBe('hello');
    expect(text()).toMatch(/^> hello\r?\n$/);
    expect(input.isTerminal).toBe(true);
  });

  it('asks again after an empty line', async () => {
    const { input, write, text } = open();
    const next = input.next('> ');
    write('\r');
    await vi.waitFor(() => expect(text().split('> ')).toHaveLength(3));
    write('a\r');
    expect(await next).toBe('a');
  });

  it('takes a marked paste as one message, when Enter sends it', async () => {
    const { input, write, text } = open();
    const next = input.next('> ');
    const isSent = vi.fn();
    void next.then(isSent);
    // A line that ends with a backslash is one of the pasted text.
    write(`${PASTE}a\\\rb\r\rc\td`);
    write(`e${PASTED}`);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(isSent).not.toHaveBeenCalled();
    write('!\r');
    expect(await next).toBe('a\\\nb\n\nc\tde!');
    expect(text()).toContain('… b');
  });

  it('takes lines that arrive together as one message', async () => {
    const { input, write } = open();
    const first = input.next('> ');
    write('a\rb\rc\r');
    expect(await first).toBe('a\nb\nc');
    const second = input.next('> ');
    // The last of them waits for its end.
    write('a\rb');
    await new Promise((resolve) => setTimeout(resolve, 60));
    write('\r');
    expect(await second).toBe('a\nb');
    const third = input.next('> ');
    write('d\r');
    expect(await third).toBe('d');
  });

  it('continues in the next line after a backslash', async () => {
    const { input, write, text } = open();
    const next = input.next('> ');
    write('a \\\r');
    await vi.waitFor(() => expect(text()).toContain('… '));
    write('b\r');
    expect(await next).toBe('a \nb');
  });

  it('completes commands, and does not change other words', async () => {
    const { input, write } = open();
    const next = input.next('> ');
    write('/ex');
    write('\t');
    write('\r');
    expect(await next).toBe('/exit');
    const other = input.next('> ');
    write('ex\t\r');
    expect(await other).toMatch(/^ex/);
  });

  it('ends at Ctrl-D', async () => {
    const { input, write } = open();
    const next = input.next('> ');
    write(CTRL_D);
    expect(await next).toBeUndefined();
    expect(await input.next('> ')).toBeUndefined();
  });

  it('is left with 130 at the second Ctrl-C, and not where a message is between', async () => {
    const { input, write, text } = open();
    const warned = (times: number) =>
      vi.waitFor(() => expect(text().split('(Ctrl-C once more')).toHaveLength(times + 1));
    const first = input.next('> ');
    write(`taken back${CTRL_C}`);
    await warned(1);
    write('a\r');
    expect(await first).toBe('a');
    const second = input.next('> ');
    write(CTRL_C);
    await warned(2);
    write(`typed${CTRL_C}`);
    await warned(3);
    write(CTRL_C);
    await expect(second).rejects.toMatchObject({ name: 'Interrupted', exitCode: 130 });
  });

  it('ends with the signal', async () => {
    const { input, stop } = open();
    const next = input.next('> ');
    stop.abort(new Error('stopped'));
    await expect(next).rejects.toThrow('stopped');
  });

  it('asks the terminal to mark pastes, and at its end not to; a dumb one is not asked', () => {
    const { input, raw } = open();
    input.close();
    expect(raw()).toBe('\u001b[?2004h\u001b[?2004l');
    vi.stubEnv('TERM', 'dumb');
    const dumb = open();
    dumb.input.close();
    expect(dumb.raw()).toBe('');
  });
});

describe('an answer', () => {
  it('is ended by Ctrl-C, and so are only those after it', async () => {
    const { input, write, text } = open();
    const answer = () =>
      input.answering((signal) => {
        const ended = new Promise((resolve) => signal.addEventListener('abort', resolve));
        write(`typed meanwhile\r${CTRL_C}`);
        return ended.then(() => 'stopped');
      });
    expect([await answer(), await answer()]).toEqual(['stopped', 'stopped']);
    expect(text()).toBe('');
    const next = input.next('> ');
    write('a\r');
    expect(await next).toBe('a');
  });

  it('ends with the chat', async () => {
    const { input, stop } = open();
    const ended = input.answering(
      (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason))),
    );
    stop.abort('over');
    expect(await ended).toBe('over');
  });

  it('is not disturbed by what is typed meanwhile, which is sent after it', async () => {
    const { input, write, text } = open();
    await input.answering(async () => {
      write('/base\rhello\rbegun');
      await new Promise((resolve) => setTimeout(resolve, 60));
    });
    expect(text()).toBe('');
    expect([await input.next('> '), await input.next('base> ')]).toEqual(['/base', 'hello']);
    const next = input.next('> ');
    expect(text()).toBe('> /base\nbase> hello\n> begun');
    write('!\r');
    expect(await next).toBe('begun!');
  });
});
