/** `lowrank chat` on a small model: its commands, what it keeps, and what it refuses. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { generate } from '../../../src/generate/generate.js';
import { applyLora, saveAdapter, withAdapterDisabled } from '../../../src/index.js';
import { loadLanguageModel } from '../../../src/models/load.js';
import type { ChatMessage } from '../../../src/text/messages.js';
import { readExamples } from '../../../src/text/readExamples.js';
import { wasm } from '../../support/devices.js';
import { onTerminal, piped } from './chatSupport.js';

const root = mkdtempSync(join(tmpdir(), 'lowrank-chat-'));
const folder = new URL('../../models/fixtures/llama3', import.meta.url).pathname;
const adapter = join(root, 'adapter');
const at = (name: string) => join(root, name);
const user = (content: string) => ({ role: 'user', content });
const assistant = (content: string) => ({ role: 'assistant', content });

const device = await wasm();
const { model, tokenizer } = await loadLanguageModel(device, folder);
afterAll(() => {
  rmSync(root, { recursive: true });
  device.dispose();
});
beforeAll(async () => {
  const { factors } = await applyLora(model, { rank: 2, targetModules: ['q_proj', 'down_proj'] });
  for (const { loraB } of factors.values())
    loraB.write(Float32Array.from({ length: loraB.length }, (_, i) => Math.sin(i)));
  await saveAdapter(model, adapter);
});

/** What the model answers to messages, and the same without the adapter. */
const adapted = async (messages: readonly ChatMessage[], more: object = {}) =>
  (await generate(model, tokenizer, messages, { maxTokens: 8, ...more }).result()).text;
const base = (messages: readonly ChatMessage[], more?: object) =>
  withAdapterDisabled(model, () => adapted(messages, more));
const line = (text: string) => (text === '' || text.endsWith('\n') ? text : `${text}\n`);

const chat = (lines: string, ...args: string[]) => piped(lines, '--model', folder, ...args);
const talk = (lines: string, ...args: string[]) => chat(lines, '--adapter', adapter, ...args);
const saved = (path: string) => JSON.parse(readFileSync(path, 'utf8')).messages;

