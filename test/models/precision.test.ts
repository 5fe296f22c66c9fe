/** `precision: 'fast'`: its effect, the size of it, and where it is refused. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noGrad } from '../../src/autograd/record.js';
import { PackedRows } from '../../src/data/packedRows.js';
import { applyLora } from '../../src/lora/applyLora.js';
import type { LoraConfig } from '../../src/lora/config.js';
import type { LlamaForCausalLM } from '../../src/models/llama.js';
import { loadLanguageModel } from '../../src/models/load.js';
import { tokenLoss } from '../../src/models/tokenLoss.js';
import { crossEntropy } from '../../src/ops/crossEntropy.js';
import { AdamW } from '../../src/optim/adam.js';
import { type Precision, tensor } from '../../src/tensor.js';
import { fit } from '../../src/train/fit.js';
import { wasm } from '../support/devices.js';
import { hasRealModel, realModel } from '../support/realModel.js';
import { hasWebGpu, webgpu } from '../support/webgpuDevice.js';
import { uniform } from '../torch/generator.js';
import { difference, expected, folder, smollm2 } from './fixtures.js';

const device = await wasm('simd', 2);
afterAll(() => device.dispose());

const load = (options: Parameters<typeof loadLanguageModel>[2]) =>
  loadLanguageModel(device, folder('qwen3'), options);

const ids = Int32Array.from(expected('qwen3').ids);
const logitsOf = (model: LlamaForCausalLM) =>
  noGrad(() => model.forward(tensor(model.device, ids, [ids.length], 'i32'))).read();

/** The loss of predicting each next token, and the gradients of all factors one after the other. */
async function gradients(model: LlamaForCausalLM, tokens: Int32Array, precision: Precision) {
  model.precision = precision;
  const count = tokens.length - 1;
  const [inputs, targets] = [tokens.subarray(0, count), tokens.subarray(1)].map((each) =>
    tensor(model.device, each, [count], 'i32'),
  );
  const loss = crossEntropy(model.forward(inputs), targets);
  loss.backward();
  const trained = model.parameters().filter(({ requiresGrad }) => requiresGrad);
  const read = await Promise.all(trained.map(({ grad }) => grad?.read() ?? new Float32Array()));
  for (const each of trained) each.zeroGrad();
  return { loss: await loss.item(), read };
}

async function adapted(model: LlamaForCausalLM, config: LoraConfig): Promise<LlamaForCausalLM> {
  const { factors } = await applyLora(model, config);
  for (const [i, { loraB }] of [...factors.values()].entries())
    loraB.write(uniform(11 + i, loraB.length, 0.02));
  return model;
}

const norm = (values: ArrayLike<number>) => Math.hypot(...Array.from(values));
const relative = (found: ArrayLike<number>, wanted: ArrayLike<number>) =>
  norm(Array.from(wanted, (value, i) => value - found[i])) / norm(wanted);

