import { appendFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Interrupted, UsageError } from '../../src/cli/errors.js';
import { PLAIN } from '../../src/cli/paint.js';
import { SILENT } from '../../src/cli/progress.js';
import { runSweep } from '../../src/cli/sweep.js';
import { parseSweepOptions, type RawSweepOptions, SWEEP_DEFAULTS } from '../../src/cli/sweepOptions.js';
import { renderSweep, trialHeading, trialRow } from '../../src/cli/sweepReport.js';
import { summarize } from '../../src/cli/sweepResult.js';
import { lineOf, parseTrials, type Trial } from '../../src/cli/trials.js';
import { parseModel, serializeModel } from '../../src/nn/modelFile.js';
import { temporaryDirectory, writeMnistSlice } from './slice.js';

let directory: string;
let data: string;
let remove: () => Promise<void>;

beforeAll(async () => {
  ({ path: directory, remove } = await temporaryDirectory());
  data = join(directory, 'data');
  await mkdir(data);
  await writeMnistSlice(data, 500, 200);
});
afterAll(() => remove());

const GRID = { ...SWEEP_DEFAULTS, rank: '1,3', learningRate: '0.001,0.004', seeds: '5,6', iterations: '20' };

async function sweep(given: Partial<RawSweepOptions>, stopAfter = Number.POSITIVE_INFINITY) {
  const controller = new AbortController();
  const notices: string[] = [];
  const rows: string[] = [];
  const onTrial = (trial: Trial, done: number, total: number) => {
    rows.push(trialRow(trial, done, total));
    if (done === stopAfter) controller.abort(new Interrupted('interrupted', 130));
  };
  const notice = (text: string) => notices.push(text);
  const options = parseSweepOptions({ ...GRID, data, ...given });
  const surroundings = { progress: SILENT, notice, signal: controller.signal, onTrial };
  return { result: await runSweep(options, surroundings), notices, rows };
}

/** Without what depends on the clock. */
const untimed = (trials: readonly Trial[]) => trials.map((trial) => ({ ...trial, seconds: 0 }));
const linesOf = async (path: string) => (await readFile(path, 'utf8')).trimEnd().split('\n');

