/** Steps of several rows of tokens: whatever rows the examples stand in, a step is the mean over its trained tokens. */
import { afterAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/backends/backend.js';
import { ReferenceBackend } from '../../src/backends/reference/index.js';
import { type PackedBatch, PackedRows } from '../../src/data/packedRows.js';
import { applyLora } from '../../src/lora/applyLora.js';
import type { LlamaForCausalLM } from '../../src/models/llama.js';
import { loadLanguageModel } from '../../src/models/load.js';
import { tokenLoss } from '../../src/models/tokenLoss.js';
import { AdamW } from '../../src/optim/adam.js';
import type { TokenExample } from '../../src/text/examples.js';
import type { PackingOptions } from '../../src/text/packing.js';
import { evaluateLoss } from '../../src/train/evaluateLoss.js';
import { type FitOptions, fit } from '../../src/train/fit.js';
import { NonFiniteError } from '../../src/train/nonFinite.js';
import { folder } from '../models/fixtures.js';
import { wasm } from '../support/devices.js';
import { uniform } from '../torch/generator.js';

const reference = new ReferenceBackend();
const device = await wasm();
afterAll(() => device.dispose());

/** Examples of many lengths, of which the last few tokens are trained. */
const examples: TokenExample[] = Array.from({ length: 9 }, (_, n) => {
  const ids = Int32Array.from({ length: 6 + ((5 * n) % 17) }, (_, i) => (31 * n + 7 * i * i + i) % 290);
  return { ids, labels: ids.map((id, i) => (i >= ids.length - 3 - (n % 3) ? id : -1)) };
});

async function train(on: Backend, packing: PackingOptions, options: Partial<FitOptions> = {}) {
  const { model } = await loadLanguageModel(on, folder('llama3'));
  const { factors } = await applyLora(model, { rank: 2 });
  for (const [i, { loraB }] of [...factors.values()].entries()) loraB.write(uniform(i, loraB.length, 0.05));
  const optimizer = new AdamW(model.parameters(), { learningRate: 1e-3 });
  const losses: number[] = [];
  const result = await fit(model, new PackedRows(on, examples, packing), {
    ...{ optimizer, loss: tokenLoss, epochs: 3, shuffle: false, onStep: ({ loss }) => losses.push(loss) },
    ...(options as object),
  });
  const values = [];
  for (const { loraA, loraB } of factors.values())
    values.push(...(await loraA.read()), ...(await loraB.read()));
  return { losses, values, result, model };
}

const apart = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]))) / Math.max(...b.map(Math.abs));

describe('a step of several rows', () => {
  it('is that of one row with the same examples', async () => {
    const one = await train(reference, { maxLength: 512 });
    expect(one.losses.length).toBe(3);
    // All examples in each step, in rows of at most 32 tokens, or one by one.
    for (const packing of [{ maxLength: 32 }, { maxLength: 32, sharePrefix: false }, { pack: false }]) {
      const several = await train(reference, { ...packing, batchTokens: 1000 });
      expect(several.losses.length).toBe(3);
      expect(apart(several.losses, one.losses)).toBeLessThan(1e-9);
      expect(apart(several.values, one.values)).toBeLessThan(1e-6);
    }
  });

  it('is the same on wasm, repeated from a recording or not', async () => {
    const one = await train(device, { maxLength: 512 });
    const packing = { maxLength: 32, batchTokens: 1000 };
    const several = await train(device, packing, { epochs: 8 });
    expect(apart(several.losses.slice(0, 3), one.losses)).toBeLessThan(1e-6);
    expect(several.result.repeated).toBeGreaterThan(0);
    const plain = await train(device, packing, { epochs: 8, record: false });
    expect(plain.result.repeated).toBe(0);
    expect(plain.values).toEqual(several.values);
  });

  it('has enough examples for the requested trained tokens', async () => {
    const { losses, result } = await train(device, { maxLength: 32, batchTokens: 10 });
    const trained = examples.reduce((sum, { labels }) => sum + labels.filter((id) => id >= 0).length, 0);
    expect(result.iterations).toBe(losses.length);
    expect(losses.length).toBeGreaterThanOrEqual(3 * Math.floor(trained / 13));
    expect(losses.length).toBeLessThanOrEqual(3 * Math.ceil(trained / 10));
  });

  it('has the requested number of examples, and lists them', async () => {
    const steps: number[][] = [[]];
    const seen = (model: LlamaForCausalLM, batch: PackedBatch) => {
      steps[steps.length - 1].push(...batch.examples);
      return tokenLoss(model, batch);
    };
    const onStep = () => steps.push([]);
    const options = { loss: seen, onStep } as unknown as Partial<FitOptions>;
    const { result } = await train(device, { maxLength: 32, batchSize: 4 }, options);
    expect(result.iterations).toBe(9);
    const sets = steps.slice(0, 9).map((step) => step.sort((a, b) => a - b));
    const epoch = [[0, 1, 2, 3], [4, 5, 6, 7], [8]];
    expect(sets).toEqual([...epoch, ...epoch, ...epoch]);
  });

  it('ends before the weights are changed when the gradient is not finite', async () => {
    const before = await train(device, { batchSize: 4 }, { limit: 2, clipNorm: 1 });
    let step = 0;
    const { model } = await loadLanguageModel(device, folder('llama3'));
    const { factors } = await applyLora(model, { rank: 2 });
    for (const [i, { loraB }] of [...factors.values()].entries()) loraB.write(uniform(i, loraB.length, 0.05));
    const [{ loraA: spoilt }] = factors.values();
    const spoiling = (trained: LlamaForCausalLM, batch: PackedBatch) => {
      const loss = tokenLoss(trained, batch);
      const backward = loss.backward.bind(loss);
      loss.backward = (gradient) => {
        backward(gradient);
        if (step === 2) spoilt.grad?.write(new Float32Array(spoilt.length).fill(Number.NaN));
      };
      return loss;
    };
    const optimizer = new AdamW(model.parameters(), { learningRate: 1e-3 });
    const values: number[] = [];
    const training = fit(model, new PackedRows(device, examples, { batchSize: 4 }), {
      ...{ optimizer, epochs: 3, shuffle: false, clipNorm: 1, record: false },
      ...{ loss: spoiling, onStep: () => step++ },
    });
    await expect(training).rejects.toThrow('fit: the gradient is NaN at iteration 3');
    await expect(training).rejects.toBeInstanceOf(NonFiniteError);
    for (const { loraA, loraB } of factors.values())
      values.push(...(await loraA.read()), ...(await loraB.read()));
    expect(values).toEqual(before.values);
  });

  it('continues from a checkpoint to the same bits', async () => {
    const packing = { maxLength: 32, batchTokens: 10 };
    const whole = await train(device, packing, { shuffle: true });
    const files = new Map<string, Uint8Array>();
    const checkpoint = { dir: files, every: 2 };
    const stop = new AbortController();
    const onStep = ({ iteration }: { iteration: number }) => {
      if (iteration === 5) stop.abort();
    };
    await train(device, packing, { shuffle: true, checkpoint, signal: stop.signal, onStep });
    const rest = await train(device, packing, { shuffle: true, checkpoint: { ...checkpoint, resume: true } });
    expect(rest.result.iterations).toBe(whole.result.iterations);
    expect(rest.values).toEqual(whole.values);
  });

  it('is not grouped once more', async () => {
    await expect(train(device, { batchTokens: 10 }, { accumulate: 2 })).rejects.toThrow(
      'fit: accumulate must be 1 for data that have steps of their own: 2',
    );
  });
});

