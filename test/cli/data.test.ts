/** `lowrank data` on a small model. Oracle: counts and masks by hand. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import stringWidth from 'string-width';
import { afterAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.js';
import { loadTokenizer } from '../../src/models/loadTokenizer.js';
import { collector } from './language/collect.js';

const root = mkdtempSync(join(tmpdir(), 'lowrank-data-'));
afterAll(() => rmSync(root, { recursive: true }));

const fixture = new URL('../models/fixtures/llama3', import.meta.url).pathname;
/** The fixture's tokenizer, with a template that keeps prefixes: answers begin without a space. */
const model = join(root, 'model');
mkdirSync(model);
for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json'])
  cpSync(join(fixture, name), join(model, name));
writeFileSync(
  join(model, 'chat_template.jinja'),
  "{% for m in messages %}<|start|>{{ m['role'] }}:{{ m['content'] }}<|end|>{% endfor %}{% if add_generation_prompt %}<|start|>assistant:{% endif %}",
);

async function lowrank(...args: string[]) {
  const [stdout, stderr] = [collector(), collector()];
  const program = createProgram({ stdout: stdout.stream, stderr: stderr.stream });
  await program.parseAsync(['node', 'lowrank', 'data', '--model', model, ...args]);
  return { out: stdout.text(), err: stderr.text() };
}

let files = 0;
function folder(contents: Readonly<Record<string, string>>): string {
  const path = join(root, `${files++}`);
  mkdirSync(path);
  for (const [name, text] of Object.entries(contents)) writeFileSync(join(path, name), text);
  return path;
}

const chat = (question: string, answer: string) =>
  JSON.stringify({
    messages: [
      { role: 'user', content: question },
      { role: 'assistant', content: answer },
    ],
  });
const chats = (...pairs: [string, string][]) => pairs.map((pair) => chat(...pair)).join('\n');