describe.each(['q4', 'q8'] as const)('a small model in %s', (weights) => {
  it('is exact by default, and can be changed at any time', async () => {
    const { model } = await load({ weights });
    const { model: told, notes } = await load({ weights, precision: 'fast' });
    expect([model.precision, told.precision, notes]).toEqual(['exact', 'fast', []]);
    const [exact, fast] = [await logitsOf(model), await logitsOf(told)];
    expect(difference(fast, exact)).toBeGreaterThan(1e-7);
    expect(difference(fast, exact)).toBeLessThan(1e-3);
    model.precision = 'fast';
    expect(await logitsOf(model)).toEqual(fast);
    model.precision = 'exact';
    expect(await logitsOf(model)).toEqual(exact);
  });

  it('fastest writes separate rows in 8 bits, where weights have 4', async () => {
    const { model } = await load({ weights });
    const logits: Record<string, ArrayLike<number>> = {};
    for (const precision of ['exact', 'fast', 'fastest'] as const) {
      model.precision = precision;
      const first = noGrad(() => model.forward(tensor(device, ids.subarray(0, 1), [1], 'i32')));
      logits[precision] = await first.read();
      const many = await logitsOf(model);
      model.precision = precision === 'exact' ? 'exact' : 'fast';
      expect(await logitsOf(model), `${precision}: many rows`).toEqual(many);
    }
    if (weights === 'q8') expect(logits.fastest).toEqual(logits.fast);
    else
      expect(difference(logits.fastest, logits.exact)).toBeGreaterThan(difference(logits.fast, logits.exact));
    expect(difference(logits.fastest, logits.exact)).toBeLessThan(0.1);
  });

  it('learns as with exact products', async () => {
    const losses: Record<string, number[]> = {};
    for (const precision of ['exact', 'fast'] as const) {
      const { model } = await load({ weights, precision });
      await applyLora(model, { rank: 4 });
      const rows = new PackedRows(device, [{ ids, labels: ids.map((id, i) => (i < 3 ? -1 : id)) }]);
      const optimizer = new AdamW(model.parameters(), { learningRate: 0.01 });
      const seen: number[] = [];
      await fit(model, rows, {
        ...{ optimizer, epochs: 12, loss: tokenLoss },
        onStep: ({ loss }) => void seen.push(loss),
      });
      losses[precision] = seen;
    }
    expect(losses.fast).toHaveLength(12);
    expect(losses.fast[11]).toBeLessThan(0.8 * losses.fast[0]);
    expect(losses.fast).not.toEqual(losses.exact);
    expect(difference(losses.fast, losses.exact)).toBeLessThan(5e-3);
  });
});

describe('precision', () => {
  it('is refused for an unknown value', async () => {
    const precision = 'half' as Precision;
    await expect(load({ precision })).rejects.toThrow(
      'loadLanguageModel: precision: must be one of exact, fast, fastest: half',
    );
    const { model } = await load({});
    expect(() => {
      model.precision = precision;
    }).toThrow(RangeError);
    expect(model.precision).toBe('exact');
  });

  it('reports when it changes nothing', async () => {
    const { notes } = await load({ weights: 'f32', precision: 'fast' });
    expect(notes).toEqual([
      'precision fast changes nothing: no weights are packed, load them with weights q8 or q4',
    ]);
  });

  it.runIf(hasWebGpu)('is refused by webgpu before anything is loaded', async () => {
    const gpu = await webgpu();
    const loading = loadLanguageModel(gpu, folder('qwen3'), { weights: 'q8', precision: 'fast' });
    await expect(loading).rejects.toThrow('webgpu has no integer products: use exact, or the device wasm');
    expect(gpu.memory().liveStorages).toBe(0);
  });
});

describe.skipIf(!hasRealModel)('SmolLM2', () => {
  let model: LlamaForCausalLM;
  const tokens = Int32Array.from(hasRealModel ? smollm2().prompts.flatMap((each) => each.ids) : []);
  beforeAll(async () => {
    ({ model } = await loadLanguageModel(device, realModel()));
    await adapted(model, { rank: 8, alpha: 16 });
  });

  it('has the loss of the exact products within 2e-4, and the gradient of each factor within 6e-3', async () => {
    const some = tokens.subarray(0, 60);
    expect(some).toHaveLength(60);
    const exact = await gradients(model, some, 'exact');
    const fast = await gradients(model, some, 'fast');
    expect(exact.read).toHaveLength(420);
    expect(fast.loss).not.toBe(exact.loss);
    expect(Math.abs(fast.loss / exact.loss - 1)).toBeLessThan(2e-4);
    const each = exact.read.map((values, i) => relative(fast.read[i], values));
    expect(Math.max(...each)).toBeLessThan(6e-3);
    // Rounded to 8 bits, activations would give 5e-2.
    expect(Math.max(...each)).toBeGreaterThan(1e-4);
  });
});
