/** `lowrank eval` of language models, on small ones. Oracle: the library on the same tokens. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/backends/backend.js';
import { exitCodeOf } from '../../src/cli/errors.js';
import { createProgram } from '../../src/cli/program.js';
import { applyLora, saveAdapter } from '../../src/index.js';
import { evaluateLanguageModel } from '../../src/models/evaluateLanguageModel.js';
import { type LoadedLanguageModel, loadLanguageModel } from '../../src/models/load.js';
import { tokenizeChat } from '../../src/text/examples.js';
import { folder } from '../models/fixtures.js';
import { wasm } from '../support/devices.js';
import { collector } from './language/collect.js';

const root = mkdtempSync(join(tmpdir(), 'lowrank-eval-'));
const [model, adapter, data] = ['model', 'adapter', 'data'].map((name) => join(root, name));

/** A template in which the tokens of an answer do not depend on what precedes it, with a system message of its own. */
const TEMPLATE =
  "{% if messages[0]['role'] != 'system' %}<|start|>system\nYou are small.<|end|>{% endif %}" +
  "{% for m in messages %}<|start|>{{ m['role'] + '\n' + m['content'] }}<|end|>{% endfor %}" +
  '{% if add_generation_prompt %}<|start|>assistant\n{% endif %}';

const CHAT = [
  [
    { role: 'user', content: 'hello there' },
    { role: 'assistant', content: 'naïve 🙂 world' },
  ],
  [
    { role: 'system', content: 'be kind' },
    { role: 'user', content: 'she sells' },
    { role: 'assistant', content: 'sea shells' },
    { role: 'user', content: 'where' },
    { role: 'assistant', content: 'by the shore' },
  ],
];

const lines = (examples: readonly object[]) => examples.map((each) => `${JSON.stringify(each)}\n`).join('');

/** Writes a file of examples. @returns its path */
function file(name: string, text: string): string {
  const path = join(root, name);
  writeFileSync(path, text);
  return path;
}

let device: Backend;
let loaded: LoadedLanguageModel;

beforeAll(async () => {
  for (const directory of [model, data]) mkdirSync(directory);
  for (const [name, bytes] of folder('llama3')) writeFileSync(join(model, name), bytes);
  writeFileSync(join(model, 'chat_template.jinja'), TEMPLATE);
  const [first, second] = CHAT.map((messages) => ({ messages }));
  writeFileSync(join(data, 'train.jsonl'), lines([{ text: 'nothing of this' }]));
  writeFileSync(join(data, 'valid.jsonl'), lines([first]));
  writeFileSync(join(data, 'test.jsonl'), lines([first, second]));
  device = await wasm();
  loaded = await loadLanguageModel(device, model);
  const adapted = (await loadLanguageModel(device, model)).model;
  const { factors } = await applyLora(adapted, { rank: 2, targetModules: ['q_proj', 'down_proj'] });
  for (const { loraB } of factors.values())
    loraB.write(Float32Array.from({ length: loraB.length }, (_, i) => Math.sin(i)));
  await saveAdapter(adapted, adapter);
});

afterAll(() => {
  device.dispose();
  rmSync(root, { recursive: true });
});

/** A stream, and what was written to it. */
async function lowrank(...args: string[]) {
  const [stdout, stderr] = [collector(), collector()];
  const program = createProgram({ stdout: stdout.stream, stderr: stderr.stream });
  await program.parseAsync(['node', 'lowrank', 'eval', '--device', 'wasm', '--threads', '1', ...args]);
  return { out: stdout.text(), err: stderr.text() };
}

const measure = (...args: string[]) => lowrank('--model', model, ...args);
const json = async (...args: string[]) => JSON.parse((await measure('--json', '-', '--quiet', ...args)).out);

/** The message and the exit code that a call is refused with. */
async function refusal(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Error);
  return `${exitCodeOf(error)}: ${(error as Error).message.replaceAll(root, '')}`;
}

