/** Packed rows on small models. Oracle: the examples one by one. */
import { afterAll, describe, expect, it } from 'vitest';
import { noGrad } from '../../src/autograd/record.js';
import type { Backend } from '../../src/backends/backend.js';
import { Random } from '../../src/base/random.js';
import { type PackedBatch, PackedRows } from '../../src/data/packedRows.js';
import { applyLora } from '../../src/lora/applyLora.js';
import type { LlamaForCausalLM } from '../../src/models/llama.js';
import { loadLanguageModel } from '../../src/models/load.js';
import { crossEntropy } from '../../src/ops/crossEntropy.js';
import { embedding } from '../../src/ops/embedding.js';
import { type Tensor, tensor } from '../../src/tensor.js';
import { type TokenExample, UNTRAINED } from '../../src/text/examples.js';
import type { PackingOptions } from '../../src/text/packing.js';
import { allDevices, reference } from '../support/devices.js';
import { difference, folder } from './fixtures.js';

const devices = await allDevices();
afterAll(() => {
  for (const [, device] of devices) device.dispose();
});

/** Tolerance for f32. */
const CLOSE = 1e-5;
const VOCABULARY = 301;

/**
 * Examples like those of one chat template: 24 common tokens, a question and an answer of 48 tokens together on average, 11
 * of them trained; some also share their question, one is repeated.
 */
function chatExamples(count: number): TokenExample[] {
  const random = new Random(5);
  const some = (length: number) => Array.from({ length }, () => random.uint32() % VOCABULARY);
  const head = some(24);
  const examples: TokenExample[] = [];
  let question = some(13);
  for (let n = 0; n < count - 1; n++) {
    if (n % 4 !== 1) question = some(6 + (random.uint32() % 14));
    const answer = some(4 + (random.uint32() % 14));
    const before = new Array<number>(24 + question.length).fill(UNTRAINED);
    // A newline after the answer is not trained.
    const ids = Int32Array.from([...head, ...question, ...answer, 7]);
    examples.push({ ids, labels: Int32Array.from([...before, ...answer, UNTRAINED]) });
  }
  return [...examples, examples[0]];
}
const EXAMPLES = chatExamples(16);
/** A software adapter takes seconds for each pass. */
const FEW = EXAMPLES.slice(10);

/** Logits of every label of packed rows, and those of the same tokens computed separately. */
async function logitsOf(
  model: LlamaForCausalLM,
  examples: readonly TokenExample[],
  options: PackingOptions,
): Promise<{ found: number[]; wanted: number[] }> {
  const { device } = model;
  const { vocabularySize, slidingWindow: window } = model.config;
  const alone = new Map<string, number[]>();
  for (const { ids } of examples) {
    const logits = await noGrad(() => model.forward(tensor(device, ids, [ids.length], 'i32'))).read();
    for (let i = 0; i < ids.length; i++)
      alone.set(`${ids.subarray(0, i + 1)}`, [...logits.slice(i * vocabularySize, (i + 1) * vocabularySize)]);
  }
  const [found, wanted]: number[][] = [[], []];
  for (const batch of new PackedRows(device, examples, { ...options, window }).batches({ batchSize: 1 })) {
    const logits = await noGrad(() => model.lm_head.forward(model.hiddenStates(batch.ids, batch))).read();
    expect([...logits].every(Number.isFinite)).toBe(true);
    for (const { row, tokens } of await labelled(batch, examples)) {
      found.push(...logits.slice(row * vocabularySize, (row + 1) * vocabularySize));
      wanted.push(...(alone.get(tokens) ?? []));
    }
  }
  return { found, wanted };
}

