/** LoRA training of language models against PEFT and PyTorch on the same files. */
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { applyLora } from '../../src/lora/applyLora.js';
import { evaluateLanguageModel } from '../../src/models/evaluateLanguageModel.js';
import type { LlamaForCausalLM } from '../../src/models/llama.js';
import { type LoadedLanguageModel, loadLanguageModel } from '../../src/models/load.js';
import { crossEntropy } from '../../src/ops/crossEntropy.js';
import { AdamW } from '../../src/optim/adam.js';
import { tensor } from '../../src/tensor.js';
import { UNTRAINED } from '../../src/text/examples.js';
import { wasm } from '../support/devices.js';
import { hasRealModel, realModel } from '../support/realModel.js';
import { uniform } from '../torch/generator.js';
import { folder } from './fixtures.js';

interface Run {
  readonly ids: number[];
  readonly losses: number[];
  /** Every 17th element, up to 64 of them. */
  readonly gradients: Record<string, { largest: number; every17: number[] }>;
}

const { settings, models } = JSON.parse(
  readFileSync(new URL('fixtures/training.json', import.meta.url), 'utf8'),
) as {
  settings: { rank: number; alpha: number; learningRate: number; weightDecay: number; targets: string[] };
  models: Record<string, Run>;
};

const device = await wasm('simd', 2);
afterAll(() => device.dispose());

/** An adapter on all linear layers, from the initial factors of the oracle. */
async function adapt(model: LlamaForCausalLM) {
  const { rank, alpha, targets } = settings;
  const adapter = await applyLora(model, { rank, alpha, targetModules: targets });
  for (const [i, { loraA, loraB }] of [...adapter.factors.values()].entries()) {
    loraA.write(uniform(10 + 2 * i, loraA.length, 0.05));
    loraB.write(uniform(11 + 2 * i, loraB.length, 0.02));
  }
  return adapter;
}

async function compare(
  { model, tokenizer }: LoadedLanguageModel,
  run: Run,
  { isAgain, steps = 20 }: { readonly isAgain: boolean; readonly steps?: number },
): Promise<void> {
  const { factors } = await adapt(model);
  model.model.gradientCheckpointing = isAgain;
  const ids = Int32Array.from(run.ids);
  const labels = ids.map((id, i) => (i === 0 ? UNTRAINED : id));
  const { loss: measured } = await evaluateLanguageModel(model, tokenizer, [{ ids, labels }]);
  expect(Math.abs(measured - run.losses[0]) / run.losses[0], 'measured').toBeLessThan(1e-4);
  const { learningRate, weightDecay } = settings;
  const optimizer = new AdamW(model.parameters(), { learningRate, weightDecay });
  const inputs = tensor(device, run.ids.slice(0, -1), [run.ids.length - 1], 'i32');
  const targets = tensor(device, run.ids.slice(1), [run.ids.length - 1], 'i32');
  expect(run.losses).toHaveLength(20);
  for (const [step, wanted] of run.losses.slice(0, steps).entries()) {
    optimizer.zeroGrad();
    const loss = crossEntropy(model.forward(inputs), targets);
    loss.backward();
    if (step === 0) await compareGradients(factors, run);
    const found = await loss.item();
    expect(Math.abs(found - wanted) / wanted, `step ${step}`).toBeLessThan(1e-4);
    optimizer.step();
  }
  optimizer.dispose();
  model.dispose();
}

async function compareGradients(
  factors: Awaited<ReturnType<typeof adapt>>['factors'],
  { gradients }: Run,
): Promise<void> {
  for (const [path, { loraB }] of factors) {
    const values = (await loraB.grad?.read()) ?? [];
    expect(Math.max(...Array.from(values, Math.abs)), `${path}: B moves`).toBeGreaterThan(0);
  }
  expect(Object.keys(gradients).length).toBeGreaterThanOrEqual(12);
  for (const [name, { largest, every17 }] of Object.entries(gradients)) {
    const [, path, kind] = /^(.*)\.(lora_[AB])$/.exec(name) ?? [];
    const factor = factors.get(path);
    const values = await (kind === 'lora_A' ? factor?.loraA : factor?.loraB)?.grad?.read();
    const worst = every17.map((value, i) => Math.abs((values?.[17 * i] ?? Number.NaN) - value) / largest);
    expect(Math.max(...worst), name).toBeLessThan(1e-4);
  }
}

describe.each(Object.keys(models).filter((name) => name !== 'smollm2'))('%s', (name) => {
  it.each([false, true])(
    'has the gradients and the 20 losses of PEFT, with recomputed blocks: %s',
    async (isAgain) => {
      await compare(await loadLanguageModel(device, folder(name)), models[name], { isAgain });
    },
  );
});

describe.skipIf(!hasRealModel)('SmolLM2', () => {
  it.each([
    ['and the first 8 losses of PEFT, over its packed weights', { isAgain: false, steps: 8 }],
    ['of PEFT, with recomputed blocks', { isAgain: true, steps: 2 }],
  ])('has the gradients %s', { timeout: 300_000 }, async (_, options) => {
    await compare(await loadLanguageModel(device, realModel()), models.smollm2, options);
  });
});
