/** Every kind of adapter over the packed weights of a language model: the base stays unchanged, bit for bit. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noGrad } from '../../src/autograd/record.js';
import { PackedRows } from '../../src/data/packedRows.js';
import { loadAdapter, saveAdapter } from '../../src/lora/adapterFile.js';
import { withAdapterDisabled } from '../../src/lora/adapters.js';
import { applyLora } from '../../src/lora/applyLora.js';
import type { LoraConfig } from '../../src/lora/config.js';
import { merge, mergeAndUnload, unloadAdapters } from '../../src/lora/merge.js';
import type { LlamaForCausalLM } from '../../src/models/llama.js';
import { loadLanguageModel } from '../../src/models/load.js';
import { tokenLoss } from '../../src/models/tokenLoss.js';
import { AdamW } from '../../src/optim/adam.js';
import { tensor } from '../../src/tensor.js';
import type { TokenExample } from '../../src/text/examples.js';
import { fit } from '../../src/train/fit.js';
import { wasm } from '../support/devices.js';
import { difference, expected, folder } from './fixtures.js';

const device = await wasm();
afterAll(() => device.dispose());

const KINDS: readonly (readonly [string, LoraConfig])[] = [
  ['LoRA', {}],
  ['rsLoRA', { useRslora: true }],
  ['patterns', { rankPattern: { 'layers.1.self_attn.q_proj': 5, up_proj: 3 }, alphaPattern: { v_proj: 2 } }],
  ['dropout', { dropout: 0.2 }],
  ['DoRA', { useDora: true }],
  ['DoRA with dropout', { useDora: true, dropout: 0.2 }],
  ['PiSSA', { init: 'pissa' }],
  ['PiSSA by random columns', { init: 'pissa_niter_4' }],
  ['PiSSA with rsLoRA and patterns', { init: 'pissa', useRslora: true, rankPattern: { k_proj: 2 } }],
  ['PiSSA with DoRA', { init: 'pissa', useDora: true }],
  ['OLoRA', { init: 'olora' }],
];

const examples: TokenExample[] = Array.from({ length: 4 }, (_, n) => {
  const ids = Int32Array.from({ length: 9 + 5 * n }, (__, i) => (31 * n + 7 * i * i + i) % 290);
  return { ids, labels: ids.map((id, i) => (i >= ids.length - 6 ? id : -1)) };
});
const { ids } = expected('qwen3');

const packed = async () => (await loadLanguageModel(device, folder('qwen3'), { weights: 'q4' })).model;

const untouched = await packed();
const numbers = await untouched.stateDict();

/** The numbers of the packed weights, in f32. */
async function wide(): Promise<LlamaForCausalLM> {
  const { model } = await loadLanguageModel(device, folder('qwen3'), { weights: 'f32' });
  model.loadStateDict(numbers);
  return model;
}

const logitsOf = (model: LlamaForCausalLM) =>
  noGrad(() => model.forward(tensor(device, ids, [ids.length], 'i32'))).read();

async function train(model: LlamaForCausalLM): Promise<void> {
  const optimizer = new AdamW(model.parameters(), { learningRate: 0.01 });
  await fit(model, new PackedRows(device, examples), { optimizer, epochs: 6, loss: tokenLoss });
  optimizer.dispose();
}

const bytesOf = (values: ArrayBufferView) => Buffer.from(values.buffer, values.byteOffset, values.byteLength);

const base = await logitsOf(untouched);

describe.each(KINDS)('%s over packed weights', (_, kind) => {
  const config: LoraConfig = { rank: 4, alpha: 6, ...kind };
  const files = new Map<string, Uint8Array>();
  let model: LlamaForCausalLM;
  let initial: ArrayLike<number>;
  let trained: ArrayLike<number>;

  beforeAll(async () => {
    model = await packed();
    const { factors } = await applyLora(model, config);
    expect(factors.size).toBe(14);
    initial = await logitsOf(model);
    await train(model);
    trained = await logitsOf(model);
    await saveAdapter(model, files);
  });
  afterAll(() => model.dispose());

  it('initially equals the base', () => {
    expect(difference(initial, base)).toBeLessThan(1e-5);
    expect(difference(trained, base)).toBeGreaterThan(1e-2);
  });

  it('leaves the base unchanged', async () => {
    expect(await withAdapterDisabled(model, () => logitsOf(model))).toEqual(base);
    // Paths are compared without the parts of wrappers.
    const now = new Map(
      Array.from(model.namedTensors(), ([name, each]) => [name.replace('.base.', '.'), each]),
    );
    for (const [name, wanted] of untouched.namedTensors()) {
      const found = now.get(name);
      expect(found?.dtype).toBe(wanted.dtype);
      const values = (await found?.read()) ?? new Float32Array();
      expect(bytesOf(values).equals(bytesOf(await wanted.read())), name).toBe(true);
    }
    expect(now.get('model.layers.0.mlp.up_proj.weight')?.dtype).toBe('q4');
  });

  it('is saved and loaded, over packed weights and over the same numbers in f32', async () => {
    for (const make of [packed, wide]) {
      const other = await make();
      await loadAdapter(other, files);
      expect(difference(await logitsOf(other), trained)).toBeLessThan(1e-5);
      other.dispose();
    }
  });

  it('is not merged into them, and is removed without a trace', async () => {
    const refusal =
      'merge: model.layers.0.self_attn.q_proj is q4, which would lose most of the update: write a merged model with exportMerged, or load the weights as f32';
    await expect(merge(model)).rejects.toThrow(refusal);
    await expect(mergeAndUnload(model)).rejects.toThrow(refusal);
    expect(await logitsOf(model)).toEqual(trained);
    unloadAdapters(model);
    expect(await logitsOf(model)).toEqual(base);
  });
});

describe('a file of PEFT whose factors began with the weight', () => {
  it.each(['pissa', 'olora'] as const)(
    '%s: their initial values are computed again from packed weights',
    async (init) => {
      const config: LoraConfig = { rank: 4, alpha: 6 };
      // PEFT saves this by default: B and A of the residual base's adapter.
      const source = await wide();
      const { factors } = await applyLora(source, { ...config, init });
      await train(source);
      const trained = await logitsOf(source);
      const carrier = await wide();
      const base = await logitsOf(carrier);
      const plain = await applyLora(carrier, config);
      for (const [path, { loraA, loraB }] of plain.factors) {
        const from = factors.get(path);
        loraA.write((await from?.loraA.read()) ?? []);
        loraB.write((await from?.loraB.read()) ?? []);
      }
      const files = new Map<string, Uint8Array>();
      await saveAdapter(carrier, files);
      const name = 'adapter_config.json';
      const json = JSON.parse(new TextDecoder().decode(files.get(name)));
      files.set(name, new TextEncoder().encode(JSON.stringify({ ...json, init_lora_weights: init })));
      const model = await packed();
      const { notes } = await loadAdapter(model, files);
      expect(notes).toEqual([
        `init_lora_weights "${init}" begins with a part of the base's weights, which are q4 here: the adapter is right only if it was trained over the same numbers`,
      ]);
      expect(difference(await logitsOf(model), trained)).toBeLessThan(1e-5);
      expect(difference(trained, base)).toBeGreaterThan(1e-2);
      for (const each of [source, carrier, model]) each.dispose();
    },
  );
});