describe('recomputed blocks', () => {
  it('give the same bits, and take less memory', async () => {
    const found = [];
    for (const isOn of [false, true]) {
      const own = await wasm();
      const { model } = await loadLanguageModel(own, folder('llama3'));
      await applyLora(model, { rank: 2, dropout: 0.1 });
      model.model.gradientCheckpointing = isOn;
      const before = own.memory().liveBytes;
      const alloc = own.alloc.bind(own);
      let most = 0;
      own.alloc = (dtype, length) => {
        const storage = alloc(dtype, length);
        most = Math.max(most, own.memory().liveBytes - before);
        return storage;
      };
      const losses: number[] = [];
      await fit(model, new PackedRows(own, examples), {
        ...{ optimizer: new AdamW(model.parameters(), { learningRate: 1e-3 }), epochs: 4, loss: tokenLoss },
        onStep: ({ loss }) => losses.push(loss),
      });
      found.push({ losses, most });
      own.dispose();
    }
    expect(found[1].losses).toEqual(found[0].losses);
    expect(found[1].most).toBeLessThan(0.8 * found[0].most);
  });
});

describe('tokenLoss', () => {
  it('refuses rows that were packed for another model', async () => {
    const { model } = await loadLanguageModel(device, folder('mistral'));
    const measure = (packing: PackingOptions, given = examples) =>
      evaluateLoss(model, new PackedRows(device, given, packing), { loss: tokenLoss });
    await expect(measure({})).rejects.toThrow(
      "tokenLoss: the rows must be packed with the model's window, 7: got undefined",
    );
    expect(await measure({ window: 7 })).toBeGreaterThan(0);
    const ids = Int32Array.from({ length: 200 }, (_, i) => i);
    const long = [{ ids, labels: ids.map((id, i) => (i > 0 ? id : -1)) }];
    await expect(measure({ window: 7 }, long)).rejects.toThrow(
      "tokenLoss: an example has 199 tokens, and the model's context 128: give PackedRows a maxLength",
    );
    model.dispose();
  });
});

describe('evaluateLoss', () => {
  it('is the mean over the trained tokens, whatever rows and steps they stand in', async () => {
    const { model } = await loadLanguageModel(reference, folder('llama3'));
    const measure = (packing: PackingOptions) =>
      evaluateLoss(model, new PackedRows(reference, examples, packing), { loss: tokenLoss });
    const one = await measure({});
    for (const packing of [
      { maxLength: 32 },
      { maxLength: 32, batchTokens: 10 },
      { pack: false, batchTokens: 7 },
    ])
      expect(Math.abs((await measure(packing)) - one)).toBeLessThan(1e-9 * one);
  });
});
