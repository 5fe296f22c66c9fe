/** Signals that are noticed while kernels run: abandoned work has changed nothing, and leaves no memory behind. */
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { polledSignal } from '../../src/base/polledSignal.js';
import { PackedRows } from '../../src/data/packedRows.js';
import { generate } from '../../src/generate/generate.js';
import { applyLora } from '../../src/lora/applyLora.js';
import { evaluateLanguageModel } from '../../src/models/evaluateLanguageModel.js';
import { loadLanguageModel } from '../../src/models/load.js';
import { tokenLoss } from '../../src/models/tokenLoss.js';
import { AdamW } from '../../src/optim/adam.js';
import type { TokenExample } from '../../src/text/examples.js';
import { type FitOptions, fit } from '../../src/train/fit.js';
import { folder } from '../models/fixtures.js';
import { wasm } from '../support/devices.js';
import { uniform } from '../torch/generator.js';

const device = await wasm();
afterAll(() => device.dispose());
afterEach(() => void vi.restoreAllMocks());

/** A clock that runs so fast that a signal is checked before each kernel. */
function hurry(): void {
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => 1e6 * now());
}

/** A signal that arrives after a number of checks. */
function comingAfter(looks: number) {
  let count = 0;
  const signal = polledSignal(() => ++count > looks);
  return { signal, looks: () => count };
}

const examples: TokenExample[] = Array.from({ length: 8 }, (_, n) => {
  const ids = Int32Array.from({ length: 20 + n }, (_, i) => (31 * n + 7 * i * i + i) % 290);
  return { ids, labels: ids.map((id, i) => (i >= 12 ? id : -1)) };
});

async function learner(dropout = 0) {
  const { model, tokenizer } = await loadLanguageModel(device, folder('llama3'));
  const { factors } = await applyLora(model, { rank: 2, dropout });
  for (const [i, { loraB }] of [...factors.values()].entries()) loraB.write(uniform(i, loraB.length, 0.05));
  const values = async () => {
    const all = [];
    for (const { loraA, loraB } of factors.values())
      all.push(...(await loraA.read()), ...(await loraB.read()));
    return all;
  };
  const optimizer = new AdamW(model.parameters(), { learningRate: 1e-3 });
  const data = new PackedRows(device, examples, { batchSize: 4, maxLength: 32, pack: false });
  const train = (options: Partial<FitOptions>) =>
    fit(model, data, { optimizer, loss: tokenLoss, shuffle: false, clipNorm: 1, ...(options as object) });
  return { model, tokenizer, values, optimizer, train };
}

describe('a device', () => {
  it('leaves out the kernels that follow a signal, of programs too', async () => {
    hurry();
    const out = device.alloc('f32', 1);
    const add = () => device.run('axpby', { out, x: out, alpha: 1, beta: 1 });
    const { recorder } = device;
    const program = recorder.begin();
    device.write(out, [1]);
    recorder.record(program, 'head', () => {
      for (let i = 0; i < 20; i++) add();
    });
    const doublings = async (looks: number, body: () => void) => {
      device.write(out, [1]);
      let count = 0;
      const isWhole = device.runUnless(() => ++count > looks, body);
      return [Math.log2((await device.read(out))[0]), isWhole];
    };
    const five = () => [1, 2, 3, 4, 5].forEach(add);
    expect(await doublings(2, five)).toEqual([2, false]);
    expect(await doublings(5, five)).toEqual([5, true]);
    // In programs the signal is checked every eight kernels.
    expect(await doublings(1, () => recorder.run(program))).toEqual([8, false]);
    expect(await doublings(9, () => recorder.run(program))).toEqual([20, true]);
    program.dispose();
    device.free(out);
  });
});

describe('a polled signal', () => {
  it('changes nothing where it does not come', async () => {
    const plain = await learner();
    await plain.train({ epochs: 4 });
    hurry();
    const { signal, looks } = comingAfter(Number.POSITIVE_INFINITY);
    const heard = await learner();
    expect(await heard.train({ epochs: 4, signal })).toMatchObject({ stopped: false, iterations: 8 });
    expect(looks()).toBeGreaterThan(1000);
    expect(await heard.values()).toEqual(await plain.values());
  });

  it.each([true, false])(
    'abandons a step of several rows, after which the weights are those before it: recorded %s',
    async (record) => {
      hurry();
      const counted = await learner();
      const { signal: never, looks } = comingAfter(Number.POSITIVE_INFINITY);
      const marks: number[] = [];
      await counted.train({ epochs: 4, record, signal: never, onStep: () => marks.push(looks()) });
      const after = async (limit: number) => {
        const other = await learner();
        await other.train({ epochs: 4, limit, record });
        return other.values();
      };
      // The middle of the first step, of one that is recorded, and of one that may be repeated.
      for (const whole of [0, 1, 5]) {
        const { signal } = comingAfter(Math.round(((marks[whole - 1] ?? 0) + marks[whole]) / 2));
        const left = await learner();
        const told: number[] = [];
        const result = await left.train({
          epochs: 4,
          record,
          signal,
          onStep: ({ iteration }) => told.push(iteration),
        });
        expect(result).toMatchObject({ stopped: true, iterations: whole });
        expect(signal.aborted).toBe(true);
        expect(told).toEqual(Array.from({ length: whole }, (_, i) => i + 1));
        expect(await left.values()).toEqual(
          whole === 0 ? await (await learner()).values() : await after(whole),
        );
      }
    },
  );

  it('leaves nothing on the device, and a training run can follow', async () => {
    hurry();
    const { values, train, optimizer } = await learner();
    await train({ limit: 1 });
    const { liveBytes, liveStorages } = device.memory();
    for (const looks of [40, 160, 300]) {
      await train({ epochs: 2, signal: comingAfter(looks).signal });
      expect(device.memory()).toMatchObject({ liveBytes, liveStorages });
    }
    const fresh = await learner();
    await fresh.train({ limit: 1 });
    expect(await values()).toEqual(await fresh.values());
    await train({ limit: 1 });
    await fresh.train({ limit: 1 });
    expect(await values()).toEqual(await fresh.values());
    optimizer.dispose();
  });

  it('writes no checkpoint after an abandoned step', async () => {
    hurry();
    const { train } = await learner(0.1);
    const files = new Map<string, Uint8Array>();
    const checkpoint = { dir: files, every: 1000 };
    await train({ epochs: 4, checkpoint, signal: comingAfter(40).signal });
    expect(files.size).toBe(0);
    await train({ limit: 1, checkpoint });
    expect(files.size).toBeGreaterThan(0);
  });

  it('ends a text in the middle of its prompt, and a measurement in the middle of a row', async () => {
    hurry();
    const { model, tokenizer } = await learner();
    const prompt = 'lamp '.repeat(20);
    const whole = await generate(model, tokenizer, prompt, { maxTokens: 4 }).result();
    const { liveBytes } = device.memory();
    for (const looks of [0, 10]) {
      const { signal } = comingAfter(looks);
      const result = await generate(model, tokenizer, prompt, { maxTokens: 4, signal }).result();
      expect(result).toMatchObject({ stoppedBy: 'abort', tokens: 0 });
      const measured = evaluateLanguageModel(model, tokenizer, examples, {
        signal: comingAfter(looks).signal,
      });
      await expect(measured).rejects.toThrow(/abort|stopped/);
    }
    expect(device.memory().liveBytes).toBe(liveBytes);
    expect((await generate(model, tokenizer, prompt, { maxTokens: 4 }).result()).text).toBe(whole.text);
  });
});
