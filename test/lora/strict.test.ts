/** What loading refuses: all of it at once, and nothing is changed. */
import { describe, expect, it } from 'vitest';
import { loadAdapter, saveAdapter } from '../../src/lora/adapterFile.js';
import { applyLora } from '../../src/lora/applyLora.js';
import type { LoraConfig } from '../../src/lora/config.js';
import { countParameters } from '../../src/lora/countParameters.js';
import { Linear } from '../../src/nn/linear.js';
import { Sequential } from '../../src/nn/sequential.js';
import { parseSafetensors, serializeSafetensors, toFloat32 } from '../../src/safetensors/safetensors.js';
import { wasm } from '../support/devices.js';

const device = await wasm();
const build = () => new Sequential(new Linear(device, 6, 9), new Linear(device, 9, 5));
const MODEL = 'adapter_model.safetensors';
const CONFIG = 'adapter_config.json';

async function saved(config: LoraConfig = {}): Promise<Map<string, Uint8Array>> {
  const model = build();
  await applyLora(model, { rank: 2, alpha: 3, ...config });
  const files = new Map<string, Uint8Array>();
  await saveAdapter(model, files);
  return files;
}

type Tensors = Map<string, { dtype: 'F32'; shape: number[]; data: Float32Array }>;

async function withTensors(change: (tensors: Tensors) => void): Promise<Map<string, Uint8Array>> {
  const files = await saved();
  const tensors: Tensors = new Map();
  for (const [key, tensor] of parseSafetensors(files.get(MODEL) ?? new Uint8Array(), MODEL).tensors) {
    tensors.set(key, { dtype: 'F32', shape: tensor.shape, data: toFloat32(tensor, key) });
  }
  change(tensors);
  return files.set(MODEL, serializeSafetensors(tensors, { format: 'pt' }));
}

async function withConfig(change: Record<string, unknown>): Promise<Map<string, Uint8Array>> {
  const files = await saved();
  const config = JSON.parse(new TextDecoder().decode(files.get(CONFIG)));
  return files.set(CONFIG, new TextEncoder().encode(JSON.stringify({ ...config, ...change })));
}

async function refusal(files: ReadonlyMap<string, Uint8Array>): Promise<string> {
  const model = build();
  const before = JSON.stringify([...(await model.stateDict())].map(([name, { data }]) => [name, [...data]]));
  let message = 'nothing';
  await loadAdapter(model, files, { from: 'dir' }).catch((error: unknown) => {
    expect(error).toHaveProperty('name', 'DataError');
    message = error instanceof Error ? error.message : '';
  });
  const after = JSON.stringify([...(await model.stateDict())].map(([name, { data }]) => [name, [...data]]));
  expect(after).toBe(before);
  expect(countParameters(model)).toMatchObject({ total: 113, trainable: 113 });
  return message;
}