describe('lowrank eval', () => {
  it('writes JSON of the agreed shape to a file, or to standard output without other text', async () => {
    const examples = CHAT.map((messages) => tokenizeChat(loaded.tokenizer, messages));
    const { examples: _, ...scores } = await evaluateLanguageModel(loaded.model, loaded.tokenizer, examples);
    const path = join(root, 'scores.json');
    const { out, err } = await measure('--data', data, '--json', path, '--quiet');
    expect(err).toBe('');
    expect(out).toContain('loss (nats)');
    const text = readFileSync(path, 'utf8');
    const found = JSON.parse(text);
    expect(found.adapted).toBe(null);
    expect([found.base.accuracy, found.base.tokens]).toEqual([scores.accuracy, scores.tokens]);
    // The command takes the fastest build, whose last bits differ.
    for (const name of ['loss', 'perplexity', 'bitsPerByte'] as const)
      expect(found.base[name] / scores[name]).toBeCloseTo(1, 5);
    expect(Object.keys(JSON.parse(text).base)).toEqual([
      'loss',
      'perplexity',
      'bitsPerByte',
      'accuracy',
      'tokens',
    ]);
    const alone = await measure('--data', data, '--json', '-', '--quiet');
    expect(alone).toEqual({ out: text, err: '' });
    const both = await measure('--data', data, '--json', '-');
    expect(both.out).toBe(text);
    expect(both.err).toContain('loss (nats)');
  });

  it('measures without and with adapters, each as much as is asked for', async () => {
    const { base, adapted } = await json('--data', data, '--adapter', adapter);
    expect(base).toEqual((await json('--data', data)).base);
    expect(adapted.loss).not.toBeCloseTo(base.loss, 2);
    expect(adapted.tokens).toBe(base.tokens);
    expect(await json('--data', data, '--adapter', `${adapter}@0`)).toEqual({ base, adapted: base });
    const half = await json('--data', data, '--adapter', `${adapter}@0.5`);
    expect(half.adapted.loss).not.toBeCloseTo(adapted.loss, 2);
    // Two of them add up.
    const twice = await json('--data', data, '--adapter', `${adapter}@0.25`, '--adapter', `${adapter}@0.25`);
    expect(twice.adapted.loss).toBeCloseTo(half.adapted.loss, 5);
  });

  it('shows what was measured, the scores side by side, and what was forgotten', async () => {
    const { base, adapted } = await json('--data', data, '--adapter', `${adapter}@0.5`);
    const { out } = await measure('--data', data, '--adapter', `${adapter}@0.5`);
    expect(out).toMatch(/adapter +\S+, times 0\.5\n/);
    expect(out).toContain('test.jsonl (JSON lines: messages)');
    expect(out).toContain(`${base.tokens} tokens: those of the answers (--train-on answers)`);
    const cells = (label: string) => {
      const line = out.split('\n').find((each) => each.startsWith(`│ ${label}`)) ?? '';
      return line.split('│').map((cell) => cell.trim());
    };
    expect(cells('loss').slice(2, 4)).toEqual([base.loss.toFixed(4), adapted.loss.toFixed(4)]);
    expect(cells('loss')[4]).toMatch(/^[+−]\d+\.\d{4}$/);
    expect(cells('tokens').slice(2, 5)).toEqual([`${base.tokens}`, `${adapted.tokens}`, '']);
    expect(out).toMatch(/With the adapter \d of 2 examples became better, \d worse, \d stayed\s+the\s+same/);
    expect(out.match(/ {2}line \d: loss [\d.]+ → [\d.]+\n/g)?.length ?? 0).toBe(
      Number(/(\d) worse/.exec(out)?.[1]),
    );
    expect(out.split('\n').filter((line) => !line.includes(root) && line.length > 80)).toEqual([]);
  });

  it('takes all of a file, and of a folder the test or else the validation examples', async () => {
    const [{ base: test }, { base: valid }] = [
      await json('--data', data),
      await json('--data', join(data, 'valid.jsonl')),
    ];
    expect(valid.tokens).toBeLessThan(test.tokens);
    const other = join(root, 'other');
    mkdirSync(other);
    const train = join(other, 'train.jsonl');
    writeFileSync(train, lines([{ prompt: 'hello there', completion: 'naïve 🙂 world' }]));
    expect(await refusal(measure('--data', other))).toMatch(
      /^1: \/other: must have test\.jsonl or valid\.jsonl/,
    );
    // The same conversation, written in another way.
    expect((await json('--data', train)).base).toEqual(valid);
    writeFileSync(join(other, 'valid.jsonl'), readFileSync(join(data, 'valid.jsonl')));
    expect((await json('--data', other)).base).toEqual(valid);
  });

  it('says which system message is in force', async () => {
    const system = async (...args: string[]) =>
      /\nsystem +(.*)\n/.exec((await measure(...args)).out.replace(/\n {12}/g, ' '))?.[1];
    expect(await system('--data', data)).toBe(
      '"You are small." (from the chat template); 1 of 2 examples have their own',
    );
    expect(await system('--data', data, '--system', 'be\tbrave')).toBe(
      '"be\\u0009brave" (--system); 1 of 2 examples have their own',
    );
    const own = file('own.jsonl', lines([{ messages: CHAT[1] }]));
    expect(await system('--data', own)).toBe('all examples have their own');
    const text = file('text.jsonl', lines([{ text: 'the cat sat' }]));
    expect(await system('--data', text)).toBeUndefined();
    expect((await measure('--data', text)).out).toContain('tokens: all but the first of each text\n');
    expect((await json('--data', data, '--system', 'be brave')).base).not.toEqual(
      (await json('--data', data)).base,
    );
  });

  it('measures all tokens when asked', async () => {
    const { base } = await json('--data', data, '--train-on', 'all');
    const ids = CHAT.map((messages) => tokenizeChat(loaded.tokenizer, messages).ids);
    expect(base.tokens).toBe(ids.reduce((sum, { length }) => sum + length - 1, 0));
  });

  it('refuses lines by number, or leaves them out and says so', async () => {
    const [first] = CHAT.map((messages) => ({ messages }));
    const special = { messages: [{ role: 'user', content: 'say <|end|>' }, CHAT[0][1]] };
    const bad = file('bad.jsonl', `${lines([first])}{"text": \n${lines([special])}`);
    const message = await refusal(measure('--data', bad));
    expect(message).toMatch(
      /^1: \/bad\.jsonl: 2 of 3 examples are refused \(--skip-bad leaves them out\): line 2: .*line 3: /,
    );
    const marked = file('special.jsonl', lines([first, special]));
    expect(await refusal(measure('--data', marked))).toMatch(
      /^1: \/special\.jsonl: 1 of 2 .*line 2: .*<\|end\|>/,
    );
    const { out, err } = await measure('--data', bad, '--skip-bad');
    expect(out).toMatch(/left out +2 lines that cannot be read as examples \(--skip-bad\)/);
    expect(err).toContain('line 2: ');
    expect(err).toContain('line 3: ');
    expect((await json('--data', bad, '--skip-bad')).base).toEqual(
      (await json('--data', join(data, 'valid.jsonl'))).base,
    );
    const both = await json('--data', marked, '--allow-special');
    expect(both.base.tokens).toBeGreaterThan((await json('--data', marked, '--skip-bad')).base.tokens);
    const none = file('none.jsonl', lines([special]));
    expect(await refusal(measure('--data', none, '--skip-bad'))).toContain(
      'no examples that can be measured',
    );
  });

  it('refuses, cuts or leaves out what is too long', async () => {
    const lengths = CHAT.map((messages) => tokenizeChat(loaded.tokenizer, messages).ids.length);
    const [short, long] = lengths;
    expect(short).toBeLessThan(long);
    const limit = ['--data', data, '--max-length', `${long - 1}`];
    expect(await refusal(measure(...limit))).toBe(
      `1: /data/test.jsonl: examples must have at most ${long - 1} tokens (--max-length), or --long must be cut or drop: ` +
        `1 of 2 has more, the first in line 2, the longest ${long}`,
    );
    const whole = await json('--data', data);
    const cut = await json(...limit, '--long', 'cut');
    expect(cut.base.tokens).toBe(whole.base.tokens - 1);
    expect((await measure(...limit, '--long', 'cut')).out).toMatch(/cut +1 example to \d+ tokens/);
    const dropped = await json(...limit, '--long', 'drop');
    expect(dropped.base).toEqual((await json('--data', join(data, 'valid.jsonl'))).base);
    expect((await measure(...limit, '--long', 'drop')).out).toMatch(
      /left out +1 example of more than \d+ tokens/,
    );
    expect(await refusal(measure('--data', data, '--max-length', '100000'))).toMatch(
      /^2: --max-length: must be at most/,
    );
    expect(await refusal(measure('--data', data, '--max-length', '2', '--long', 'drop'))).toContain(
      'no examples',
    );
  });

  it.each([
    [['--data', '.'], '2: --model: must be given, or --base for a DigitsNet'],
    [['--model', 'm'], '2: --data: must be given'],
    [['--model', 'm', '--data', 'd', '--long', 'keep'], '2: --long: must be one of cut, drop, refuse: keep'],
    [
      ['--model', 'm', '--data', 'd', '--max-length', '1'],
      '2: --max-length: must be an integer of at least 2: 1',
    ],
    [['--model', 'm', '--data', 'd', '--train-on', 'x'], '2: --train-on: must be one of answers, all: x'],
    [
      ['--model', 'm', '--data', 'd', '--precision', 'half'],
      '2: --precision: must be one of auto, exact, fast, fastest: half',
    ],
    [['--model', 'm', '--base', 'b'], '2: --base: cannot be given with --model'],
    [['--base', 'b', '--json', 'x'], '2: --json: requires --model: --base is a DigitsNet'],
    [['--base', 'b', '--max-length', '9'], '2: --max-length: requires --model'],
    [['--base', 'b', '--adapter', 'a', '--adapter', 'c'], '2: --adapter: can be given only once with --base'],
    [['--model', 'nowhere.gguf', '--data', 'nowhere.jsonl'], '1: nowhere.jsonl: cannot be read'],
  ])('refuses %s', async (args, message) => {
    expect(await refusal(lowrank(...args))).toContain(message);
  });
});
