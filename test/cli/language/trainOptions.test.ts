/** The options of `lowrank train`: each has its effect. Oracle: counts by hand, and the library's rules. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { adapterBytes, chats, metricsOf, pairs, TrainPlace, texts } from './trainSupport.js';

const place = new TrainPlace();
afterAll(() => place.remove());

const data = place.file(texts(pairs(12)));
const BASE = ['--data', data, '--no-validate', '--iterations', '3'];
const run = (...args: string[]) => place.run(...BASE, ...args);
const config = (out: string) => JSON.parse(readFileSync(join(out, 'adapter_config.json'), 'utf8'));
const rates = (out: string) => metricsOf(out, 'step').map(({ learningRate }) => learningRate);
/** The longest of an adapter's tensors of a kind. */
const size = (values: Map<string, Float32Array>, kind: string) =>
  Math.sqrt(
    [...values].reduce(
      (sum, [name, each]) => sum + (name.includes(kind) ? each.reduce((s, x) => s + x * x, 0) : 0),
      0,
    ),
  );

/** Each is made once; what is compared with it differs by one option. */
const plain = run();

describe('what is adapted', () => {
  it.each<[string, string[], object, number]>([
    ['rank and alpha', ['--rank', '2', '--alpha', '5'], { r: 2, lora_alpha: 5 }, 2 * 2 * 7 * 96],
    ['targets', ['--targets', 'q,down_proj', '--rank', '1'], { r: 1 }, 2 * 2 * 96],
    ['layers', ['--layers', '1', '--rank', '1'], { r: 1 }, 7 * 96],
    ['layers and targets', ['--layers', '1', '--targets', 'v', '--rank', '1'], {}, 96],
    // A magnitude for each output: four of 56 or 40, three of 56 or 40.
    ['DoRA', ['--dora', '--rank', '1'], { use_dora: true }, 2 * (7 * 96 + (3 * 56 + 40) + (2 * 56 + 40))],
    ['rsLoRA', ['--rslora'], { use_rslora: true }, 2 * 8 * 7 * 96],
  ])('%s', async (_, args, wanted, trainable) => {
    const { out, summary, values } = await run(...args);
    expect(config(out)).toMatchObject(wanted);
    expect(summary.trainable).toBe(trainable);
    expect([...values.values()].reduce((sum, { length }) => sum + length, 0)).toBe(trainable);
    if (args[0] === '--targets')
      expect([...values.keys()].every((name) => /q_proj|down_proj/.test(name))).toBe(true);
    if (args.includes('--layers'))
      expect([...values.keys()].every((name) => name.includes('.layers.1.'))).toBe(true);
    expect(summary.losses[0]).toBeCloseTo((await plain).summary.losses[0], 5);
  });

  it.each(['gaussian', 'orthogonal', 'pissa', 'pissa_niter_2', 'olora'])('first values: %s', async (init) => {
    const { summary, values } = await run('--init', init, '--rank', '2');
    const kaiming = await run('--rank', '2');
    // The model is the same before the first step.
    expect(summary.losses[0]).toBeCloseTo(kaiming.summary.losses[0], 4);
    expect(summary.losses).not.toEqual(kaiming.summary.losses);
    expect([...values.values()].every((each) => each.every(Number.isFinite))).toBe(true);
  });

  it('dropout, seed', async () => {
    const [dropped, seeded] = [await run('--dropout', '0.5'), await run('--seed', '1', '--no-shuffle')];
    expect(config(dropped.out)).toMatchObject({ lora_dropout: 0.5 });
    expect(dropped.summary.losses[2]).not.toBe((await plain).summary.losses[2]);
    const same = await run('--seed', '1', '--no-shuffle');
    expect(adapterBytes(same.out).equals(adapterBytes(seeded.out))).toBe(true);
    const other = await run('--seed', '2', '--no-shuffle');
    expect(other.summary.losses[0]).toBeCloseTo(same.summary.losses[0], 6);
    expect(adapterBytes(other.out).equals(adapterBytes(same.out))).toBe(false);
  });
});

