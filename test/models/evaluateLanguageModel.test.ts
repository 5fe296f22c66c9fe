/** Oracles: scores counted by hand from the logits of transformers, and each example separately. */
import { afterAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/backends/backend.js';
import { DataError } from '../../src/base/errors.js';
import { Random } from '../../src/base/random.js';
import { PackedRows } from '../../src/data/packedRows.js';
import { setActiveAdapters, withAdapterDisabled } from '../../src/lora/adapters.js';
import { applyLora } from '../../src/lora/applyLora.js';
import { evaluateLanguageModel } from '../../src/models/evaluateLanguageModel.js';
import { type LoadedLanguageModel, loadLanguageModel } from '../../src/models/load.js';
import { tokenLoss } from '../../src/models/tokenLoss.js';
import { SGD } from '../../src/optim/sgd.js';
import { type TokenExample, UNTRAINED } from '../../src/text/examples.js';
import { evaluateLoss } from '../../src/train/evaluateLoss.js';
import { fit } from '../../src/train/fit.js';
import { NonFiniteError } from '../../src/train/nonFinite.js';
import { allDevices, reference } from '../support/devices.js';
import { expected, folder, MODELS } from './fixtures.js';

const devices = await allDevices();
afterAll(() => {
  for (const [, device] of devices) device.dispose();
});

/** `<|end|>`, which is not text. */
const END = 1;

/** The row of tokens that transformers received, trained after a place; then the end of a turn. */
function rowOf(name: string, from: number): TokenExample {
  const ids = expected(name).ids.slice();
  return { ids, labels: ids.map((id, i) => (i < from ? UNTRAINED : id)) };
}

/** −log softmax(logits)[target], and the first of the largest, in float64. */
function predict(logits: Float32Array, target: number) {
  const largest = Math.max(...logits);
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - largest), 0);
  return { nats: Math.log(sum) + largest - logits[target], best: logits.indexOf(largest) };
}

const CHAT = [
  ['be kind', 'hello there', 'naïve 🙂 world'],
  ['be kind', 'hello you', 'the cat sat'],
  ['be kind', 'hello there', 'a second answer'],
  ['another one', 'she sells', 'sea shells, by the shore'],
  ['be kind', 'hello there', 'naïve 🙂 world'],
] as const;

function chatExamples({ tokenizer }: LoadedLanguageModel): TokenExample[] {
  return CHAT.map(([system, user, assistant]) => {
    const turns = `<|start|>system: ${system}<|end|><|start|>user: ${user}<|end|><|start|>assistant:`;
    const prompt = tokenizer.encode(turns, { allowSpecial: true });
    const answer = [...tokenizer.encode(assistant), END];
    const labels = [...prompt.map(() => UNTRAINED), ...answer];
    return { ids: Int32Array.from([...prompt, ...answer]), labels: Int32Array.from(labels) };
  });
}

describe.each(devices)('on %s', (_, device: Backend) => {
  it.each(device.name === 'webgpu' ? ['llama'] : MODELS)(
    '%s: has the scores of transformers',
    async (name) => {
      const { model, tokenizer } = await loadLanguageModel(device, folder(name));
      const { ids, logits } = expected(name);
      const examples = [rowOf(name, 1), rowOf(name, 30)];
      const { vocabularySize: cols } = model.config;
      let [nats, correct, tokens, textNats, bytes] = [0, 0, 0, 0, 0];
      for (const { labels } of examples) {
        for (const [i, label] of labels.entries()) {
          if (label === UNTRAINED) continue;
          const found = predict(logits.slice((i - 1) * cols, i * cols), label);
          nats += found.nats;
          tokens += 1;
          correct += found.best === label ? 1 : 0;
          if (label <= END || !tokenizer.hasToken(label)) continue;
          textNats += found.nats;
          bytes += tokenizer.textBytes(label);
        }
      }
      expect(tokens).toBe(ids.length - 1 + ids.length - 30);
      const found = await evaluateLanguageModel(model, tokenizer, examples);
      expect(found.tokens).toBe(tokens);
      expect(found.loss / (nats / tokens)).toBeCloseTo(1, 5);
      expect(found.perplexity).toBe(Math.exp(found.loss));
      expect(found.bitsPerByte / (textNats / Math.LN2 / bytes)).toBeCloseTo(1, 5);
      expect(found.accuracy).toBe(correct / tokens);
      model.dispose();
    },
  );
});

