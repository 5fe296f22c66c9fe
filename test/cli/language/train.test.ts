/** `lowrank train`: its numbers. Oracle: the library by hand, one example a step, from given values. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../../src/backends/backend.js';
import { AdamW, applyLora, loadAdapter, saveAdapter, selectDevice } from '../../../src/index.js';
import type { LlamaForCausalLM } from '../../../src/models/llama.js';
import { loadLanguageModel } from '../../../src/models/load.js';
import { tokenLoss } from '../../../src/models/tokenLoss.js';
import { tokenizeChat } from '../../../src/text/examples.js';
import { PackedRows } from '../../../src/text.js';
import { lowrank } from './collect.js';
import { adapterValues, chats, FIXED, type Pair, pairs, TrainPlace } from './trainSupport.js';

const place = new TrainPlace();
const PAIRS: Pair[] = [
  ['hi', 'the cat'],
  ['what is it', 'naïve 🙂'],
  ['hi', 'no'],
  ['x', 'a longer answer here'],
];
const data = place.file(chats(PAIRS));
const start = place.path('start');
const LEARNING_RATE = 0.01;

let device: Backend;
beforeAll(async () => {
  ({ device } = await selectDevice({ prefer: 'wasm', threads: 1 }));
  const { model } = await loadLanguageModel(device, place.model);
  const { factors } = await applyLora(model, { rank: 2, alpha: 3, targetModules: ['k_proj', 'down_proj'] });
  for (const { loraB } of factors.values())
    loraB.write(Float32Array.from({ length: loraB.length }, (_, i) => 0.1 * Math.sin(i)));
  await saveAdapter(model, start);
});
afterAll(() => {
  device.dispose();
  place.remove();
});

/** The mean loss of some examples, and its backward pass. */
async function lossOf(model: LlamaForCausalLM, rows: PackedRows): Promise<number> {
  let sum = 0;
  for (const batch of rows.batches({ batchSize: 1 })) {
    const loss = tokenLoss(model, batch);
    loss.backward();
    sum += await loss.item();
  }
  return sum;
}

/** Losses before each step, one example a step, and the adapter after them. */
async function byHand() {
  const { model, tokenizer } = await loadLanguageModel(device, place.model);
  await loadAdapter(model, start);
  const trained = model.parameters().filter(({ requiresGrad }) => requiresGrad);
  const optimizer = new AdamW(trained, { learningRate: LEARNING_RATE, weightDecay: 0 });
  const losses: number[] = [];
  for (const [user, assistant] of PAIRS) {
    const messages = [
      { role: 'user', content: user },
      { role: 'assistant', content: assistant },
    ];
    const rows = new PackedRows(device, [tokenizeChat(tokenizer, messages)]);
    losses.push(await lossOf(model, rows));
    optimizer.step();
    optimizer.zeroGrad();
  }
  const to = place.path('by-hand');
  await saveAdapter(model, to);
  return { losses, values: adapterValues(to) };
}

const ONE_BY_ONE = ['--no-pack', '--no-shuffle', '--batch-tokens', '0', '--no-validate'];
const PLAIN = ['--schedule', 'constant', '--clip', '0', '--learning-rate', `${LEARNING_RATE}`];