describe('lowrank sweep', () => {
  it('trains the grid, and writes every trial and what came of them', async () => {
    const out = join(directory, 'whole');
    const { result, notices, rows } = await sweep({ out });
    expect(result.trials).toHaveLength(8);
    expect(rows).toHaveLength(8);
    expect(result.configurations.map(({ rank, learningRate }) => [rank, learningRate])).toEqual([
      [1, 0.001],
      [1, 0.004],
      [3, 0.001],
      [3, 0.004],
    ]);
    const [first] = result.configurations;
    expect(first.gained).toBe((result.trials[0].gained + result.trials[1].gained) / 2);
    expect(first.parameters).toBe(784 + 256 + 256 + 128 + 128 + 10 + 256 + 128 + 10);
    expect((await readdir(out)).sort()).toEqual(
      ['base.safetensors', 'sweep.csv', 'sweep.json', 'sweep.svg', 'trials.jsonl'].sort(),
    );
    const lines = await linesOf(join(out, 'trials.jsonl'));
    expect(lines).toEqual(result.trials.map(lineOf));
    expect(lines.map((line) => JSON.parse(line))).toMatchObject(result.trials);
    expect(JSON.parse(await readFile(join(out, 'sweep.json'), 'utf8'))).toEqual(result);
    const [heading, ...csv] = await linesOf(join(out, 'sweep.csv'));
    expect(csv).toHaveLength(8);
    expect(csv[0].split(',')[heading.split(',').indexOf('gained')]).toBe(`${result.trials[0].gained}`);
    const svg = await readFile(join(out, 'sweep.svg'), 'utf8');
    expect(svg).toMatch(/^<svg [\s\S]*images forgotten[\s\S]*rank 3[\s\S]*<\/svg>$/);
    expect(notices.at(-1)).toContain('sweep.svg');
    const report = renderSweep(result, PLAIN);
    for (const line of [trialHeading(), ...rows, ...report.split('\n')]) {
      expect(line.length).toBeLessThanOrEqual(110);
    }
    expect(report.match(/│ \* │/g)).toHaveLength(1);
  });

  it('continues after a stop and a torn line with the trials that are missing, to the same results', async () => {
    const whole = await sweep({ out: join(directory, 'again') });
    const out = join(directory, 'stopped');
    await expect(sweep({ out }, 3)).rejects.toThrow(/3 trials in .*trials\.jsonl; --resume continues/);
    const path = join(out, 'trials.jsonl');
    const kept = await linesOf(path);
    expect(kept).toHaveLength(3);
    await appendFile(path, '{"method":"layer","ran');
    const { result, notices } = await sweep({ out, resume: true });
    expect(notices).toContain('3 trials of 8 done before');
    expect((await linesOf(path)).slice(0, 3)).toEqual(kept);
    expect(await linesOf(path)).toHaveLength(8);
    expect(untimed(result.trials)).toEqual(untimed(whole.result.trials));
    const wider = await sweep({ out, resume: true, rank: '3,2', seeds: '5' });
    expect(wider.notices).toContain('2 trials of 4 done before');
    expect(wider.notices.join()).toContain('6 trials of other settings');
  });

  it('refuses to mix sweeps, lines that are not trials, and impossible values', async () => {
    const out = join(directory, 'refused');
    await mkdir(out);
    const path = join(out, 'trials.jsonl');
    await writeFile(path, '{"rank":1}\n');
    await expect(sweep({ out })).rejects.toThrow(/trials of another sweep: continue it with --resume/);
    await expect(sweep({ out, resume: true })).rejects.toThrow(
      'line 1: must be a trial that ends with its checksum: it is damaged, or of an older version: {"rank":1}',
    );
    await writeFile(path, 'gained\n');
    await expect(sweep({ out, resume: true })).rejects.toThrow('line 1: must be a trial that ends');
    expect(await readFile(path, 'utf8')).toBe('gained\n');
    await expect(sweep({ out: join(directory, 'no'), rank: '2,200' })).rejects.toThrow(UsageError);
    for (const [given, message] of [
      [{ rank: '1,,2' }, '--rank: must be a positive integer: (empty)'],
      [{ seeds: '1,1' }, '--seeds: must name each value once, 1 appears twice: 1,1'],
      [{ alpha: '1,x' }, '--alpha: must be a number above 0: x'],
      [{ replay: '1' }, '--replay: must be at least 0 and below 1: 1'],
    ] as const) {
      expect(() => parseSweepOptions({ ...GRID, ...given })).toThrow(message);
    }
  });
});