describe('lowrank data', () => {
  it('shows the tokens, with those that are trained in brackets', async () => {
    const data = folder({ 'train.jsonl': `${chats(['hi', 'the cat\nsat'], ['\u001b[31m', 'no'])}\n` });
    const { out } = await lowrank('--data', data, '--show', '1', '--no-validate');
    const { tokenizer } = await loadTokenizer(model);
    const between = (text: string) =>
      Array.from(tokenizer.encode(text), (id) => tokenizer.decode([id])).join('│');
    const [heading, ...lines] = out.split('\n');
    expect(heading).toMatch(/^Line 1: \d+ tokens, of which \d+ trained$/);
    const shown = lines
      .slice(0, lines.indexOf(''))
      .map((line) => line.slice(2))
      .join('');
    const trained = /⟦(.*)⟧/.exec(shown)?.[1];
    expect(trained).toBe(`${between('the cat\nsat').replaceAll('\n', '↵')}│<|end|>`);
    expect(shown.indexOf('⟦')).toBeGreaterThan(shown.indexOf('h'));
    const both = await lowrank('--data', data, '--show', '5', '--no-validate');
    expect(both.out).toContain('\\u001b');
    expect(both.out).not.toContain('\u001b');
  });

  it('counts, in 80 columns, what there is and what would be refused', async () => {
    const many = Array.from({ length: 12 }, (_, i): [string, string] => [`question ${i}`, `the answer ${i}`]);
    const train = `${chats(...many)}\n{"messages" 1}\n${chat('say <|end|>', 'a')}\n${chat('a', 'b '.repeat(60))}`;
    const data = folder({
      'train.jsonl': train,
      'valid.jsonl': chats(['question 1', 'the answer 1'], ['Question 2?', 'The answer 2'], ['x', 'y']),
      'other.csv': '',
    });
    const { out, err } = await lowrank('--data', data, '--max-length', '60');
    expect(err).toBe('');
    expect(out.split('\n').filter((line) => stringWidth(line) > 80)).toEqual([]);
    expect(out).not.toContain('\u001b');
    const words = out.replace(/\s+/g, ' ');
    expect(words).toMatch(/│ train │ 13 │ [\d,]+ │ [\d,]+ │ 1\d\d │ 1 │/);
    expect(words).toMatch(/│ valid │ 3 │ \d+ │ \d+ │ \d+ │ 0 │/);
    expect(words).toContain('train.jsonl (JSON lines: messages): 15 lines');
    expect(words).toContain('Not used: other.csv');
    expect(words).toContain(
      'above 60 tokens (--max-length): 1 example; refused, unless --long is cut or drop.',
    );
    expect(words).toContain('2 of 15 lines 1 × line 13: is not JSON: ":" expected at column 13, found "1"');
    expect(words).toContain('1 × line 14: messages[0].content: holds a special token');
    expect(words).toContain(
      'of 3 validation examples, 1 also in training, 1 but for case, spaces and punctuation',
    );
    expect(words).toContain('System message: ');
    expect(words).toContain('A training run refuses these data:');
    expect(words).toContain('2 of 15 lines refused (--skip-bad leaves them out)');
    expect(words).toContain('train: 1 example of more than 60 tokens');
    const taken = await lowrank('--data', data, '--max-length', '60', '--skip-bad', '--long', 'cut');
    expect(taken.out.replace(/\s+/g, ' ')).toContain('1 cut to their beginning (--long cut).');
    expect(taken.out).toContain('A training run accepts these data.\n');
  });

  it('writes JSON of the agreed shape to a file, or to standard output without other text', async () => {
    const data = join(folder({ 'a.csv': 'prompt,completion\na,b\nc,d\ne,\nf,g\n' }), 'a.csv');
    const file = join(root, 'facts.json');
    await lowrank('--data', data, '--json', file, '--quiet');
    const { out, err } = await lowrank('--data', data, '--json', '-', '--quiet');
    expect([err, readFileSync(file, 'utf8')]).toEqual(['', out]);
    const found = JSON.parse(out);
    expect(Object.keys(found)).toEqual([
      ...[
        'files',
        'train',
        'valid',
        'test',
        'maxLength',
        'long',
        'lengths',
        'system',
        'notes',
        'duplicates',
        'unused',
      ],
      'problems',
    ]);
    expect(found).toMatchObject({
      files: [{ path: data, format: 'CSV: prompt and completion', lines: 4, refused: 1 }],
      train: { file: data, heldOut: false, examples: 2, overLength: 0, cut: 0, dropped: 0 },
      valid: { file: data, heldOut: true, examples: 1 },
      test: null,
      duplicates: { counts: { same: 0, nearlySame: 0, samePrompt: 0 }, first: null },
      problems: [expect.stringContaining('1 of 4 lines refused')],
    });
    expect(found.files[0].reasons).toEqual([
      {
        reason: 'completion: must not be empty',
        count: 1,
        first: { line: 4, reason: 'completion: must not be empty' },
        lines: [4],
      },
    ]);
    const whole = JSON.parse((await lowrank('--data', data, '--json', '-', '--quiet', '--no-validate')).out);
    expect([whole.train.examples, whole.valid]).toEqual([3, null]);
    expect(whole.train.tokens).toBe(found.train.tokens + found.valid.tokens);
    const all = JSON.parse(
      (await lowrank('--data', data, '--json', '-', '--quiet', '--train-on', 'all')).out,
    );
    expect(all.train.trainedTokens).toBeGreaterThan(found.train.trainedTokens);
  });

  it('says what is held out, and that nothing is left', async () => {
    const one = join(folder({ 'a.jsonl': chats(['a', 'b'], ['c', 'd']) }), 'a.jsonl');
    const { out } = await lowrank('--data', one);
    expect(out).toContain('A tenth of the training examples is held out');
    expect(out.split('\n').filter((line) => stringWidth(line) > 80)).toEqual([]);
    const valid = '{"messages":[{"role":"user","content":"a"}]}';
    const data = folder({ 'train.jsonl': chats(['a', 'b']), 'valid.jsonl': valid });
    const { problems } = JSON.parse(
      (await lowrank('--data', data, '--skip-bad', '--json', '-', '--quiet')).out,
    );
    expect(problems).toEqual(['valid: no example is left']);
    const alone = await lowrank('--data', folder({ 'test.jsonl': valid }));
    expect(alone.out.replace(/\s+/g, ' ')).toContain('no message is of the assistant');
    expect(alone.out).toContain('there are no training examples (train.jsonl)');
    expect(alone.out).not.toContain('by their tokens');
  });

  it('says which system message is in force', async () => {
    const data = folder({ 'train.jsonl': chats(['a', 'b'], ['c', 'd']) });
    const system = async (...args: string[]) =>
      JSON.parse((await lowrank('--data', data, '--json', '-', '--quiet', ...args)).out).system;
    expect(await system('--system', 'Be kind.')).toBe('"Be kind." (--system)');
    expect(await system()).toBe('none');
  });

  it('says which text of the chat template is also trained', async () => {
    const thinking = join(root, 'thinking');
    cpSync(model, thinking, { recursive: true });
    const template = join(thinking, 'chat_template.jinja');
    const changed = readFileSync(template, 'utf8').replace("{{ m['content'] }}", (content) => {
      return `{% if m['role'] == 'assistant' %}<think></think>{% endif %}${content}`;
    });
    const notes = async (source: string, text = chats(['a', 'b'], ['c', 'd'])) => {
      writeFileSync(template, source);
      const data = folder({ 'train.jsonl': text });
      const { out } = await lowrank('--data', data, '--model', thinking);
      const found = JSON.parse(
        (await lowrank('--data', data, '--model', thinking, '--json', '-', '--quiet')).out,
      ).notes;
      for (const note of found) expect(out.replace(/\s+/g, ' ')).toContain(note);
      return found;
    };
    expect(await notes(changed)).toEqual([
      'The chat template puts "<think></think>" before an answer, which is trained with it.',
    ]);
    expect(await notes(changed, '{"text":"abc"}\n{"text":"def"}')).toEqual([]);
    expect(await notes(readFileSync(join(model, 'chat_template.jinja'), 'utf8'))).toEqual([]);
    expect(
      await notes(readFileSync(join(model, 'chat_template.jinja'), 'utf8').replace('<|end|>', '.')),
    ).toEqual([
      'The chat template ends an answer with no special token: the model learns no end of its answers.',
    ]);
  });

  it.each<[string, string[], string]>([
    ['no data', [], "required option '--data <path>' not specified"],
    ['a path to nothing', ['--data', join(root, 'nowhere')], 'nowhere: cannot be read: no such file'],
    ['a length', ['--data', root, '--max-length', '1'], '--max-length: must be an integer of at least 2: 1'],
    [
      'a length beyond the context',
      ['--data', root, '--max-length', '9999'],
      "must be at most the model's context, 128: 9999",
    ],
    [
      'what is trained',
      ['--data', root, '--train-on', 'some'],
      '--train-on: must be one of answers, all: some',
    ],
    ['what is long', ['--data', root, '--long', 'some'], '--long: must be one of cut, drop, refuse: some'],
    ['an empty folder', ['--data', folder({})], 'must have a train.jsonl, valid.jsonl or test.jsonl'],
    ['an empty file', ['--data', folder({ 'train.jsonl': '' })], 'train.jsonl: has no examples: it is empty'],
    ['one example', ['--data', folder({ 'train.jsonl': chat('a', 'b') })], 'must have at least 2 examples'],
  ])('refuses %s in one line', async (_, args, message) => {
    await expect(lowrank(...args)).rejects.toThrow(message);
  });
});
