/** Rows without a label in the last block. Oracle: all rows go through it, and the labelled ones are taken from the end. */
import { afterAll, describe, expect, it, vi } from 'vitest';
import type { Backend } from '../../src/backends/backend.js';
import { Random } from '../../src/base/random.js';
import { type PackedBatch, PackedRows } from '../../src/data/packedRows.js';
import { applyLora } from '../../src/lora/applyLora.js';
import type { LlamaForCausalLM } from '../../src/models/llama.js';
import { loadLanguageModel } from '../../src/models/load.js';
import { tokenLoss } from '../../src/models/tokenLoss.js';
import { Linear } from '../../src/nn/linear.js';
import { linearCrossEntropy } from '../../src/ops/linearCrossEntropy.js';
import { AdamW } from '../../src/optim/adam.js';
import { tensor } from '../../src/tensor.js';
import { type TokenExample, UNTRAINED } from '../../src/text/examples.js';
import { fit } from '../../src/train/fit.js';
import { reference, wasm } from '../support/devices.js';
import { difference, folder } from './fixtures.js';

const device = await wasm('simd', 2);
afterAll(() => device.dispose());

const VOCABULARY = 301;

/** Examples that begin with the same tokens; a few of the others are trained, in several turns. */
function examplesOf(count: number, seed: number, shared = 20): TokenExample[] {
  const random = new Random(seed);
  const some = (length: number) => Array.from({ length }, () => random.uint32() % VOCABULARY);
  const head = some(shared);
  return Array.from({ length: count }, () => {
    const ids = Int32Array.from([...head, ...some(10 + (random.uint32() % 16))]);
    const answers = new Set([0, 3, 4, 8].map((from) => shared + from + (random.uint32() % 2)));
    return { ids, labels: ids.map((id, i) => (answers.has(i) ? id : UNTRAINED)) };
  });
}

async function adapted(name: string, on: Backend): Promise<LlamaForCausalLM> {
  const { model } = await loadLanguageModel(on, folder(name));
  await applyLora(model, { rank: 4, targetModules: 'all-linear' });
  const random = new Random(3);
  for (const each of model.parameters().filter(({ requiresGrad }) => requiresGrad))
    each.write(Array.from({ length: each.length }, () => 0.05 * random.normal()));
  return model;
}

/** The whole computation. */
function wholeLoss(model: LlamaForCausalLM, batch: PackedBatch) {
  if (!(model.lm_head instanceof Linear)) throw new TypeError('the head is adapted');
  const { labelRows: rows, targets, scale } = batch;
  const hidden = model.hiddenStates(batch.ids, batch);
  return linearCrossEntropy(hidden, model.lm_head.weight, { rows, targets, scale });
}

/** The loss of all examples as one step, and all gradients. */
async function step(model: LlamaForCausalLM, loss: typeof tokenLoss, sharePrefix: boolean) {
  const examples = examplesOf(20, 1);
  const { slidingWindow: window } = model.config;
  const rows = new PackedRows(model.device, examples, {
    maxLength: 100,
    batchTokens: 1000,
    sharePrefix,
    window,
  });
  const trained = model.parameters().filter(({ requiresGrad }) => requiresGrad);
  for (const each of trained) each.zeroGrad();
  let [sum, batches] = [0, 0];
  for (const batch of rows.batches({ batchSize: 1 })) {
    const part = loss(model, batch);
    sum += await part.item();
    part.backward(tensor(model.device, [1], []));
    batches += 1;
  }
  expect(batches).toBeGreaterThan(1);
  const gradients: number[] = [];
  for (const { grad } of trained) gradients.push(...((await grad?.read()) ?? [Number.NaN]));
  return { sum, gradients };
}

describe('in the last block', () => {
  // These models cover a tied head, other heads, norms of heads, and a sliding window.
  it.each(['llama', 'llama3', 'qwen3', 'mistral'])(
    '%s: rows without a label change nothing',
    async (name) => {
      for (const [on, close] of [
        [reference, 1e-11],
        [device, 1e-6],
      ] as const) {
        const model = await adapted(name, on);
        for (const [isAgain, sharePrefix] of [
          [false, true],
          [false, false],
          [true, true],
        ] as const) {
          model.model.gradientCheckpointing = isAgain;
          const whole = await step(model, wholeLoss, sharePrefix);
          const found = await step(model, tokenLoss, sharePrefix);
          expect(Math.abs(found.sum - whole.sum)).toBeLessThan(close * whole.sum);
          expect(whole.gradients.some((each) => Math.abs(each) > 1e-3)).toBe(true);
          expect(difference(found.gradients, whole.gradients)).toBeLessThan(close);
        }
        model.dispose();
      }
    },
  );

  it('have only their keys and values computed, in both directions', async () => {
    const model = await adapted('llama3', device);
    const rows = new PackedRows(device, examplesOf(4, 1), { maxLength: 130, sharePrefix: false });
    const batch: PackedBatch = rows.batches({ batchSize: 1 }).next().value ?? expect.fail();
    const [tokens, labels] = [batch.ids.length, batch.targets.length];
    expect(labels).toBeLessThan(tokens);
    const last = model.model.layers[model.model.layers.length - 1];
    const names = new Map(
      ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'].map((name) => {
        const { base } = (Reflect.get(last.self_attn, name) ?? Reflect.get(last.mlp, name)) as {
          base: Linear;
        };
        return [base.weight.storage as unknown, name] as const;
      }),
    );
    const run = vi.spyOn(device, 'run');
    const loss = tokenLoss(model, batch);
    loss.backward();
    /** Rows of each product with a frozen weight of the last block, forward and back. */
    const products: Record<string, number[]> = {};
    for (const [kernel, args] of run.mock.calls) {
      if (kernel !== 'matmul' || !('b' in args)) continue;
      const name = names.get(args.b);
      if (name) products[name] = [...(products[name] ?? []), args.m];
    }
    run.mockRestore();
    const [all, some] = [
      [tokens, tokens],
      [labels, labels],
    ];
    expect(products).toEqual({
      q_proj: some,
      k_proj: all,
      v_proj: all,
      o_proj: some,
      gate_proj: some,
      up_proj: some,
      down_proj: some,
    });
    model.dispose();
  });

  it('other rows in each batch of one shape are trained alike from a recording', async () => {
    const losses = async (record: boolean) => {
      const model = await adapted('llama3', device);
      const optimizer = new AdamW(model.parameters(), { learningRate: 0.01 });
      const rows = new PackedRows(device, examplesOf(12, 7, 60), { pack: false });
      const seen: string[] = [];
      for (const batch of rows.batches({ batchSize: 1 })) {
        expect([batch.ids.length, batch.targets.length]).toEqual([96, 64]);
        seen.push(`${await batch.labelRows.read()}`);
      }
      expect(new Set(seen).size).toBeGreaterThan(4);
      const found: number[] = [];
      const { repeated } = await fit(model, rows, {
        optimizer,
        loss: tokenLoss,
        epochs: 3,
        record,
        onStep: ({ loss }) => void found.push(loss),
      });
      model.dispose();
      return { repeated, found };
    };
    const [recorded, computed] = [await losses(true), await losses(false)];
    expect(recorded.repeated).toBeGreaterThan(20);
    expect(recorded.found).toEqual(computed.found);
  });
});