describe('the course', () => {
  it('schedule and warm-up', async () => {
    const five = (...args: string[]) =>
      run('--iterations', '5', '--learning-rate', '0.01', ...args).then(({ out }) => rates(out));
    expect(await five('--schedule', 'constant')).toEqual(Array(5).fill(0.01));
    expect(await five('--schedule', 'linear', '--warmup', '0')).toEqual(
      [1, 0.8, 0.6, 0.4, 0.2].map((x) => expect.closeTo(x / 100, 9)),
    );
    const warmed = await five('--warmup', '2');
    expect(warmed.slice(0, 3)).toEqual([0, 0.005, 0.01]);
    expect(warmed[4]).toBeCloseTo((0.01 * (1 + Math.cos((2 * Math.PI) / 3))) / 2, 9);
    expect(await five('--warmup', '0.4')).toEqual(warmed);
    // A tenth of five steps is none.
    expect((await five())[0]).toBe(0.01);
  });

  it('learning rate, weight decay, clip, LoRA+', async () => {
    const step = (...args: string[]) => run('--iterations', '1', '--schedule', 'constant', ...args);
    // The first step of Adam is the learning rate in each number whose gradient is not tiny.
    const largest = async (...args: string[]) => {
      const { values } = await step(...args);
      return [...values].reduce(
        (most, [name, each]) => (name.includes('lora_B') ? Math.max(most, ...each.map(Math.abs)) : most),
        0,
      );
    };
    expect(await largest('--learning-rate', '0.01')).toBeCloseTo(0.01, 5);
    expect(await largest('--learning-rate', '0.01', '--lora-plus', '4')).toBeCloseTo(0.04, 5);
    // Gradients as short as Adam's eps.
    expect(await largest('--learning-rate', '0.01', '--clip', '1e-9')).toBeLessThan(0.005);
    expect(await largest('--learning-rate', '0.01', '--clip', '0')).toBeCloseTo(0.01, 5);
    const [kept, decayed] = [
      await step('--learning-rate', '0.01'),
      await step('--learning-rate', '0.01', '--weight-decay', '0.5'),
    ];
    // A has no gradient in the first step, since B is 0.
    expect(size(decayed.values, 'lora_A') / size(kept.values, 'lora_A')).toBeCloseTo(1 - 0.01 * 0.5, 6);
  });

  it('epochs, iterations, and how large a step is', async () => {
    const steps = async (...args: string[]) => {
      const { summary, out } = await place.run('--data', data, '--no-validate', ...args);
      return {
        steps: summary.losses.length,
        tokens: metricsOf(out, 'step').map(({ trainedTokens }) => trainedTokens),
      };
    };
    expect((await steps('--epochs', '2', '--batch-size', '5')).steps).toBe(6);
    expect((await steps('--iterations', '4', '--batch-size', '5')).steps).toBe(4);
    const one = await steps('--epochs', '1', '--no-pack', '--batch-tokens', '0', '--no-shuffle');
    expect(one.steps).toBe(12);
    const all = await steps('--epochs', '1', '--batch-tokens', '100000');
    expect(all.tokens).toEqual([one.tokens.reduce((sum, each) => sum + each)]);
    expect((await steps()).steps).toBeGreaterThanOrEqual(30);
    const few = await steps('--epochs', '1', '--batch-tokens', '25', '--no-shuffle');
    // A step takes examples until it has 25 trained tokens.
    let [open, wanted] = [0, [] as number[]];
    for (const tokens of one.tokens) {
      open += tokens;
      if (open >= 25) {
        wanted = [...wanted, open];
        open = 0;
      }
    }
    expect(few.tokens).toEqual(open > 0 ? [...wanted, open] : wanted);
  });

  it('validation, patience, checkpoints', async () => {
    const folder = place.folder({ 'train.jsonl': texts(pairs(6)), 'valid.jsonl': texts(pairs(3)) });
    const { summary } = await place.run('--data', folder, '--iterations', '5', '--validate-every', '2');
    expect(summary.validation.map(({ step }: { step: number }) => step)).toEqual([2, 4, 5]);
    // Steps so short that no loss changes.
    const same = [
      '--learning-rate',
      '1e-30',
      '--validate-every',
      '1',
      '--iterations',
      '9',
      '--patience',
      '2',
    ];
    const stopped = await place.run('--data', folder, ...same);
    expect([stopped.summary.losses.length, stopped.summary.validation.length, stopped.summary.best]).toEqual([
      3, 3, 1,
    ]);
    expect(await place.refusal(...BASE, '--patience', '2')).toBe(
      '2: --patience: requires examples for validation, and there are none: 2',
    );
    expect(await place.refusal(...BASE, '--validate-every', '2')).toContain(
      '--validate-every: requires examples for validation',
    );
  });
});

