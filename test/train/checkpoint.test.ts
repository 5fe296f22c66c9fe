/** Training runs that are stopped and continued, to the same bytes as runs that never were. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { applyLora } from '../../src/lora/applyLora.js';
import { DigitsNet } from '../../src/mnist/digitsNet.js';
import { parseModel } from '../../src/nn/modelFile.js';
import type { Module } from '../../src/nn/module.js';
import { Adam } from '../../src/optim/adam.js';
import { SGD } from '../../src/optim/sgd.js';
import { type FitOptions, fit } from '../../src/train/fit.js';
import { wasm } from '../support/devices.js';
import { trainImages } from '../support/mnistData.js';

const device = await wasm();
const data = trainImages(device, 205);

async function bytes(model: Module): Promise<string> {
  const state = await model.stateDict();
  return Array.from(state, ([name, { data }]) => `${name} ${data.join()}`).join();
}

async function build() {
  const model = new DigitsNet(device);
  await applyLora(model, { rank: 2, bias: 'lora_only', dropout: 0.1 });
  return { model, optimizer: new Adam(model.parameters()) };
}

type Options = Omit<FitOptions, 'optimizer'>;
const OPTIONS: Options = { epochs: 3, schedule: { kind: 'linear', warmup: 3 } };

async function run(options: Options) {
  const { model, optimizer } = await build();
  const result = await fit(model, data, { ...OPTIONS, optimizer, ...options });
  return { result, text: await bytes(model) };
}

describe('a checkpoint', async () => {
  const whole = await run({});

  it.each([true, false])('is where a stopped training run continues, recorded %s', async (record) => {
    for (const stopAt of [1, 5, 21, 22, 40]) {
      const dir = new Map<string, Uint8Array>();
      const controller = new AbortController();
      const onStep = ({ iteration }: { iteration: number }) => {
        if (iteration === stopAt) controller.abort();
      };
      const { signal } = controller;
      const first = await run({ checkpoint: { dir, every: 1000 }, onStep, signal, record });
      expect(first.result).toMatchObject({ stopped: true, iterations: stopAt });
      const iterations: number[] = [];
      const rest = await run({
        checkpoint: { dir, every: 1000, resume: true },
        onStep: (report) => iterations.push(report.iteration),
        record,
      });
      expect(iterations[0]).toBe(stopAt + 1);
      expect(rest.result).toMatchObject({ iterations: 63, meanLoss: whole.result.meanLoss });
      expect(rest.text === whole.text, `stopped at ${stopAt}`).toBe(true);
    }
  });

  it('counts the batches that were accumulated', async () => {
    const accumulate = 3;
    const straight = await run({ accumulate });
    const dir = new Map<string, Uint8Array>();
    const controller = new AbortController();
    const onStep = ({ iteration }: { iteration: number }) => {
      if (iteration === 8) controller.abort();
    };
    const checkpoint = { dir, every: 1000, resume: true };
    await run({ accumulate, checkpoint, onStep, signal: controller.signal });
    const resumed = await run({ accumulate, checkpoint });
    expect(resumed.result.iterations).toBe(21);
    expect(resumed.text === straight.text).toBe(true);
  });

  it('of a finished run does nothing more', async () => {
    const dir = new Map<string, Uint8Array>();
    await run({ checkpoint: { dir, every: 10 } });
    const again = await run({ checkpoint: { dir, every: 10, resume: true } });
    expect(again.text === whole.text).toBe(true);
    expect(again.result).toMatchObject({ iterations: 63, repeated: 0, meanLoss: whole.result.meanLoss });
  });

  it('is not written at the end on request', async () => {
    const dir = new Map<string, Uint8Array>();
    await run({ checkpoint: { dir, every: 1000, atEnd: false } });
    expect(dir.size).toBe(0);
    await run({ checkpoint: { dir, every: 40, atEnd: false } });
    const iterations: number[] = [];
    const onStep = ({ iteration }: { iteration: number }) => iterations.push(iteration);
    await run({ checkpoint: { dir, every: 1000, resume: true }, onStep });
    expect(iterations[0]).toBe(41);
  });

  it('of another run is refused with all that differs', async () => {
    const dir = new Map<string, Uint8Array>();
    await run({ checkpoint: { dir, every: 10 }, limit: 4 });
    const checkpoint = { dir, every: 10, resume: true };
    await expect(run({ checkpoint, limit: 5, batchSize: 20, clipNorm: 1 })).rejects.toThrow(
      'checkpoint.safetensors: is from another run: batchSize was 10, is 20; limit was 4, is 5; clipNorm was none, is 1',
    );
    const model = new DigitsNet(device);
    const optimizer = new SGD(model.parameters());
    const before = await bytes(model);
    const other = fit(model, data, { ...OPTIONS, limit: 4, optimizer, checkpoint });
    await expect(other).rejects.toThrow(
      /optimizer was Adam, is SGD.*linear1\.weight was not trained, is \[256,784\]/,
    );
    expect((await bytes(model)) === before).toBe(true);
    dir.set('checkpoint.safetensors', new Uint8Array(20));
    await expect(run({ checkpoint })).rejects.toThrow('checkpoint.safetensors: ');
  });

  it('keeps the best weights of validation', async () => {
    const validation = { data: trainImages(device, 50), every: 5, patience: 2 };
    const straight = await run({ validation });
    expect(straight.result.best?.iteration).toBeGreaterThan(0);
    const dir = new Map<string, Uint8Array>();
    await run({ validation, checkpoint: { dir, every: 10 }, signal: AbortSignal.abort() });
    const controller = new AbortController();
    const onStep = ({ iteration }: { iteration: number }) => {
      if (iteration === 13) controller.abort();
    };
    await run({ validation, checkpoint: { dir, every: 10 }, onStep, signal: controller.signal });
    const resumed = await run({ validation, checkpoint: { dir, every: 10, resume: true } });
    expect(resumed.result.best).toEqual(straight.result.best);
    expect(resumed.text === straight.text).toBe(true);
  });
});

describe('accumulation', () => {
  it('gives the same as one batch of all examples', async () => {
    const train = async (options: Options) => {
      const model = new DigitsNet(device);
      const optimizer = new SGD(model.parameters(), { learningRate: 0.01 });
      const result = await fit(model, data.take(200), { optimizer, epochs: 2, shuffle: false, ...options });
      return { result, weight: await model.parameters()[0].read() };
    };
    const one = await train({ batchSize: 20 });
    const four = await train({ batchSize: 5, accumulate: 4 });
    expect(four.result).toMatchObject({ iterations: 20, repeated: 18 });
    expect(four.result.meanLoss).toBeCloseTo(one.result.meanLoss, 5);
    const sizes = Array.from(one.weight, Math.abs);
    const errors = Array.from(one.weight, (value, i) => Math.abs(four.weight[i] - value));
    const most = (values: readonly number[]) => values.reduce((a, b) => Math.max(a, b));
    expect(most(errors) / most(sizes)).toBeLessThanOrEqual(1e-5);
  });
});

describe('validation', () => {
  it('stops when the loss gets no better, and ends with the best weights', async () => {
    const reports: number[] = [];
    const model = new DigitsNet(device);
    const held = trainImages(device, 100);
    const optimizer = new Adam(model.parameters(), { learningRate: 0.02 });
    const onValidation = ({ loss }: { loss: number }) => reports.push(loss);
    const { best, iterations } = await fit(model, data, {
      optimizer,
      epochs: 20,
      validation: { data: held, every: 4, patience: 3, onValidation },
    });
    expect(iterations).toBeLessThan(20 * 21);
    expect(best?.loss).toBe(Math.min(...reports));
    expect(best?.iteration).toBe(iterations - 12);
    const { evaluate } = await import('../../src/train/evaluate.js');
    expect((await evaluate(model, held)).loss).toBe(best?.loss);
  });

  it('refuses invalid options', async () => {
    const { model, optimizer } = await build();
    const validation = { data, every: 0 };
    await expect(fit(model, data, { optimizer, validation })).rejects.toThrow(
      'fit: validation.every must be a positive integer: 0',
    );
    const checkpoint = { dir: new Map(), every: 0.5 };
    await expect(fit(model, data, { optimizer, checkpoint })).rejects.toThrow(
      'fit: checkpoint.every must be a positive integer: 0.5',
    );
  });
});

describe('a training run that is killed', () => {
  const root = mkdtempSync(join(tmpdir(), 'lowrank-'));
  afterAll(() => rmSync(root, { recursive: true }));
  const script = new URL('killed.mts', import.meta.url).pathname;

  /** Runs the script, and kills it after the given number of iterations. @returns whether it ended by itself */
  function train(dir: string, out: string, killAfter = Number.POSITIVE_INFINITY): Promise<boolean> {
    const child = spawn(process.execPath, ['--import', 'tsx', script, dir, out], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let seen = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      seen += chunk.toString().split('\n').length - 1;
      if (seen >= killAfter) child.kill('SIGKILL');
    });
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve(code === 0));
    });
  }

  it('continues to the same bytes', { timeout: 60_000 }, async () => {
    const [straight, killed] = [join(root, 'straight'), join(root, 'killed')];
    expect(await train(straight, join(root, 'straight.safetensors'))).toBe(true);
    const random = new Random(Date.now() % 1000);
    let kills = 0;
    const out = join(root, 'killed.safetensors');
    while (kills < 4 && !(await train(killed, out, 9 + Math.floor(50 * random.uniform())))) kills += 1;
    if (!existsSync(out)) await train(killed, out);
    expect(kills).toBeGreaterThan(0);
    expect(readFileSync(out).equals(readFileSync(join(root, 'straight.safetensors')))).toBe(true);
    expect(parseModel(readFileSync(out), 'killed').size).toBe(8);
    expect(readdirSync(killed)).toContain('checkpoint.safetensors');
  });
});
