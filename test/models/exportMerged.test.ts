/** Merged models as files: models loaded from them give the logits of base and adapter. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import '../../src/node/paths.js';
import { noGrad } from '../../src/autograd/record.js';
import { Random } from '../../src/base/random.js';
import { bytesSource } from '../../src/files/byteSource.js';
import { openGguf } from '../../src/gguf/open.js';
import { adaptationOf } from '../../src/lora/adaptation.js';
import { setActiveAdapters } from '../../src/lora/adapters.js';
import { applyLora } from '../../src/lora/applyLora.js';
import type { LoraConfig } from '../../src/lora/config.js';
import { merge } from '../../src/lora/merge.js';
import { type ExportMergedOptions, exportMerged } from '../../src/models/exportMerged.js';
import { LlamaForCausalLM } from '../../src/models/llama.js';
import { llamaWeights } from '../../src/models/llamaWeights.js';
import { loadLanguageModel } from '../../src/models/load.js';
import { parameter, tensor } from '../../src/tensor.js';
import { wasm } from '../support/devices.js';
import { difference, expected, folder, GGUF_MODELS, ggufBytes, MODELS } from './fixtures.js';

const device = await wasm();
afterAll(() => device.dispose());

const ALL = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'];
const gguf = (name: string) => new Blob([ggufBytes(name).slice()]);

/** Loads a model and puts an adapter on it whose B is not zero. */
async function adapted(from: Map<string, Uint8Array> | Blob, config: LoraConfig = {}, weights?: 'q4' | 'q8') {
  const loaded = await loadLanguageModel(device, from, weights ? { weights } : {});
  await addAdapter(loaded.model, config);
  return loaded;
}

async function addAdapter(model: LlamaForCausalLM, config: LoraConfig, name = 'default') {
  const adapter = await applyLora(model, { rank: 4, alpha: 6, targetModules: ALL, ...config }, name);
  const random = new Random(name.length);
  for (const each of adapter.parameters()) {
    const values = Float32Array.from(await each.read());
    each.write(values.map((value) => value + 0.15 * random.normal()));
  }
}

function logitsOf(model: LlamaForCausalLM, ids: Int32Array): Promise<ArrayLike<number>> {
  return noGrad(() => model.forward(tensor(device, ids, [ids.length], 'i32'))).read();
}

type Files = Map<string, Uint8Array>;
const json = (files: Files, name: string) =>
  JSON.parse(new TextDecoder().decode(files.get(name) ?? new Uint8Array()));

/** Exports, loads the written files, and compares both models' logits. */
async function roundTrip(model: LlamaForCausalLM, name: string, options: ExportMergedOptions) {
  const { ids, logits } = expected(name);
  const own = await logitsOf(model, ids);
  const files: Files = new Map();
  const report = await exportMerged(model, files, options);
  expect([...files.keys()]).toEqual(report.files);
  // The model is unchanged.
  expect(await logitsOf(model, ids)).toEqual(own);
  const written = files.get('model.gguf');
  const again = await loadLanguageModel(device, written ? new Blob([written.slice()]) : files);
  const found = await logitsOf(again.model, ids);
  const result = { files, report, again, gap: difference(found, own), change: difference(own, logits) };
  again.model.dispose();
  return result;
}