describe('what a sweep continues with', () => {
  it('is not the base or the trials over other images, seeds, epochs or batches', async () => {
    const out = join(directory, 'mixed');
    const grid = { out, resume: true, rank: '1', learningRate: '0.001' };
    const first = await sweep(grid);
    const base = join(out, 'base.safetensors');
    for (const [given, message] of [
      [
        { seeds: '6' },
        /: is from another sweep: seed was 5, is 6: give --base \S+base\.safetensors to use it anyway/,
      ],
      [{ epochs: '2' }, /: is from another sweep: epochs was 1, is 2: /],
      [{ batchSize: '20' }, /: is from another sweep: batchSize was 10, is 20: /],
    ] as const) {
      await expect(sweep({ ...grid, ...given })).rejects.toThrow(message);
    }
    const images = join(data, 'train-images-idx3-ubyte');
    const whole = await readFile(images);
    await writeFile(
      images,
      Uint8Array.from(whole, (byte, i) => (i === 900 ? byte ^ 1 : byte)),
    );
    await expect(sweep(grid)).rejects.toThrow(/: is from another sweep: the images differ: /);
    const over = await sweep({ ...grid, base });
    expect(over.notices.join()).toContain('2 trials of other settings');
    await writeFile(images, whole);
    expect(untimed((await sweep(grid)).result.trials)).toEqual(untimed(first.result.trials));
    const weights = await readFile(base);
    await writeFile(
      base,
      Uint8Array.from(weights, (byte, i) => (i === weights.length - 1 ? byte ^ 1 : byte)),
    );
    await expect(sweep(grid)).rejects.toThrow(/: is damaged: its weights do not have the checksum/);
    await writeFile(base, serializeModel(parseModel(weights, base)));
    await expect(sweep(grid)).rejects.toThrow(/: must state how it was trained: it does not: give --base/);
    const metadata = { base: `{"seed":${'['.repeat(9000)}${']'.repeat(9000)},"epochs":"1"}` };
    await writeFile(base, serializeModel(parseModel(weights, base), metadata));
    await expect(sweep(grid)).rejects.toThrow(/: is from another sweep: seed was not stated, is 5; /);
  });

  it('is not a trial with any bit flipped, or with an impossible field', () => {
    const line = new TextEncoder().encode(`${lineOf(aTrial)}\n`);
    expect(parseTrials(line, 'trials.jsonl')).toEqual([aTrial]);
    // A flip of the last byte, the line's end, leaves an unfinished line, which `readTrials` cuts off.
    for (let bit = 0; bit < 8 * (line.length - 1); bit++) {
      const changed = line.slice();
      changed[bit >> 3] ^= 1 << (bit & 7);
      expect(() => parseTrials(changed, 'trials.jsonl'), `bit ${bit}`).toThrow(
        /^trials\.jsonl: line 1: [^\n]+$/,
      );
    }
    for (const change of [
      { gained: 0.5 },
      { rank: '1' },
      { digits: [11] },
      { accuracy: 2 },
      { wrong: {} },
      { more: 1 },
    ]) {
      const forged = new TextEncoder().encode(`${lineOf({ ...aTrial, ...change } as Trial)}\n`);
      expect(() => parseTrials(forged, 'trials.jsonl')).toThrow(/^trials\.jsonl: line 1: is not a trial: /);
    }
  });
});

const aTrial: Trial = {
  ...{
    method: 'layer',
    rank: 1,
    alpha: 1,
    learningRate: 0.1,
    seed: 3,
    digits: [1],
    replay: 0,
    iterations: 1,
  },
  ...{ batchSize: 1, base: '0123456789abcdef', data: '0123456789abcdef', parameters: 10, meanLoss: 1 },
  ...{ seconds: 2, gained: -3, forgotten: 4, accuracy: 0.5, wrong: [1, 2] },
};

describe('summarize', () => {
  const trial = (rank: number, seed: number, gained: number, forgotten: number): Trial => ({
    ...aTrial,
    ...{ rank, seed, gained, forgotten, parameters: 10 * rank },
  });
  const options = parseSweepOptions({ ...GRID, seeds: '0,1' });
  const base = { accuracy: 1, wrong: [0, 0] };

  it('takes means and deviations over seeds, and the best by what is gained less what is forgotten', () => {
    const trials = [trial(1, 0, 10, 8), trial(1, 1, 14, 8), trial(2, 0, 30, 40), trial(2, 1, 30, 40)];
    const { configurations, best } = summarize(trials, base, options);
    expect(configurations[0]).toMatchObject({
      gained: 12,
      gainedDeviation: Math.sqrt(8),
      forgotten: 8,
      seconds: 2,
    });
    expect(best).toBe(0);
  });

  it('prefers fewer parameters among equals', () => {
    const trials = [trial(4, 0, 5, 0), trial(4, 1, 5, 0), trial(2, 0, 6, 1), trial(2, 1, 6, 1)];
    expect(summarize(trials, base, options).best).toBe(1);
  });
});