describe('packed', () => {
  const wasmDevice = devices.find(([name]) => name === 'wasm simd')?.[1] ?? reference;

  it.each(['llama3', 'mistral'])(
    '%s: each example has the same scores as when it is computed separately',
    async (name) => {
      const loaded = await loadLanguageModel(wasmDevice, folder(name));
      const { model, tokenizer } = loaded;
      const examples = chatExamples(loaded);
      const alone = [];
      for (const example of examples)
        alone.push((await evaluateLanguageModel(model, tokenizer, [example])).examples[0]);
      const packing = { batchTokens: 10_000, window: model.config.slidingWindow };
      const { report } = new PackedRows(wasmDevice, examples, packing);
      expect(report.rows).toBe(1);
      expect(report.sharedTokens).toBeGreaterThan(20);
      // One row of all examples, and several rows.
      for (const maxLength of [undefined, 60]) {
        const found = await evaluateLanguageModel(model, tokenizer, examples, { maxLength });
        for (const [i, one] of alone.entries()) {
          expect(found.examples[i].loss / one.loss).toBeCloseTo(1, 6);
          expect(found.examples[i]).toMatchObject({ tokens: one.tokens, correct: one.correct });
        }
        expect(found.tokens).toBe(alone.reduce((sum, { tokens }) => sum + tokens, 0));
      }
      model.dispose();
    },
  );

  it('has the mean of tokenLoss, in rows with more labels than the head takes at a time', async () => {
    const { model, tokenizer } = await loadLanguageModel(wasmDevice, folder('llama3'));
    const random = new Random(3);
    const examples = Array.from({ length: 9 }, () => {
      const ids = Int32Array.from({ length: 40 }, () => 2 + (random.uint32() % 299));
      return { ids, labels: ids.map((id, i) => (i < 3 ? UNTRAINED : id)) };
    });
    const loss = await evaluateLoss(model, new PackedRows(wasmDevice, examples), { loss: tokenLoss });
    const found = await evaluateLanguageModel(model, tokenizer, examples);
    expect(found.tokens).toBe(9 * 37);
    expect(found.loss / loss).toBeCloseTo(1, 6);
    model.dispose();
  });

  it('counts the bytes of a text, without special tokens', async () => {
    const loaded = await loadLanguageModel(wasmDevice, folder('llama3'));
    const { model, tokenizer } = loaded;
    const [example] = chatExamples(loaded);
    const trained = example.ids.subarray(example.labels.findIndex((label) => label !== UNTRAINED));
    expect(trained[trained.length - 1]).toBe(END);
    const whole = await evaluateLanguageModel(model, tokenizer, [example]);
    const untilEnd = {
      ids: example.ids,
      labels: example.labels.map((label) => (label === END ? UNTRAINED : label)),
    };
    const text = await evaluateLanguageModel(model, tokenizer, [untilEnd]);
    // n a ï v e space, four bytes of an emoji, space, w o r l d: 1 + 1 + 2 + 1 + 1 + 1 + 4 + 1 + 5.
    expect(text.bitsPerByte).toBeCloseTo((text.loss * text.tokens) / Math.LN2 / 17, 6);
    expect(whole.bitsPerByte).toBeCloseTo(text.bitsPerByte, 6);
    expect(whole.tokens).toBe(text.tokens + 1);
    const alone = {
      ids: example.ids,
      labels: example.ids.map((_, i) => (i + 1 === example.ids.length ? END : UNTRAINED)),
    };
    expect((await evaluateLanguageModel(model, tokenizer, [alone])).bitsPerByte).toBeNaN();
    model.dispose();
  });

  it('measures with the adapters that are active, without dropout, and leaves no memory behind', async () => {
    const loaded = await loadLanguageModel(wasmDevice, folder('llama3'));
    const { model, tokenizer } = loaded;
    const examples = chatExamples(loaded);
    const base = await evaluateLanguageModel(model, tokenizer, examples);
    const { factors } = await applyLora(model, {
      rank: 2,
      dropout: 0.5,
      targetModules: ['q_proj', 'lm_head'],
    });
    for (const { loraB } of factors.values())
      loraB.write(Float32Array.from({ length: loraB.length }, (_, i) => Math.sin(i)));
    model.train();
    const before = wasmDevice.memory().liveBytes;
    const adapted = await evaluateLanguageModel(model, tokenizer, examples);
    expect(adapted.loss).not.toBe(base.loss);
    // Several evaluations at once give the same scores.
    const both = [1, 2].map(() => evaluateLanguageModel(model, tokenizer, examples));
    expect(await Promise.all(both)).toEqual([adapted, adapted]);
    expect(await withAdapterDisabled(model, () => evaluateLanguageModel(model, tokenizer, examples))).toEqual(
      base,
    );
    expect(wasmDevice.memory().liveBytes).toBe(before);
    model.dispose();
  });

  it('runs during a training run, of which it sees one moment', async () => {
    const loaded = await loadLanguageModel(wasmDevice, folder('llama3'));
    const { model, tokenizer } = loaded;
    const examples = chatExamples(loaded);
    await applyLora(model, { rank: 2, targetModules: ['q_proj'] });
    const data = new PackedRows(wasmDevice, examples, { batchTokens: 10_000 });
    const optimizer = new SGD(model.parameters(), { learningRate: 0.5 });
    const seen: Promise<{ loss: number }>[] = [];
    const losses: number[] = [];
    await fit(model, data, {
      optimizer,
      loss: tokenLoss,
      epochs: 4,
      onStep: ({ iteration, loss }) => {
        losses.push(loss);
        if (iteration === 2) seen.push(evaluateLanguageModel(model, tokenizer, examples));
      },
    });
    const { loss } = await seen[0];
    expect(losses.map((each) => Math.abs(each / loss - 1) < 1e-5)).toEqual([false, false, true, false]);
    model.dispose();
  });

  it('cannot have its adapters switched meanwhile', async () => {
    const loaded = await loadLanguageModel(wasmDevice, folder('llama3'));
    const { model, tokenizer } = loaded;
    await applyLora(model, { rank: 2, targetModules: ['q_proj'] });
    const measured = evaluateLanguageModel(model, tokenizer, chatExamples(loaded));
    expect(() => setActiveAdapters(model, [])).toThrow('in use by evaluateLanguageModel');
    await measured;
    model.dispose();
  });

  it('reports its progress, and stops on request', async () => {
    const loaded = await loadLanguageModel(wasmDevice, folder('llama3'));
    const { model, tokenizer } = loaded;
    const examples = chatExamples(loaded);
    const seen: number[][] = [];
    const onProgress = (...numbers: number[]) => seen.push(numbers);
    await evaluateLanguageModel(model, tokenizer, examples, { maxLength: 60, onProgress });
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.at(-1)).toEqual([5, 5]);
    const before = wasmDevice.memory().liveBytes;
    const controller = new AbortController();
    const stopped = evaluateLanguageModel(model, tokenizer, examples, {
      maxLength: 60,
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('enough')),
    });
    await expect(stopped).rejects.toThrow('enough');
    expect(wasmDevice.memory().liveBytes).toBe(before);
    model.dispose();
  });

  it('refuses examples that cannot be measured', async () => {
    const loaded = await loadLanguageModel(wasmDevice, folder('llama3'));
    const { model, tokenizer } = loaded;
    const [good] = chatExamples(loaded);
    const measure = (ids: number[], options = {}) => {
      const row = Int32Array.from(ids);
      const labels = row.map((id, i) => (i === 0 ? UNTRAINED : id));
      return evaluateLanguageModel(model, tokenizer, [good, { ids: row, labels }], options);
    };
    await expect(measure([3, 301])).rejects.toThrow(
      'examples[1]: the model has 301 tokens: none has the id 301',
    );
    const { contextLength } = model.config;
    const long = new Array(contextLength + 1).fill(5);
    await expect(measure(long)).rejects.toThrow(`examples[1]: has ${contextLength + 1} tokens`);
    await expect(measure([5, 6, 7], { maxLength: 2 })).rejects.toThrow(DataError);
    await expect(measure([5, 6], { maxlength: 2 })).rejects.toThrow('maxLength');
    await expect(evaluateLanguageModel(model, tokenizer, [])).rejects.toThrow('0 were given');
    const { weight } = model.model.norm;
    weight.write(new Float32Array(weight.length).fill(Number.NaN));
    await expect(measure([5, 6])).rejects.toBeInstanceOf(NonFiniteError);
    await expect(measure([5, 6])).rejects.toThrow(/examples\[\d\]: the loss of a token must be finite: NaN/);
    model.dispose();
  });
});