describe('the examples', () => {
  it('replay mixes examples of the keep set in, and keep measures them', async () => {
    const keep = place.file(
      chats([
        ['what is new', 'nothing'],
        ['and now', 'still nothing'],
      ]),
    );
    const { summary } = await run('--keep', keep, '--replay', '0.25');
    const { better, same, worse } = summary.keep;
    expect([summary.data.examples, better + same + worse]).toEqual([16, 2]);
    const general = await place.run(...BASE, '--iterations', '1', '--keep', 'general');
    expect(Object.keys(general.summary.keep)).toEqual(['better', 'same', 'worse']);
    expect(await place.refusal(...BASE, '--replay', '0.2')).toContain(
      '--replay: requires examples to keep (--keep): 0.2',
    );
    expect(await place.refusal(...BASE, '--keep', keep, '--replay', '0.95')).toContain(
      '--replay: must be a number from 0 to 0.9',
    );
  });

  it('does without the general questions where the model cannot take them', async () => {
    const short = place.file('{"text":"hi yo"}\n{"text":"a b"}\n');
    const args = [
      '--data',
      short,
      '--no-validate',
      '--iterations',
      '1',
      '--keep',
      'general',
      '--max-length',
      '8',
    ];
    const { err } = await place.train(...args, '--long', 'drop', '--out', place.path());
    const reason = 'general questions: has no example of at most 8 tokens (--max-length)';
    expect(err).toContain(`note: what is forgotten is not measured (--keep): ${reason}\n`);
    expect(await place.refusal(...args, '--long', 'drop', '--replay', '0.5', '--out', place.path())).toBe(
      `1: ${reason}`,
    );
  });

  it('long examples are cut or left out, also those whose last prompt is beyond the context', async () => {
    const turns = ['hi', 'yes', 'word '.repeat(70), 'no'].map((content, i) => ({
      role: i % 2 ? 'assistant' : 'user',
      content,
    }));
    const long = place.file(`${chats(pairs(3))}${JSON.stringify({ messages: turns })}\n`);
    const shortened = async (how: string) =>
      (await place.run('--data', long, '--no-validate', '--iterations', '1', '--long', how)).summary.data;
    expect(await shortened('cut')).toMatchObject({ examples: 4, refused: 0, cut: 1 });
    expect(await shortened('drop')).toMatchObject({ examples: 3, refused: 1, cut: 0 });
    const only = place.file(`${JSON.stringify({ messages: turns })}\n`);
    const { summary } = await place.run(
      '--data',
      only,
      '--no-validate',
      '--iterations',
      '1',
      '--long',
      'cut',
    );
    expect(summary.samples).toEqual([]);
  });

  it('what is trained, the system message, special tokens, bad lines', async () => {
    const chat = ['--data', place.file(chats(pairs(3))), '--iterations', '1'];
    const { data: answers } = (await run(...chat)).summary;
    const { data: all } = (await run(...chat, '--train-on', 'all')).summary;
    expect(all.trainedTokens).toBeGreaterThan(answers.trainedTokens);
    const { data: system } = (await run(...chat, '--system', 'Be kind.')).summary;
    expect(system.tokens).toBeGreaterThan(answers.tokens);
    const odd = place.file(`${chats(pairs(3))}{"messages": 1}\n${chats([['say <|end|>', 'a']])}`);
    const counts = async (...args: string[]) =>
      (await place.run('--data', odd, '--no-validate', '--iterations', '1', '--skip-bad', ...args)).summary
        .data;
    expect(await counts()).toMatchObject({ examples: 3, refused: 2 });
    expect(await counts('--allow-special')).toMatchObject({ examples: 4, refused: 1 });
  });
});