/** The labels of a batch, each with the tokens of its example up to there. */
async function labelled(batch: PackedBatch, examples: readonly TokenExample[]) {
  const [ids, positions, ranges, rows, targets] = (await Promise.all(
    [batch.ids, batch.positions, batch.ranges, batch.labelRows, batch.targets].map((each) => each.read()),
  )) as Int32Array[];
  return [...rows].flatMap((row, i) => {
    if (targets[i] === UNTRAINED) return [];
    // With a window the row sees less than its example: the visible tokens at that position suffice to find it.
    const [from, to, prefixFrom, prefixTo] = ranges.subarray(4 * row, 4 * row + 4);
    const seen = [...ids.subarray(prefixFrom, prefixTo), ...ids.subarray(from, to)];
    const end = positions[row] + 1;
    const whose = examples.find(
      (each) =>
        each.labels[end] === targets[i] && `${each.ids.subarray(end - seen.length, end)}` === `${seen}`,
    );
    expect(whose).toBeDefined();
    return [{ row, tokens: `${whose?.ids.subarray(0, end)}` }];
  });
}

describe.each(devices)('on %s', (_, device: Backend) => {
  const cases = [
    ['llama3', true],
    ['llama3', false],
    ['qwen3', true],
    ['mistral', true],
  ] as const;
  // A software adapter takes long for each case: one shares prefixes, one does not.
  it.each(device.name === 'webgpu' ? cases.slice(1, 3) : cases)(
    '%s: the logits of rows are those of the examples, shared prefixes: %s',
    async (name, sharePrefix) => {
      const { model } = await loadLanguageModel(device, folder(name));
      const examples = device.name === 'webgpu' ? FEW : EXAMPLES;
      const options = { maxLength: 120, sharePrefix };
      const { found, wanted } = await logitsOf(model, examples, options);
      const labels = examples.flatMap((each) => [...each.labels]).filter((label) => label !== UNTRAINED);
      expect(found.length).toBe(labels.length * VOCABULARY);
      expect(difference(found, wanted)).toBeLessThan(CLOSE);
      const { report } = new PackedRows(device, examples, options);
      expect(report.rows).toBeLessThan(examples.length);
      expect(report.sharedTokens > 0).toBe(sharePrefix);
      model.dispose();
    },
  );
});

/** The mean loss over the labels of a batch. */
function lossOf(
  model: LlamaForCausalLM,
  batch: PackedBatch,
  labels: { rows: Tensor; targets: Tensor },
): Tensor {
  const hidden = model.hiddenStates(batch.ids, batch);
  return crossEntropy(model.lm_head.forward(embedding(labels.rows, hidden)), labels.targets);
}

describe('training on rows in float64', () => {
  /** The loss, and the gradients of all adapters, over all examples as one step. */
  async function step(options: PackingOptions) {
    const { model } = await loadLanguageModel(reference, folder('llama3'));
    await applyLora(model, { rank: 4, targetModules: 'all-linear' });
    const random = new Random(3);
    const trained = [...model.namedParameters()].filter(([, parameter]) => parameter.requiresGrad);
    for (const [, parameter] of trained)
      parameter.write(Array.from({ length: parameter.length }, () => 0.05 * random.normal()));
    let loss = 0;
    for (const batch of new PackedRows(reference, EXAMPLES, options).batches({ batchSize: 1 })) {
      const [rows, targets] = await Promise.all([batch.labelRows, batch.targets].map((each) => each.read()));
      const cut = (values: ArrayLike<number>) =>
        tensor(reference, Array.from(values).slice(0, batch.rows), [batch.rows], 'i32');
      const mean = lossOf(model, batch, { rows: cut(rows), targets: cut(targets) });
      const share = batch.rows / batch.lossTokens;
      loss += share * (await mean.item());
      mean.backward(tensor(reference, [share], []));
    }
    const gradients: number[] = [];
    for (const [, { grad }] of trained) gradients.push(...((await grad?.read()) ?? [Number.NaN]));
    model.dispose();
    return { loss, gradients };
  }

  it('gives the loss and the gradients of the examples one by one', { timeout: 120_000 }, async () => {
    const all = { maxLength: 120, batchTokens: 100_000 };
    const alone = await step({ ...all, pack: false });
    expect(alone.gradients.some((value) => Math.abs(value) > 1e-4)).toBe(true);
    for (const sharePrefix of [false, true]) {
      const { loss, gradients } = await step({ ...all, sharePrefix });
      expect(Math.abs(loss - alone.loss)).toBeLessThan(1e-12 * alone.loss);
      expect(difference(gradients, alone.gradients)).toBeLessThan(1e-10);
    }
  });
});
