/** What `lowrank train` refuses, before it trains or writes anything: bad examples, and what fits nothing. */
import { existsSync, readdirSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../../src/cli/program.js';
import { collector } from './collect.js';
import { adapterBytes, chat, chats, FIXED, pairs, TrainPlace } from './trainSupport.js';

const place = new TrainPlace();
const good = chats(pairs(4));
const data = place.file(good);

afterAll(() => place.remove());

/** The exit code and the message of a run that is refused before there is a trace of it. */
async function refusal(...args: string[]): Promise<string> {
  const out = place.path('out');
  const found = await place.refusal('--out', out, '--iterations', '1', ...args);
  if (existsSync(out)) expect(readdirSync(out)).toEqual([]);
  return found;
}

describe('examples that cannot be trained on', () => {
  it.each<[string, string | Uint8Array, string]>([
    ['an empty file', '', 'has no examples: it is empty'],
    ['bad JSON', `${good}{"messages" 1}\n`, '1 of 5 lines refused (--skip-bad leaves them out)'],
    [
      'roles out of order',
      `${good}{"messages":[{"role":"assistant","content":"a"},{"role":"assistant","content":"b"}]}`,
      '1 of 5 lines refused',
    ],
    [
      'content that is no text',
      `${good}{"messages":[{"role":"user","content":3},{"role":"assistant","content":"b"}]}`,
      '1 of 5 lines refused',
    ],
    ['an empty answer', `${good}${chat(['a', ''])}`, '1 of 5 lines refused'],
    ['no trained token', `${good}{"messages":[{"role":"user","content":"a"}]}`, '1 of 5 lines refused'],
    ['special tokens in a text', `${good}${chat(['say <|end|>', 'a'])}`, '1 of 5 lines refused'],
    ['fewer than validation needs', chat(['a', 'b']), 'must have at least 2 examples, as one is held out'],
  ])('%s', async (_, text, message) => {
    expect(await refusal('--data', place.file(text))).toContain(message);
  });

  it('are shown with their lines and columns above the message', async () => {
    const bad = place.file(`${good}{"messages" 1}\n${chat(['say <|end|>', 'a'])}\n`);
    const [stdout, stderr] = [collector(), collector()];
    const program = createProgram({ stdout: stdout.stream, stderr: stderr.stream });
    const args = ['--model', place.model, ...FIXED, '--data', bad, '--out', place.path()];
    await expect(program.parseAsync(['node', 'lowrank', 'train', ...args])).rejects.toThrow(
      '2 of 6 lines refused',
    );
    const words = stdout.text().replace(/\s+/g, ' ');
    expect(words).toContain('line 5: is not JSON: ":" expected at column 13, found "1"');
    expect(words).toContain('line 6: messages[0].content: holds a special token');
  });

  it('are too long, with how many and what may be done', async () => {
    const long = place.file(`${good}${chat(['a', 'word '.repeat(90)])}\n`);
    expect(await refusal('--data', long, '--no-validate')).toMatch(
      /cannot be trained on: train: 1 example of more than 128 tokens \(--max-length; --long cut or drop\)$/,
    );
    expect(await refusal('--data', long, '--no-validate', '--max-length', '3')).toContain(
      '5 examples of more than 3 tokens',
    );
    expect(await refusal('--data', long, '--no-validate', '--max-length', '3', '--long', 'drop')).toContain(
      'no example is left',
    );
    expect(await refusal('--data', long, '--max-length', '500')).toContain(
      "must be at most the model's context, 128: 500",
    );
  });

  it('are a validation set without answers', async () => {
    const folder = place.folder({
      'train.jsonl': good,
      'valid.jsonl': '{"messages":[{"role":"user","content":"a"}]}',
    });
    expect(await refusal('--data', folder)).toContain('valid.jsonl: 1 of 1 line refused');
    expect(await refusal('--data', folder, '--skip-bad')).toContain('valid: no example is left');
    expect(await refusal('--data', place.folder({ 'valid.jsonl': good }))).toContain(
      'no training examples (train.jsonl)',
    );
    expect(await refusal('--data', place.folder({}))).toContain('must have a train.jsonl');
  });

  it('are in the file of what is to be kept', async () => {
    expect(await refusal('--data', data, '--keep', place.file(`{"messages" 1}\n${good}`))).toContain(
      'line 1',
    );
    expect(
      await refusal(
        '--data',
        data,
        '--keep',
        place.file(`${good}{"messages":[{"role":"user","content":"a"}]}`),
      ),
    ).toMatch(/line 5.* fix them, or leave them out|fix them, or leave them out.*line 5/);
    expect(await refusal('--data', data, '--keep', `${place.root}/none.jsonl`)).toContain(
      'none.jsonl: cannot be read: no such file',
    );
  });
});

it('takes a BOM and CRLF for what they are', async () => {
  const same = await place.run('--data', data, '--iterations', '2');
  const windows = place.file(`\ufeff${good.replaceAll('\n', '\r\n')}`);
  const { out: found, summary } = await place.run('--data', windows, '--iterations', '2');
  expect(summary.losses).toEqual(same.summary.losses);
  expect(adapterBytes(found).equals(adapterBytes(same.out))).toBe(true);
});

describe('options that fit nothing', () => {
  it.each<[string[], RegExp]>([
    [['--targets', 'q,nothing'], /^2: --targets: the model has no module nothing: .*q_proj.*down_proj/],
    [['--targets', ''], /^2: --targets: must be all-linear, or names with commas between/],
    [['--layers', '3'], /^2: --layers: must be at most the model's 2 blocks: 3$/],
    [['--rank', '0'], /^2: --rank: must be a positive integer: 0$/],
    [
      ['--rank', '1000000'],
      /^2: rank must be an integer from 1 to 56 for model\.layers\.0\.self_attn\.q_proj/,
    ],
    [['--init', 'zeros'], /^2: --init: must be one of kaiming, gaussian, orthogonal, pissa, olora: zeros$/],
    [['--warmup', '1'], /^2: --warmup: must be fewer than all steps, of which there are 1: 1$/],
    [['--warmup', '1.5'], /^2: --warmup: must be a share below 1, or a whole number of steps: 1.5$/],
    [['--batch-size', '2', '--batch-tokens', '9'], /^2: --batch-size: cannot be given with --batch-tokens/],
    [['--resume', '--overwrite'], /^2: --overwrite: cannot be given with --resume/],
    [['--resume', '--dry-run'], /^2: --dry-run: cannot be given with --resume/],
    [['--precision', 'half'], /^2: --precision: must be one of auto, exact, fast, fastest: half$/],
    [['--schedule', 'step'], /^2: --schedule: must be one of constant, linear, cosine: step$/],
    [['--learning-rate', '0'], /^2: --learning-rate: must be a number above 0: 0$/],
    [['--learning-rate', '-1'], /^2: --learning-rate: must be a number above 0: -1$/],
    [['--dropout', '1'], /^2: --dropout: must be at least 0 and below 1: 1$/],
    [
      ['--iterations', '1000000000'],
      /^2: --iterations: must be at most \d+ with these examples: 1000000000$/,
    ],
    [['--memory', 'much'], /^2: --memory: /],
    [['--memory', '10kB'], /^2: a step needs .*, and wasm may use 0\.00 GB: /],
    [['--out', ''], /^2: --out: must be a path: \(empty\)$/],
    [['--max-length', '500'], /^2: --max-length: must be at most the model's context, 128: 500$/],
    [['--json', '/dev/null'], /^1: \/dev\/null: cannot be written: it is not a regular file$/],
    [['--adapter', '/nowhere'], /^1: .*nowhere.*/],
  ])('%j', async (args, message) => {
    const found = await refusal('--data', data, ...args);
    expect(found).toMatch(message);
    expect(found).not.toContain('\n');
  });

  it('are more passes than can be counted', async () => {
    const args = ['--data', data, '--out', place.path(), '--epochs', '1000000000'];
    expect(await place.refusal(...args)).toMatch(
      /^2: --epochs: must be at most \d+ with these examples: 1000000000$/,
    );
  });

  it('differ from those of the adapter that it begins with, or are of another base', async () => {
    const first = await place.run(
      '--data',
      data,
      '--iterations',
      '1',
      '--rank',
      '2',
      '--alpha',
      '3',
      '--targets',
      'q',
      '--dora',
    );
    const from = (...args: string[]) => refusal('--data', data, '--adapter', first.out, ...args);
    expect(await from('--rank', '4')).toBe('2: --rank: must be 2, as in the adapter of --adapter: 4');
    expect(await from('--alpha', '4')).toBe('2: --alpha: must be 3, as in the adapter of --adapter: 4');
    expect(await from('--rslora')).toBe('2: --rslora: must be false, as in the adapter of --adapter: true');
    for (const args of [
      ['--targets', 'q'],
      ['--layers', '1'],
      ['--init', 'pissa'],
    ])
      expect(await from(...args)).toContain(
        `2: ${args[0]}: cannot be given with --adapter, which has its own`,
      );
    const other = place.makeModel('qwen', 'qwen3');
    expect(await refusal('--data', data, '--adapter', first.out, '--model', other)).toMatch(/^1: run-\d+.*/);
    // The same values may be said again.
    await place.run('--data', data, '--iterations', '1', '--adapter', first.out, '--rank', '2', '--dora');
  });
});

it('refuses chats for a model without a template', async () => {
  const base = place.makeModel('base', 'llama3', '');
  expect(await refusal('--data', data, '--model', base)).toContain('4 of 4 lines refused');
  const completions = place.file('{"prompt":"a","completion":" b"}\n{"prompt":"c","completion":" d"}\n');
  await place.run('--data', completions, '--model', base, '--iterations', '1', '--keep', 'general');
});