describe('loading an adapter', () => {
  it('lists all that is missing, unexpected and misshapen', async () => {
    const files = await withTensors((tensors) => {
      const moved = tensors.get('base_model.model.0.lora_A.weight');
      tensors.delete('base_model.model.0.lora_A.weight');
      if (moved) tensors.set('model.0.lora_A.weight', moved);
      tensors.set('base_model.model.1.lora_B.weight', {
        dtype: 'F32',
        shape: [2, 5],
        data: new Float32Array(10),
      });
    });
    expect(await refusal(files)).toBe(
      `dir/${MODEL}: missing base_model.model.0.lora_A.weight; ` +
        'base_model.model.1.lora_B.weight must be [5,2]: got [2,5]; unexpected model.0.lora_A.weight',
    );
  });

  it.each([
    [{ peft_type: 'LOHA' }, 'peft_type must be LORA: found "LOHA"'],
    [{ init_lora_weights: 'mica' }, 'init_lora_weights is not supported: "mica"'],
    [
      { init_lora_weights: 'loftq' },
      'init_lora_weights requires a base that PEFT changed, which is not here: "loftq"',
    ],
    ...['pissa_niter_4', 'corda', 'lora_ga'].map(
      (init) =>
        [
          { init_lora_weights: init },
          `init_lora_weights requires a base that PEFT changed, which is not here: "${init}": save it in PEFT with path_initial_model_for_weight_conversion`,
        ] as [Record<string, unknown>, string],
    ),
    [{ layers_to_transform: [0] }, 'layers_to_transform is not supported: [0]'],
    [
      { use_qalora: true, fan_in_fan_out: true },
      'fan_in_fan_out is not supported: true; use_qalora is not supported: true',
    ],
    [{ something_new: 'on' }, 'something_new is not supported: "on"'],
    [
      { r: 'two', bias: 'some' },
      'r must be an integer: found "two"; bias must be none, lora_only or all: found "some"',
    ],
    [{ target_modules: null }, 'target_modules is missing'],
    [
      { target_modules: '(0' },
      'target_modules: not a regular expression that can be matched: a ( has no ): "(0"',
    ],
    [{ target_modules: '8' }, 'no Linear or Embedding module matches "8"'],
    [{ target_modules: [] }, 'target_modules must not be empty'],
    [{ target_modules: ['7'] }, 'no Linear or Embedding module matches 7'],
    [{ r: 0 }, 'rank must be a positive integer: 0'],
    [{ lora_dropout: 1 }, 'dropout must be at least 0 and below 1: 1'],
  ])('refuses %o', async (change, message) => {
    const found = await refusal(await withConfig(change));
    expect(found.startsWith(`dir/${CONFIG}: `)).toBe(true);
    expect(found).toContain(message);
  });

  it('takes keys that it does not know when they are off', async () => {
    const model = build();
    await loadAdapter(model, await withConfig({ something_new: null, other: false, third: {} }));
    expect(countParameters(model).trainable).toBeGreaterThan(0);
  });

  it('refuses files that are not there or not what they claim', async () => {
    const files = await saved();
    expect(await refusal(new Map([[CONFIG, files.get(CONFIG) ?? new Uint8Array()]]))).toBe(
      `dir/${MODEL}: is missing`,
    );
    expect(await refusal(new Map(files).set(CONFIG, new TextEncoder().encode('{')))).toContain('is not JSON');
    expect(await refusal(new Map(files).set(MODEL, new Uint8Array(9)))).toContain(`dir/${MODEL}: `);
  });

  it('takes a rank above both sizes, such as of an update that was written with twice the rank', async () => {
    const model = build();
    const adapter = await loadAdapter(model, await saved({ init: 'pissa', rank: 5 }));
    expect(Array.from(adapter.factors.values(), ({ rank }) => rank)).toEqual([10, 10]);
  });

  it('takes patterns and exclusions that match nothing, as PEFT does', async () => {
    const files = await withConfig({
      rank_pattern: { nothing: 4 },
      alpha_pattern: { 'layers.9': 4 },
      exclude_modules: ['nowhere'],
    });
    const adapter = await loadAdapter(build(), files);
    expect([...adapter.factors.values()].map(({ rank, alpha }) => [rank, alpha])).toEqual([
      [2, 3],
      [2, 3],
    ]);
  });

  it('writes a pattern where a path is also the end of another', async () => {
    const model = new Sequential(new Sequential(new Linear(device, 6, 9)), new Linear(device, 9, 5));
    await applyLora(model, { targetModules: /1/, rank: 2 });
    const files = new Map<string, Uint8Array>();
    await saveAdapter(model, files);
    expect(JSON.parse(new TextDecoder().decode(files.get(CONFIG))).target_modules).toEqual(['1']);
    const nested = new Sequential(new Linear(device, 6, 6), new Sequential(new Linear(device, 6, 9)));
    await applyLora(nested, { targetModules: /0/, rank: 2 });
    await saveAdapter(nested, files);
    expect(JSON.parse(new TextDecoder().decode(files.get(CONFIG))).target_modules).toBe('(0)');
  });
});