describe('lowrank train', () => {
  it('takes one example a step in the order of the file, from the values of an adapter', async () => {
    const { summary, values } = await place.run(
      ...['--data', data, '--adapter', start, '--epochs', '1', ...ONE_BY_ONE, ...PLAIN],
    );
    const wanted = await byHand();
    expect(summary.losses).toHaveLength(PAIRS.length);
    for (const [i, loss] of summary.losses.entries()) expect(loss / wanted.losses[i]).toBeCloseTo(1, 6);
    expect([...values.keys()].sort()).toEqual([...wanted.values.keys()].sort());
    for (const [name, found] of values) {
      const gap = found.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - (wanted.values.get(name)?.[i] ?? 9))),
        0,
      );
      expect(gap, name).toBeLessThan(1e-5);
    }
  });

  it('has the mean over all trained tokens as the loss of one packed step', async () => {
    const { model, tokenizer } = await loadLanguageModel(device, place.model);
    await loadAdapter(model, start);
    let [nats, tokens] = [0, 0];
    for (const [user, assistant] of PAIRS) {
      const example = tokenizeChat(tokenizer, [
        { role: 'user', content: user },
        { role: 'assistant', content: assistant },
      ]);
      const count = example.labels.filter((label) => label >= 0).length;
      nats += count * (await lossOf(model, new PackedRows(device, [example])));
      tokens += count;
    }
    const { summary } = await place.run(
      ...[
        '--data',
        data,
        '--adapter',
        start,
        '--no-validate',
        '--iterations',
        '1',
        '--batch-tokens',
        '100000',
      ],
    );
    expect(summary.data.trainedTokens).toBe(tokens);
    expect(summary.losses).toHaveLength(1);
    expect(summary.losses[0] / (nats / tokens)).toBeCloseTo(1, 6);
  });

  it('writes JSON of the agreed shape to a file, or to standard output without other text', async () => {
    const file = join(place.root, 'summary.json');
    const args = [
      '--data',
      place.file(chats(pairs(12))),
      '--iterations',
      '4',
      '--validate-every',
      '2',
      '--seed',
      '3',
    ];
    const { out, err } = await place.train('--out', place.path(), '--json', file, ...args);
    expect(out).toContain('loss (nats)');
    expect(err).toContain('step 2 of 4: loss ');
    const found = JSON.parse(readFileSync(file, 'utf8'));
    const alone = await place.train('--out', place.path(), '--json', '-', ...args);
    expect(JSON.parse(alone.out).losses).toEqual(found.losses);
    expect(alone.err).toContain('loss (nats)');
    const quiet = await place.train('--out', place.path(), '--json', '-', '--quiet', ...args);
    expect([JSON.parse(quiet.out).losses, quiet.err]).toEqual([found.losses, '']);
    expect(Object.keys(found)).toEqual([
      ...['device', 'model', 'trainable', 'data', 'steps', 'losses', 'validation', 'before', 'after', 'best'],
      ...['keep', 'samples', 'seconds', 'trainedTokensPerSecond', 'tokensPerSecond', 'peakBytes'],
      'peakResidentBytes',
    ]);
    expect(Object.keys(found.data)).toEqual(['examples', 'tokens', 'trainedTokens', 'refused', 'cut']);
    const scores = ['loss', 'perplexity', 'bitsPerByte', 'accuracy', 'tokens'];
    expect([Object.keys(found.before), Object.keys(found.after)]).toEqual([scores, scores]);
    expect(found.validation.map(Object.keys)).toEqual([
      ['step', ...scores.slice(0, 4)],
      ['step', ...scores.slice(0, 4)],
    ]);
    expect(found).toMatchObject({
      model: { path: place.model, parameters: 56_360 },
      // Rank 8 on all linear layers of two blocks: 40 and 56 wide, heads of 4 · 14.
      trainable: 2 * 8 * (4 * (40 + 56) + 3 * (40 + 56)),
      data: { examples: 11, refused: 0, cut: 0 },
      ...{ steps: 4, keep: null, losses: { length: 4 } },
      validation: [{ step: 2 }, { step: 4 }],
    });
    const last = found.validation.find(({ step }: { step: number }) => step === found.best);
    expect(found.after.loss).toBeCloseTo(last.loss, 9);
    for (const name of [
      'seconds',
      'trainedTokensPerSecond',
      'tokensPerSecond',
      'peakBytes',
      'peakResidentBytes',
    ])
      expect(found[name], name).toBeGreaterThan(0);
  });

  it('measures the same before and after as lowrank eval, and what is to be kept', async () => {
    const folder = place.folder({ 'train.jsonl': chats(pairs(8)), 'valid.jsonl': chats(PAIRS) });
    const keep = place.file(chats(pairs(5).reverse()));
    const { out, summary } = await place.run(
      '--data',
      folder,
      '--keep',
      keep,
      '--iterations',
      '3',
      '--learning-rate',
      '0.01',
    );
    const evaluated = await lowrank(
      ...['eval', '--model', place.model, '--adapter', out, '--data', folder, '--json', '-', '--quiet'],
      ...FIXED.slice(0, 4),
    );
    const { base, adapted } = JSON.parse(evaluated.out);
    for (const [found, wanted] of [
      [summary.before, base],
      [summary.after, adapted],
    ]) {
      expect(found.loss / wanted.loss).toBeCloseTo(1, 6);
      expect([found.tokens, found.accuracy]).toEqual([wanted.tokens, wanted.accuracy]);
      expect(found.bitsPerByte / wanted.bitsPerByte).toBeCloseTo(1, 6);
    }
    expect(summary.after.loss).toBeLessThan(summary.before.loss);
    const { better, same, worse } = summary.keep;
    expect(better + same + worse).toBe(5);
  });

  it('leaves a folder with all that the help text names', async () => {
    const { out } = await place.run('--data', place.file(chats(pairs(8))), '--iterations', '3');
    const read = (name: string) => readFileSync(join(out, name), 'utf8');
    expect(JSON.parse(read('adapter_config.json'))).toMatchObject({
      r: 8,
      lora_alpha: 16,
      task_type: 'CAUSAL_LM',
    });
    expect(read('settings.yaml')).toContain('iterations: 3\n');
    expect(read('loss.svg')).toMatch(/^<svg/);
    expect(read('README.md')).toContain('lowrank chat --model');
    const kinds = read('metrics.jsonl')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).kind);
    // One of the eight is held out; it has one prompt, answered at the start and after each of three validations.
    expect(kinds.sort()).toEqual([
      ...Array(4).fill('sample'),
      ...Array(3).fill('step'),
      ...Array(3).fill('validation'),
    ]);
  });

  it('stops after the screen with --dry-run, and writes nothing', async () => {
    const out = place.path();
    const { out: screen } = await place.train('--data', data, '--out', out, '--dry-run', '--rank', '3');
    expect(screen).toMatch(/\nAdapter +LoRA, rank 3, alpha 16, on q_proj, /);
    expect(screen).toMatch(/\nMemory +needs /);
    expect(screen.split('\n').filter((line) => !line.includes(place.root) && [...line].length > 80)).toEqual(
      [],
    );
    expect(() => readFileSync(out)).toThrow('ENOENT');
    mkdirSync(out);
    writeFileSync(join(out, 'settings.yaml'), 'rank: 1\n');
    await place.train('--data', data, '--out', out, '--dry-run', '--quiet');
    expect(readFileSync(join(out, 'settings.yaml'), 'utf8')).toBe('rank: 1\n');
  });
});