describe.each(['safetensors', 'gguf'] as const)('exportMerged as %s in F32', (format) => {
  const options = { format, dtype: 'F32' } as const;

  it.each(MODELS)('%s from its folder', async (name) => {
    const { model, tokenizer } = await adapted(folder(name));
    const { gap, change, report, again } = await roundTrip(model, name, options);
    expect(gap).toBeLessThan(1e-5);
    expect(change).toBeGreaterThan(0.02);
    expect(report).toMatchObject({ difference: 0, tensor: undefined });
    const window =
      'llama.cpp has no sliding window for this architecture: it is the same model up to 7 tokens';
    expect(report.notes).toEqual(format === 'gguf' && name === 'mistral' ? [window] : []);
    const text = 'the sea had 12 fish\n and <one>';
    expect(again.tokenizer.encode(text)).toEqual(tokenizer.encode(text));
    expect([again.tokenizer.bosId, again.tokenizer.eosIds]).toEqual([tokenizer.bosId, tokenizer.eosIds]);
    expect(again.tokenizer.chatTemplate).toBe(tokenizer.chatTemplate);
    model.dispose();
  });

  it.each(GGUF_MODELS)('%s from GGUF', async (name) => {
    const { model, tokenizer } = await adapted(gguf(name));
    const { gap, change, again } = await roundTrip(model, name, options);
    expect(gap).toBeLessThan(1e-5);
    expect(change).toBeGreaterThan(0.02);
    const text = 'the sea had 12 fish\n and <one>';
    expect(again.tokenizer.encode(text)).toEqual(tokenizer.encode(text));
    expect(again.tokenizer.eosIds).toEqual(tokenizer.eosIds);
    model.dispose();
  });

  it.each<[string, string, LoraConfig]>([
    ['DoRA', 'llama', { useDora: true }],
    ['PiSSA', 'qwen3', { init: 'pissa' }],
    ['rsLoRA with different ranks', 'qwen2', { useRslora: true, rankPattern: { q_proj: 2 } }],
    ['biases', 'llama3', { bias: 'all' }],
    ['biases of B', 'llama3', { targetModules: ALL, loraBias: true }],
    ['whole modules', 'llama3', { modulesToSave: ['norm', 'lm_head'] }],
    ['a parametrization', 'llama', { method: 'parametrization' }],
    ['a separate embedding and head', 'llama3', { targetModules: ['embed_tokens', 'lm_head'] }],
  ])('%s', async (_, name, config) => {
    const { model } = await adapted(folder(name), config);
    const { gap, change } = await roundTrip(model, name, options);
    expect(gap).toBeLessThan(1e-5);
    expect(change).toBeGreaterThan(0.01);
    model.dispose();
  });

  it.each(['lm_head', 'embed_tokens'])('unties a model whose %s an adapter has changed', async (module) => {
    const { model } = await adapted(folder('llama'), { targetModules: [module] });
    const { gap, change, again } = await roundTrip(model, 'llama', options);
    expect(gap).toBeLessThan(1e-5);
    expect(change).toBeGreaterThan(0.02);
    expect(again.model.config.tied).toBe(false);
    model.dispose();
  });

  it('has the active adapters, including merged ones, and only the base without any', async () => {
    const { model } = await adapted(folder('qwen2'));
    await addAdapter(model, { targetModules: ['q_proj'] }, 'second');
    setActiveAdapters(model, ['default', 'second']);
    const both = await roundTrip(model, 'qwen2', options);
    await merge(model);
    const merged = await roundTrip(model, 'qwen2', options);
    expect(both.gap).toBeLessThan(1e-5);
    expect(merged.gap).toBeLessThan(1e-5);
    model.dispose();
    const { model: other } = await adapted(folder('qwen2'));
    for (const adapter of adaptationOf(other, 'test').adapters.values()) adapter.enabled = false;
    const base = await roundTrip(other, 'qwen2', options);
    expect([base.gap < 1e-6, base.change < 1e-5]).toEqual([true, true]);
    other.dispose();
  });

  it('decodes a packed base, and merges it in f32', async () => {
    const { model } = await adapted(folder('qwen3'), {}, 'q4');
    const [layer] = adaptationOf(model, 'test').layers.values();
    expect(layer.baseWeight.dtype).toBe('q4');
    const { gap, change } = await roundTrip(model, 'qwen3', options);
    expect(gap).toBeLessThan(1e-5);
    expect(change).toBeGreaterThan(0.02);
    model.dispose();
  });

  it('decodes a packed embedding that an adapter has changed', async () => {
    const { model } = await adapted(folder('qwen3'), { targetModules: ['embed_tokens'] }, 'q8');
    const { gap, change } = await roundTrip(model, 'qwen3', options);
    expect(gap).toBeLessThan(1e-5);
    expect(change).toBeGreaterThan(0.02);
    model.dispose();
  });

  it('leaves no memory behind', async () => {
    const { model } = await adapted(folder('llama'), { useDora: true });
    await exportMerged(model, new Map(), options);
    const before = device.memory().liveBytes;
    await exportMerged(model, new Map(), options);
    expect(device.memory().liveBytes).toBe(before);
    model.dispose();
  });

  it('refuses values that are not finite, and leaves the previous files', async () => {
    const { model } = await adapted(folder('llama'));
    const [factors] = adaptationOf(model, 'test').adapter('default', 'test').factors.values();
    factors.loraB.write(new Float32Array(factors.loraB.length).fill(Number.NaN));
    const files: Files = new Map([['config.json', Uint8Array.of(1)]]);
    const refused = exportMerged(model, files, options);
    await expect(refused).rejects.toThrow(
      new RangeError('exportMerged: model.layers.0.self_attn.q_proj.weight: must be finite: NaN'),
    );
    expect(files).toEqual(new Map([['config.json', Uint8Array.of(1)]]));
    model.dispose();
  });
});