describe('lowrank chat', () => {
  it('answers each line of a pipe on standard output, with what was said before', async () => {
    const { out, err, failed } = await chat('hello\r\n\n  \nthe cat\n');
    const first = await base([user('hello')]);
    const second = await base([user('hello'), assistant(first), user('the cat')]);
    expect([failed, out]).toEqual([undefined, line(first) + line(second)]);
    const lines = err.trimEnd().split('\n');
    expect(lines.slice(0, 2)).toEqual(['llama3 on wasm, context 128 tokens', 'system message: none']);
    const figures =
      /^\d tokens?(, [\d.,]+ tokens\/s)?; prompt (\d+) tokens, (\d+) read(; cut by --max-tokens)?$/;
    const found = lines.slice(2).map((each) => figures.exec(each));
    expect(found.map((each) => each?.[2] === each?.[3])).toEqual([true, false]);
  });

  it('is silent but for the answers with --quiet', async () => {
    const { out, err } = await chat('hello\n/reset\nhello', '--quiet');
    const answer = line(await base([user('hello')]));
    expect([out, err]).toEqual([answer + answer, '']);
  });

  it('answers with the adapter, without it, and with both', async () => {
    const { out, failed } = await talk('hello\n/base\nhi\n/both\nthe cat\n/adapter\nyes\n', '--quiet');
    const history: ChatMessage[] = [];
    const say = async (content: string, by: typeof base) => {
      const text = await by([...history, user(content)]);
      history.push(user(content), assistant(text));
      return line(text);
    };
    const [hello, hi] = [await say('hello', adapted), await say('hi', base)];
    const other = line(await base([...history, user('the cat')]));
    const both = `base:\n${other}adapter:\n${await say('the cat', adapted)}`;
    expect(failed).toBeUndefined();
    expect(out).toBe(hello + hi + both + (await say('yes', adapted)));
    // Otherwise it would not matter who answers.
    expect(other).not.toBe(both.slice(both.indexOf('adapter:\n') + 9));
  });

  it('reads only what is new, for both', async () => {
    const { err } = await talk('/both\nhello\nthe cat\n');
    const prompts = Array.from(err.matchAll(/prompt (\d+) tokens, (\d+) read/g), (each) =>
      each.slice(1).map(Number),
    );
    expect(prompts).toHaveLength(4);
    const [[all, first], [same, other], [longer, third], [, fourth]] = prompts;
    expect([first, same, other]).toEqual([all, all, all]);
    // At most the answer and the new message.
    expect(Math.max(third, fourth)).toBeLessThanOrEqual(longer - all);
  });

  it('takes a system message, says which is in force, and changes it', async () => {
    const system = (content: string) => ({ role: 'system', content });
    const { out, err } = await chat(
      'hi\n/system be short\nhi\n/system -\n/reset\n/system\nhi',
      '--system',
      'be kind',
    );
    const [kind, short] = [system('be kind'), system('be short')];
    const first = await base([kind, user('hi')]);
    const second = await base([short, user('hi'), assistant(first), user('hi')]);
    expect(out).toBe([first, second, await base([user('hi')])].map(line).join(''));
    const said = err.match(/^system message.*$/gm);
    const none = 'system message: none';
    const given = ['"be kind" (--system)', '"be short" (of the conversation)'];
    expect(said).toEqual([...given.map((each) => `system message: ${each}`), none, none]);
  });

  it('answers again, with another seed', async () => {
    const { out } = await chat('hi\n/retry\n', '--quiet', '--temperature', '2', '--seed', '7');
    const draw = (seed: number) => base([user('hi')], { temperature: 2, seed });
    expect(out).toBe(line(await draw(7)) + line(await draw(8)));
    const same = await chat('hi\n/retry\n');
    expect(same.out).toBe(line(await base([user('hi')])).repeat(2));
    expect(same.err).toContain('with --temperature 0 the same model gives the same answer again');
  });

  it('saves a conversation as training data, and continues it', async () => {
    const file = at('talk.jsonl');
    const first = await chat(`hi\n/save ${file}\n`, '--system', 'be kind');
    expect(first.err).toContain(`saved 3 messages to ${file}`);
    expect(readFileSync(file, 'utf8')).toMatch(/^\{"messages":\[\{"role":"system",.*\]\}\n$/);
    const messages = saved(file);
    const { examples, bad } = await readExamples(new Uint8Array(readFileSync(file)), { name: 'talk.jsonl' });
    expect(examples.map(({ content }) => content)).toEqual([{ kind: 'messages', messages }]);
    expect(bad).toEqual([]);
    const { out, err } = await chat(`/load ${file}\nthe cat\n/save ${file}`);
    expect(err).toContain(`loaded 3 messages from ${file}`);
    expect(out).toBe(line(await base([...messages, user('the cat')])));
    expect(saved(file)).toHaveLength(5);
    writeFileSync(file, JSON.stringify({ messages: [user('hi')] }));
    const open = await chat(`/load ${file}\n/retry`);
    expect(open.out).toBe(line(await base([user('hi')])));
    expect(open.err).toContain('the last one has no answer yet: /retry answers it');
  });

  it('keeps its history in a file, from one run to the next', async () => {
    const file = at('new/history.jsonl');
    await chat('hi\n', '--history', file, '--quiet');
    expect(saved(file)).toEqual([user('hi'), assistant(await base([user('hi')]))]);
    const before = saved(file);
    const { err } = await chat('the cat\n/reset', '--history', file, '--system', 'be kind');
    expect(err).toContain('history: 2 messages from');
    const after = [{ role: 'system', content: 'be kind' }, ...before, user('the cat')];
    expect(saved(file)).toEqual([...after, assistant(await base(after))]);
  });

  it('sends files, as the first message and later', async () => {
    const file = at('note.txt');
    writeFileSync(file, '\ufeffthe cat\r\nsat\n\n');
    const { out } = await chat(`/file ${file}\n`, '--file', file, '--quiet');
    const first = await base([user('the cat\nsat')]);
    const history = [user('the cat\nsat'), assistant(first)];
    expect(out).toBe(line(first) + line(await base([...history, user('the cat\nsat')])));
  });

  it('joins lines that end with a backslash, and sends slashes', async () => {
    const { out } = await chat('the \\\ncat\n/reset\n//base\n', '--quiet');
    expect(out).toBe(line(await base([user('the \ncat')])) + line(await base([user('/base')])));
  });

  it('leaves at /exit, and lists its commands', async () => {
    const { out, err } = await chat('/help\n/exit\nhello\n', '--quiet');
    expect(out).toBe('');
    for (const word of ['/base', '/both', '/system [TEXT]', '/retry', '/load FILE'])
      expect(err).toContain(word);
  });

  it('takes special tokens where that is allowed', async () => {
    const { failed } = await chat('say <|end|>\n');
    expect(failed).toBe(
      'the message holds a special token, which is refused: "<|end|>" at character 4; --allow-special allows it',
    );
    const allowed = await chat('say <|end|>\n', '--allow-special', '--quiet');
    expect(allowed.out).toBe(line(await base([user('say <|end|>')], { allowSpecial: true })));
  });

  it('says what to do when the context is full', async () => {
    const long = 'the cat '.repeat(90);
    const { failed } = await chat(`${long}\n`);
    expect(failed).toMatch(/^the message has \d+ tokens, and the model's context 128: send a shorter one$/);
    const half = 'the cat '.repeat(40);
    const both = await chat(`${half}\n${half}\n`, '--max-tokens', '2');
    expect(both.failed).toMatch(
      /^the conversation has \d+ tokens, and the model's context 128: \/reset begins a new conversation, \/save FILE keeps/,
    );
    const ended = await chat('hello\n', '--max-tokens', '1000', '--seed', '1', '--temperature', '5');
    expect(ended.err).toMatch(/^the context of 128 tokens is full: \/reset begins/m);
  });

  it.each<[string, string, string[], string]>([
    [
      'an unknown command',
      '/bass',
      [],
      'there is no command /bass: /help lists them, and // begins a message',
    ],
    [
      'another answerer without an adapter',
      '/both',
      [],
      'there is no adapter: begin the chat with --adapter DIR',
    ],
    ['what a command does not take', '/reset now', [], '/reset takes no argument: now'],
    ['a command without its file', '/load', [], '/load requires a file: /load FILE'],
    ['a file that is not there', '/file nowhere.txt', [], 'nowhere.txt: cannot be read: no such file'],
    ['an answer to nothing', '/retry', [], 'there is no message yet that could be answered again'],
    ['nothing to save', '/save x.jsonl', [], 'there is nothing to save yet'],
    ['an empty path', 'x', ['--history', ''], '--history: must be a path: (empty)'],
    ['a file as first message', 'x', ['--file', root], `${root}: cannot be read: it is a directory`],
    ['a special token in a system message', 'x', ['--system', '<|end|>'], 'holds a special token'],
    ['weights', 'x', ['--weights', 'q5'], '--weights: must be one of keep'],
    ['a seed', 'x', ['--seed', '-1'], '--seed: must be a non-negative integer: -1'],
  ])('refuses %s in one line', async (_, input, args, message) => {
    const { out, failed } = await chat(`${input}\n`, ...args);
    expect(failed).toContain(message);
    expect(failed).not.toContain('\n');
    expect(out).toBe('');
  });

  it('does not replace a file that is not a conversation', async () => {
    const file = at('train.jsonl');
    const two = '{"messages":[]}\n{"messages":[]}\n';
    writeFileSync(file, two);
    const save = await chat(`hi\n/save ${file}\n`);
    expect(save.failed).toBe(
      `${file}: is not replaced: must hold one conversation, on one line: it has 2 lines`,
    );
    const history = await chat('hi\n', '--history', file);
    expect([history.failed, history.out]).toEqual([save.failed, '']);
    expect(readFileSync(file, 'utf8')).toBe(two);
    mkdirSync(at('directory'));
    expect((await chat('hi\n', '--history', at('directory'))).failed).toContain('it is a directory');
  });

  it('names generate for a model without a chat template', async () => {
    const bare = at('bare');
    cpSync(folder, bare, { recursive: true });
    rmSync(join(bare, 'chat_template.jinja'));
    const { failed } = await piped('hi\n', '--model', bare);
    expect(failed).toBe(
      `${bare}: has no chat template, it was not made for conversations: lowrank generate continues a text`,
    );
  });

  it('refuses input that is not text', async () => {
    const { failed } = await piped(Uint8Array.of(0x61, 0xff, 0x0a), '--model', folder);
    expect(failed).toBe('standard input: must be text in UTF-8');
  });
});

describe('lowrank chat on a terminal', () => {
  const begin = (...args: string[]) => onTerminal('--model', folder, '--adapter', adapter, ...args);
  const shows = (terminal: ReturnType<typeof begin>, text: string | RegExp, times = 1) =>
    vi.waitFor(() => expect(terminal.text().split(text).length).toBeGreaterThan(times), 5000);

  it('prompts, answers, and continues after an error', async () => {
    const terminal = begin();
    await shows(terminal, 'adapter> ');
    terminal.write('hello\r');
    await shows(terminal, /prompt \d+ tokens/);
    await shows(terminal, 'adapter> ', 2);
    terminal.write('/nothing\r');
    await shows(terminal, 'lowrank: there is no command /nothing');
    terminal.write('/base\r');
    await shows(terminal, 'base> ');
    terminal.write('/exit\r');
    expect(await terminal.ended).toBeUndefined();
    expect(terminal.text()).toContain(line(await adapted([user('hello')])).trimEnd());
    expect(terminal.text()).toContain('/help lists the commands, Ctrl-D leaves');
    expect(terminal.raw()).toContain('\u001b[2m');
  });

  it('keeps what there is of an answer that Ctrl-C ends', async () => {
    const file = at('stopped.jsonl');
    // Long enough an answer to be stopped: thousands of tokens, where the fixture has room for a hundred.
    const roomy = at('roomy');
    cpSync(folder, roomy, { recursive: true });
    const config = JSON.parse(readFileSync(join(roomy, 'config.json'), 'utf8'));
    writeFileSync(join(roomy, 'config.json'), JSON.stringify({ ...config, max_position_embeddings: 8192 }));
    const sampling = ['--max-tokens', '5000', '--seed', '1', '--temperature', '5'];
    const terminal = onTerminal('--model', roomy, '--adapter', adapter, ...sampling, '--history', file);
    await shows(terminal, 'adapter> ');
    terminal.write('hello\r');
    await vi.waitFor(() =>
      expect(terminal.text().length).toBeGreaterThan(terminal.text().indexOf('hello') + 20),
    );
    terminal.write('\u0003');
    await shows(terminal, '; stopped');
    await vi.waitFor(() => expect(existsSync(file)).toBe(true));
    const [, { content }] = saved(file);
    expect(content.length).toBeGreaterThan(0);
    await shows(terminal, 'adapter> ', 2);
    terminal.write('\u0004');
    expect(await terminal.ended).toBeUndefined();
    const whole = await adapted([user('hello')], { maxTokens: 100, seed: 1, temperature: 5 });
    expect(content.length).toBeGreaterThan(20);
    expect(content.startsWith(whole.slice(0, 20))).toBe(true);
  });

  it('sends a paste as one message, and leaves with 130 at the second Ctrl-C', async () => {
    const file = at('pasted.jsonl');
    const terminal = begin('--history', file);
    await shows(terminal, 'adapter> ');
    terminal.write('\u001b[200~/base\rthe cat\u001b[201~');
    terminal.write('\r');
    await vi.waitFor(() => expect(existsSync(file)).toBe(true));
    expect(saved(file)[0]).toEqual(user('/base\nthe cat'));
    await shows(terminal, 'adapter> ', 2);
    terminal.write('\u0003');
    await shows(terminal, '(Ctrl-C once more, or Ctrl-D, leaves)');
    terminal.write('\u0003');
    expect(await terminal.ended).toMatchObject({ name: 'Interrupted', exitCode: 130 });
  });
});