describe('computing', () => {
  it('blocks that are computed again give the same bytes and take less memory', async () => {
    const [on, off] = [await run('--checkpoint', 'on'), await run('--checkpoint', 'off')];
    expect(adapterBytes(on.out).equals(adapterBytes(off.out))).toBe(true);
    expect(on.summary.peakBytes).toBeLessThan(off.summary.peakBytes);
    expect(await place.refusal(...BASE, '--memory', '100kB', '--checkpoint', 'off')).toMatch(
      /^2: a step needs 0\.\d\d GB, and wasm may use 0\.00 GB: with --checkpoint on it would be 0\.\d\d GB$/,
    );
    expect(await place.refusal(...BASE, '--memory', '100kB')).toContain(
      'shorter rows (--max-length), smaller weights (--weights q4)',
    );
  });

  it('weights are packed as asked', async () => {
    const { summary } = await run('--weights', 'bf16');
    const known = (await plain).summary.losses[0];
    expect(summary.losses[0]).not.toBe(known);
    expect(summary.losses[0] / known).toBeCloseTo(1, 2);
  });
});

describe('--config', () => {
  it("with a run's settings.yaml gives the same bytes, also of one that began from an adapter", async () => {
    const first = await run('--rank', '2', '--learning-rate', '0.01', '--no-shuffle', '--clip', '0.5');
    const yaml = join(first.out, 'settings.yaml');
    const again = (file: string, ...args: string[]) => {
      const out = place.path();
      return place.train('--config', file, '--out', out, '--quiet', ...args).then(() => out);
    };
    expect(adapterBytes(await again(yaml)).equals(adapterBytes(first.out))).toBe(true);
    // The command line takes precedence.
    const wider = await again(yaml, '--rank', '3');
    expect([config(wider).r, readFileSync(join(wider, 'settings.yaml'), 'utf8')]).toEqual([
      3,
      expect.stringContaining('rank: 3\n'),
    ]);
    const further = await run('--adapter', first.out);
    const settings = join(further.out, 'settings.yaml');
    expect(readFileSync(settings, 'utf8')).not.toContain('rank:');
    expect(adapterBytes(await again(settings)).equals(adapterBytes(further.out))).toBe(true);
    // An adapter on the command line takes the place of the file's.
    expect(config(await again(yaml, '--adapter', first.out)).r).toBe(2);
    const sized = place.file('batch-tokens: 5\niterations: 50\n', '.yaml');
    const out = await again(
      sized,
      ...BASE.slice(0, 3),
      '--model',
      place.model,
      '--batch-size',
      '6',
      '--epochs',
      '1',
    );
    expect(metricsOf(out, 'step')).toHaveLength(2);
  });

  it('keeps texts that look like numbers', async () => {
    const { out } = await run('--data', place.file(chats(pairs(3))), '--system', '007', '--iterations', '1');
    const file = join(out, 'settings.yaml');
    expect(readFileSync(file, 'utf8')).toContain('system: "007"\n');
    const again = place.path();
    await place.train('--config', file, '--out', again, '--quiet');
    expect(adapterBytes(again).equals(adapterBytes(out))).toBe(true);
  });

  it.each([
    ['rank: [', 'is not YAML: '],
    ['- rank', 'must be a mapping of option names to values, such as rank: 8'],
    ['', 'must be a mapping of option names to values'],
    ['rnk: 8', 'there is no setting "rnk"'],
    ['resume: true', 'there is no setting "resume"'],
    ['rank: [8]', 'rank: must be a text or a number: [8]'],
    ['rank: null', 'rank: must be a text or a number: null'],
    ['dora: 1', 'dora: must be true or false: 1'],
    ['rank: 8\nrank: 9', 'is not YAML: '],
    ['rank: &a 8\nalpha: *a', 'must have no aliases, such as *name'],
    ['rank: eight', '--rank: must be a positive integer: eight'],
    ['rank: .inf', '--rank: must be a positive integer: Infinity'],
  ])('refuses %j in one line', async (text, message) => {
    const found = await place.refusal(
      '--config',
      place.file(text, '.yaml'),
      '--data',
      data,
      '--out',
      place.path(),
    );
    expect(found).toContain(message);
    expect(found).not.toContain('\n');
  });

  it('needs a model and data, from somewhere', async () => {
    const file = place.file('rank: 2\n', '.yaml');
    expect(await place.refusal('--config', file)).toBe(
      '2: --data: must be given, here or in the --config file',
    );
    expect(await place.refusal('--config', join(place.root, 'none.yaml'))).toContain(
      'none.yaml: cannot be read: no such file',
    );
    writeFileSync(file, `data: ${JSON.stringify(data)}\nrank: 2\n`);
    await place.train('--config', file, '--out', place.path(), '--iterations', '1', '--quiet');
  });
});