describe('exportMerged', () => {
  it.each<['safetensors' | 'gguf', ExportMergedOptions['dtype'], least: number, most: number]>([
    ['safetensors', 'F16', 1e-5, 1e-3],
    ['safetensors', 'BF16', 1e-4, 5e-3],
    ['gguf', 'F16', 1e-5, 1e-3],
    ['gguf', 'BF16', 1e-4, 5e-3],
    ['gguf', 'Q8_0', 1e-3, 5e-3],
  ])('%s rounds to %s, and reports how much', async (format, dtype, least, most) => {
    const { model } = await adapted(folder('qwen3'));
    const { gap, report } = await roundTrip(model, 'qwen3', { format, dtype });
    expect(gap).toBeGreaterThan(0);
    expect(gap).toBeLessThan(20 * most);
    expect(report.difference).toBeGreaterThan(least);
    expect(report.difference).toBeLessThan(most);
    expect(report.tensor).toMatch(/^(model|lm_head)\..*weight$/);
    model.dispose();
  });

  it('keeps the metadata of the GGUF file, with their types, and states the type of this one', async () => {
    const { model } = await adapted(gguf('llama3'));
    const { files } = await roundTrip(model, 'llama3', { format: 'gguf', dtype: 'BF16' });
    const [before, after] = await Promise.all(
      [ggufBytes('llama3'), files.get('model.gguf') ?? new Uint8Array()].map((bytes) =>
        openGguf(bytesSource(bytes), 'model.gguf'),
      ),
    );
    const wanted = new Map(before.entries);
    wanted.set('general.file_type', { type: 'u32', value: 32 });
    wanted.set('general.quantization_version', { type: 'u32', value: 2 });
    expect(new Map(after.entries)).toEqual(wanted);
    expect([...after.tensors.keys()].sort()).toEqual([...before.tensors.keys()].sort());
    const types = Array.from(after.tensors.values(), ({ shape, type }) => `${shape.length} ${type}`);
    expect(new Set(types)).toEqual(new Set(['1 F32', '2 BF16']));
    model.dispose();
  });

  it('writes rows that are not whole blocks as F16, and reports it', async () => {
    const { model } = await adapted(folder('llama'));
    const { report, files } = await roundTrip(model, 'llama', { format: 'gguf', dtype: 'Q8_0' });
    expect(report.notes).toEqual(['15 matrices are F16: their rows are not whole blocks of Q8_0']);
    const { tensors } = await openGguf(bytesSource(files.get('model.gguf') ?? new Uint8Array()), '');
    expect(tensors.get('blk.0.ffn_down.weight')?.type).toBe('F16');
    model.dispose();
  });

  it('has the same number of tokens and rows, with unused tokens where the tokenizer has none', async () => {
    const { model, tokenizer } = await adapted(folder('llama'));
    const { files } = await roundTrip(model, 'llama', { format: 'gguf' });
    const { metadata } = await openGguf(bytesSource(files.get('model.gguf') ?? new Uint8Array()), '');
    const [tokens, types] = ['tokens', 'token_type'].map((key) => metadata.get(`tokenizer.ggml.${key}`));
    const { vocabularySize } = tokenizer;
    expect((tokens as string[]).slice(vocabularySize - 1)).toEqual([
      tokenizer.tokenOf(vocabularySize - 1),
      ...Array.from({ length: 301 - vocabularySize }, (_, i) => `[PAD${vocabularySize + i}]`),
    ]);
    expect([types?.[0 as never], types?.[2 as never], types?.[300 as never]]).toEqual([3, 1, 5]);
    expect(metadata.get('tokenizer.ggml.pre')).toBe('smollm');
    expect(metadata.get('tokenizer.ggml.add_bos_token')).toBe(false);
    model.dispose();
  });

  it('writes the rotary settings in both spellings, and numbers of f32 in their shortest form', async () => {
    const { model } = await adapted(gguf('llama3'));
    const { files } = await roundTrip(model, 'llama3', { format: 'safetensors' });
    const scaling = {
      factor: 4,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 16,
    };
    expect(json(files, 'config.json')).toMatchObject({
      architectures: ['LlamaForCausalLM'],
      rms_norm_eps: 1e-6,
      rope_theta: 10000,
      rope_scaling: { rope_type: 'llama3', type: 'llama3', ...scaling },
      rope_parameters: { rope_type: 'llama3', rope_theta: 10000, ...scaling },
      attention_bias: true,
      mlp_bias: true,
      tie_word_embeddings: false,
      dtype: 'float32',
    });
    model.dispose();
  });

  it('copies the files of a folder unchanged, and makes those of a GGUF file', async () => {
    const from = folder('qwen2');
    const { model } = await adapted(from);
    const { files } = await roundTrip(model, 'qwen2', { format: 'safetensors' });
    for (const name of from.keys())
      if (!/^(config\.json|model\.)/.test(name)) expect(files.get(name)).toEqual(from.get(name));
    model.dispose();
    const { model: other } = await adapted(gguf('qwen2'));
    const { files: made } = await roundTrip(other, 'qwen2', { format: 'safetensors' });
    expect(json(made, 'tokenizer_config.json')).toMatchObject({
      bos_token: '<|start|>',
      eos_token: '<|end|>',
    });
    expect(json(made, 'generation_config.json')).toMatchObject({ bos_token_id: 0, eos_token_id: 1 });
    other.dispose();
  });

  it('refuses unknown formats and types, and a type whose range is too small', async () => {
    const { model } = await adapted(folder('llama'));
    const refusal = (options: object) =>
      exportMerged(model, new Map(), options as ExportMergedOptions).catch((error) => error.message);
    expect(await refusal({})).toBe('exportMerged: format must be safetensors or gguf: undefined');
    expect(await refusal({ format: 'safetensors', dtype: 'Q8_0' })).toBe(
      'exportMerged: dtype must be one of F32, F16, BF16: Q8_0',
    );
    expect(await refusal({ format: 'gguf', dtype: 'Q4_1' })).toContain('F32, F16, BF16, Q8_0: Q4_1');
    expect(await refusal({ format: 'safetensors', file: 'x' })).toContain('file applies only to format gguf');
    const [factors] = adaptationOf(model, 'test').adapter('default', 'test').factors.values();
    factors.loraB.write(new Float32Array(factors.loraB.length).fill(1e7));
    expect(await refusal({ format: 'gguf', dtype: 'F16' })).toMatch(
      /^exportMerged: model\.layers\.0\.self_attn\.q_proj\.weight: F16 does not hold \d+.*: use F32 or BF16$/,
    );
    model.dispose();
  });

  it('refuses settings that a config.json, or llama.cpp, cannot state', async () => {
    const of = (change: object) => modelOf({ ...config, ...change });
    const { config } = (await loadLanguageModel(device, folder('qwen2'))).model;
    const message = (model: LlamaForCausalLM, format: 'safetensors' | 'gguf') =>
      exportMerged(model, new Map(), { format }).catch((error) => error.message);
    expect(await message(of({ outputBias: true }), 'safetensors')).toContain(
      'config.json of qwen2 has no setting for these biases: q, k, v true, output true, feed-forward false: use format gguf',
    );
    expect(await message(of({ slidingWindow: 7 }), 'safetensors')).toContain('no sliding window');
    const factors = Float32Array.from({ length: config.headDim / 2 }, (_, i) => 1 + (i % 3));
    const rope = { theta: 10000, scaling: { type: 'factors', factors } };
    expect(await message(of({ rope }), 'gguf')).toContain('no rope_freqs in models of architecture qwen2');
    expect(await message(of({ rope }), 'safetensors')).toContain('not those of Llama 3: use format gguf');
  });

  it('writes a model that was not loaded from files without a tokenizer, and reports it', async () => {
    const { config } = (await loadLanguageModel(device, folder('qwen2'))).model;
    for (const format of ['safetensors', 'gguf'] as const) {
      const files: Files = new Map();
      const { notes } = await exportMerged(modelOf(config), files, { format });
      expect(notes).toEqual(['no tokenizer is written: the model was not loaded from files']);
    }
  });

  it.each(['safetensors', 'gguf'] as const)(
    'reports the bytes of %s that are made, up to all',
    async (format) => {
      const { model } = await adapted(folder('llama'));
      const calls: (readonly [done: number, total: number])[] = [];
      const onBytes = (done: number, total: number) => calls.push([done, total]);
      const files: Files = new Map();
      await exportMerged(model, files, { format, dtype: 'F32', onBytes });
      const weights = llamaWeights(model.config);
      const numbers = [...weights.values()].map(({ shape }) => shape.reduce((a, b) => a * b, 1));
      const total = 4 * numbers.reduce((a, b) => a + b, 0);
      expect(calls).toHaveLength(weights.size);
      expect(calls.every(([, all]) => all === total)).toBe(true);
      expect(calls.map(([done]) => done)).toEqual(calls.map(([done]) => done).sort((a, b) => a - b));
      expect(calls.at(-1)?.[0]).toBe(total);
      model.dispose();
    },
  );

  it('ends on a signal, and leaves the previous files', async () => {
    const { model } = await adapted(folder('llama'));
    const controller = new AbortController();
    const files: Files = new Map([['config.json', Uint8Array.of(1)]]);
    let calls = 0;
    const onBytes = () => {
      if (++calls === 3) controller.abort(new Error('enough'));
    };
    const { signal } = controller;
    await expect(exportMerged(model, files, { format: 'safetensors', onBytes, signal })).rejects.toThrow(
      'enough',
    );
    expect(calls).toBe(3);
    expect([...files]).toEqual([['config.json', Uint8Array.of(1)]]);
    model.dispose();
  });

  it('replaces files of a directory as one unit, or writes the one file of a path', async () => {
    const root = await mkdtemp(join(tmpdir(), 'lowrank-export-'));
    try {
      const { model } = await adapted(folder('llama'));
      const { ids } = expected('llama');
      const own = await logitsOf(model, ids);
      await exportMerged(model, join(root, 'folder'), { format: 'safetensors' });
      await exportMerged(model, join(root, 'one', 'merged.gguf'), { format: 'gguf', dtype: 'F32' });
      expect(await readdir(join(root, 'one'))).toEqual(['merged.gguf']);
      for (const path of ['folder', 'one/merged.gguf']) {
        const again = await loadLanguageModel(device, join(root, path));
        expect(difference(await logitsOf(again.model, ids), own)).toBeLessThan(1e-5);
        again.model.dispose();
      }
      const before = await readFile(join(root, 'folder', 'model.safetensors'));
      const names = (await readdir(join(root, 'folder'))).sort();
      const factors = [...adaptationOf(model, 'test').adapter('default', 'test').factors.values()];
      factors[9].loraB.write(new Float32Array(factors[9].loraB.length).fill(Number.NaN));
      await expect(exportMerged(model, join(root, 'folder'), { format: 'safetensors' })).rejects.toThrow(
        'must be finite: NaN',
      );
      expect(await readFile(join(root, 'folder', 'model.safetensors'))).toEqual(before);
      expect((await readdir(join(root, 'folder'))).sort()).toEqual(names);
      model.dispose();
    } finally {
      await rm(root, { recursive: true });
    }
  });
});

/** A model of random weights that was not loaded. */
function modelOf(config: LlamaForCausalLM['config']): LlamaForCausalLM {
  const random = new Random(4);
  const shapes = llamaWeights(config);
  return new LlamaForCausalLM(device, config, (name) => {
    const shape = shapes.get(name)?.shape ?? [];
    const length = shape.reduce((product, size) => product * size, 1);
    return parameter(
      device,
      Float32Array.from({ length }, () => random.normal()),
      shape,
    );
  });
}
