/** Adapters as GGUF files, read back and applied by llama.cpp's formula on top of the GGUF base's own rows. */
import { afterAll, describe, expect, it } from 'vitest';
import { noGrad } from '../../src/autograd/record.js';
import { Random } from '../../src/base/random.js';
import { bytesSource } from '../../src/files/byteSource.js';
import type { FileStore } from '../../src/files/fileStore.js';
import { dequantize } from '../../src/gguf/blocks.js';
import { type OpenedGguf, openGguf } from '../../src/gguf/open.js';
import { ggufParts, type WritableGgufTensor } from '../../src/gguf/write.js';
import { adaptationOf } from '../../src/lora/adaptation.js';
import { setAdapterScale } from '../../src/lora/adapters.js';
import { applyLora } from '../../src/lora/applyLora.js';
import type { LoraConfig } from '../../src/lora/config.js';
import type { LoraFactors } from '../../src/lora/factors.js';
import { adapterGgufParts, exportAdapterGguf } from '../../src/models/exportAdapterGguf.js';
import type { LlamaForCausalLM } from '../../src/models/llama.js';
import { loadLanguageModel } from '../../src/models/load.js';
import { tensor } from '../../src/tensor.js';
import { wasm } from '../support/devices.js';
import { difference, expected, folder, ggufBytes } from './fixtures.js';

const device = await wasm();
afterAll(() => device.dispose());

const ALL = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'];

async function adapted(name: string, config: LoraConfig): Promise<LlamaForCausalLM> {
  const { model } = await loadLanguageModel(device, folder(name));
  await changed(model, config);
  return model;
}

/** An adapter whose B is not zero. */
async function changed(model: LlamaForCausalLM, config: LoraConfig, name = 'default'): Promise<void> {
  const adapter = await applyLora(model, { rank: 4, alpha: 6, ...config }, name);
  const random = new Random(3);
  for (const { loraA, loraB } of adapter.factors.values())
    for (const each of [loraA, loraB])
      each.write(Float32Array.from({ length: each.length }, () => 0.15 * random.normal()));
}

async function exported(model: LlamaForCausalLM, options = {}): Promise<OpenedGguf> {
  const files = new Map<string, Uint8Array>();
  await exportAdapterGguf(model, files, options);
  return openGguf(bytesSource(files.get('adapter.gguf') ?? new Uint8Array()), 'adapter.gguf');
}

function logitsOf(model: LlamaForCausalLM, ids: Int32Array): Promise<ArrayLike<number>> {
  return noGrad(() => model.forward(tensor(device, ids, [ids.length], 'i32'))).read();
}

async function valuesOf(opened: OpenedGguf, name: string) {
  const found = opened.tensors.get(name);
  if (!found) throw new Error(`no ${name}`);
  const [rows, columns] = found.shape;
  return { rows, columns, data: dequantize(found.type, await found.read(), rows * columns, name) };
}

/** The base's file with `W + alpha / rank · B A` in place of each W that the adapter names, as llama.cpp computes it. */
async function merged(name: string, adapter: OpenedGguf): Promise<Blob> {
  const base = await openGguf(bytesSource(ggufBytes(name)), name);
  const alpha = adapter.metadata.get('adapter.lora.alpha') as number;
  const tensors: WritableGgufTensor[] = [];
  const unused = new Set(adapter.tensors.keys());
  for (const { name: key, shape, type, byteLength, read } of base.tensors.values()) {
    if (!unused.has(`${key}.lora_a`)) {
      tensors.push({ name: key, shape, type, byteLength, bytes: await read() });
      continue;
    }
    const [w, a, b] = await Promise.all([
      valuesOf(base, key),
      valuesOf(adapter, `${key}.lora_a`),
      valuesOf(adapter, `${key}.lora_b`),
    ]);
    unused.delete(`${key}.lora_a`);
    unused.delete(`${key}.lora_b`);
    const isTable = key === 'token_embd.weight';
    const rank = b.columns;
    expect(isTable ? [a.rows, a.columns, b.rows] : [b.rows, a.rows, a.columns]).toEqual(
      isTable ? [w.rows, rank, w.columns] : [w.rows, rank, w.columns],
    );
    const scale = alpha === 0 ? 1 : alpha / rank;
    const out = Float32Array.from(w.data, (value, i) => {
      const [row, column] = [Math.floor(i / w.columns), i % w.columns];
      let sum = 0;
      for (let k = 0; k < rank; k++)
        sum += isTable
          ? b.data[column * rank + k] * a.data[row * rank + k]
          : b.data[row * rank + k] * a.data[k * w.columns + column];
      return value + scale * sum;
    });
    tensors.push({
      name: key,
      shape,
      type: 'F32',
      byteLength: out.byteLength,
      bytes: new Uint8Array(out.buffer),
    });
  }
  expect([...unused]).toEqual([]);
  const parts: Uint8Array[] = [];
  for await (const part of ggufParts({ metadata: base.entries, tensors })) parts.push(part);
  return new Blob(parts.map((part) => part.slice()));
}

interface Hooks {
  /** Called before this model's own logits are computed. */
  readonly first?: (model: LlamaForCausalLM) => void;
  /** Called between these and the export. */
  readonly between?: (model: LlamaForCausalLM) => void;
}

/** Distance of the adapter in llama.cpp from the adapter here, and of that from the base. */
async function compare(name: string, config: LoraConfig, { first, between }: Hooks = {}) {
  const model = await adapted(name, config);
  first?.(model);
  const { ids, logits } = expected(name);
  const own = await logitsOf(model, ids);
  between?.(model);
  const opened = await exported(model);
  const { model: other } = await loadLanguageModel(device, await merged(name, opened));
  const found = await logitsOf(other, ids);
  model.dispose();
  other.dispose();
  return { opened, gap: difference(found, own), change: difference(own, logits) };
}

const CASES: readonly [string, string, LoraConfig, alpha: number][] = [
  ['llama, whose rows of q and k are permuted, with fewer key heads', 'llama', {}, 6],
  ['llama3, with biases', 'llama3', {}, 6],
  ['qwen2, whose rows are not', 'qwen2', {}, 6],
  ['qwen3', 'qwen3', {}, 6],
  ['different ranks', 'llama', { rankPattern: { q_proj: 2, 'mlp.down_proj': 5 } }, 6],
  ['different alphas', 'llama', { alphaPattern: { q_proj: 2, 'mlp.down_proj': -5 } }, 2],
  ['rsLoRA, whose alpha is α√r', 'llama', { useRslora: true }, 12],
  ['rsLoRA with different ranks', 'qwen2', { useRslora: true, rankPattern: { q_proj: 1, up_proj: 9 } }, 6],
  ['a head that is not tied', 'llama3', { targetModules: ['lm_head', 'q_proj'] }, 6],
  ['an embedding, whose A lies transposed', 'llama3', { targetModules: ['embed_tokens', 'k_proj'] }, 6],
  ['PiSSA, with twice the rank', 'llama', { init: 'pissa' }, 12],
  ['OLoRA with rsLoRA', 'qwen3', { init: 'olora', useRslora: true }, 24],
];

describe('exportAdapterGguf', () => {
  it.each(CASES)('%s', async (_, name, config, alpha) => {
    const { opened, gap, change } = await compare(name, { targetModules: ALL, ...config });
    expect(gap).toBeLessThan(1e-5);
    expect(change).toBeGreaterThan(0.02);
    expect(opened.metadata.get('adapter.lora.alpha')).toBeCloseTo(alpha, 5);
  });

  it('takes an alpha of 0, which is a scale of 1 in llama.cpp, for an update of 0', async () => {
    const one = await compare(
      'llama',
      { targetModules: ALL },
      { first: (model) => factorsOf(model)[0].setAlpha(0, false) },
    );
    expect(one.gap).toBeLessThan(1e-5);
    expect(one.opened.metadata.get('adapter.lora.alpha')).toBe(6);
    const all = await compare(
      'llama',
      { targetModules: ALL },
      { first: (model) => factorsOf(model).map((each) => each.setAlpha(0, false)) },
    );
    expect(all.gap).toBeLessThan(1e-6);
    expect(all.opened.metadata.get('adapter.lora.alpha')).toBe(1);
  });

  it('leaves out a factor of setAdapterScale', async () => {
    const between = (model: LlamaForCausalLM) => setAdapterScale(model, 'default', 0.25);
    const { gap } = await compare('qwen2', { targetModules: ALL }, { between });
    expect(gap).toBeLessThan(1e-5);
  });

  it('has the keys and names of llama.cpp, and the first A unchanged', async () => {
    const model = await adapted('llama', { targetModules: ['q_proj', 'mlp.up_proj'] });
    const { metadata, entries, tensors } = await exported(model);
    expect(Object.fromEntries(metadata)).toEqual({
      'general.type': 'adapter',
      'general.architecture': 'llama',
      'general.name': 'default',
      'adapter.type': 'lora',
      'adapter.lora.alpha': 6,
    });
    expect(entries.get('adapter.lora.alpha')?.type).toBe('f32');
    expect(Array.from(tensors.values(), ({ name, shape }) => `${name} ${shape}`)).toEqual([
      'blk.0.attn_q.weight.lora_a 4,48',
      'blk.0.attn_q.weight.lora_b 48,4',
      'blk.0.ffn_up.weight.lora_a 4,48',
      'blk.0.ffn_up.weight.lora_b 77,4',
      'blk.1.attn_q.weight.lora_a 4,48',
      'blk.1.attn_q.weight.lora_b 48,4',
      'blk.1.ffn_up.weight.lora_a 4,48',
      'blk.1.ffn_up.weight.lora_b 77,4',
    ]);
    model.dispose();
  });

  it('calls Mistral llama, and permutes its rows', async () => {
    const model = await adapted('mistral', { targetModules: ['q_proj'] });
    const opened = await exported(model);
    expect(opened.metadata.get('general.architecture')).toBe('llama');
    const { data, columns } = await valuesOf(opened, 'blk.0.attn_q.weight.lora_b');
    const factors = factorsOf(model);
    const b = await factors[0].loraB.read();
    const half = model.config.headDim / 2;
    // The second row is that of the first head's other half.
    expect(data.slice(columns, 2 * columns)).toEqual(b.slice(half * columns, (half + 1) * columns));
    model.dispose();
  });

  it.each(['F16', 'BF16', 'Q8_0'] as const)('rounds to %s', async (dtype) => {
    // 64 inputs are whole blocks of Q8_0; a rank of 4 is not one.
    const model = await adapted('qwen3', { targetModules: ['q_proj'] });
    const opened = await exported(model, { dtype });
    const types = Array.from(opened.tensors.values(), ({ type }) => type);
    expect(new Set(types)).toEqual(new Set(dtype === 'Q8_0' ? ['Q8_0', 'F16'] : [dtype]));
    const exact = await exported(model);
    for (const name of exact.tensors.keys()) {
      const gap = difference((await valuesOf(opened, name)).data, (await valuesOf(exact, name)).data);
      expect(gap).toBeLessThan(0.005);
      expect(gap).toBeGreaterThan(0);
    }
    model.dispose();
  });

  it.each<[string, string, LoraConfig, string]>([
    ['DoRA', 'llama', { useDora: true }, 'a GGUF adapter cannot hold DoRA magnitudes: model.layers.0.'],
    ['biases of B', 'llama', { loraBias: true }, 'a GGUF adapter cannot hold biases: model.layers.0.'],
    ['biases', 'llama3', { bias: 'all' }, 'or fully trained modules: model.layers.0.'],
    [
      'whole modules',
      'llama',
      { targetModules: ['q_proj'], modulesToSave: ['norm'] },
      'or fully trained modules: model.',
    ],
    [
      'the head of a tied model',
      'llama',
      { targetModules: ['lm_head'] },
      'whose update would change both: lm_head: use exportMerged, or saveAdapter for PEFT',
    ],
    [
      'the embedding of a tied model',
      'llama',
      { targetModules: ['embed_tokens'] },
      'whose update would change both: model.embed_tokens',
    ],
  ])('refuses %s', async (_, name, config, message) => {
    const model = await adapted(name, config);
    const files = new Map<string, Uint8Array>();
    await expect(exportAdapterGguf(model, files)).rejects.toThrow(RangeError);
    await expect(exportAdapterGguf(model, files)).rejects.toThrow(message);
    expect(files.size).toBe(0);
    model.dispose();
  });

  it('refuses values that a type cannot hold, and values that are not numbers', async () => {
    const model = await adapted('qwen2', { targetModules: ['q_proj'] });
    const factors = factorsOf(model);
    const values = new Float32Array(factors[0].loraB.length).fill(7e4);
    factors[0].loraB.write(values);
    await expect(exportAdapterGguf(model, new Map(), { dtype: 'F16' })).rejects.toThrow(
      'exportAdapterGguf: model.layers.0.self_attn.q_proj lora_b: F16 does not hold 70000: use F32 or BF16',
    );
    await exportAdapterGguf(model, new Map(), { dtype: 'BF16' });
    factors[0].loraB.write(values.fill(Number.NaN));
    await expect(exportAdapterGguf(model, new Map())).rejects.toThrow('q_proj lora_b: must be finite: NaN');
    model.dispose();
  });

  it('requires a name where there are several adapters, and refuses unknown options', async () => {
    const model = await adapted('qwen2', { targetModules: ['q_proj'] });
    await changed(model, { targetModules: ['v_proj'] }, 'second');
    await expect(exportAdapterGguf(model, new Map())).rejects.toThrow(
      'exportAdapterGguf: several adapters (default, second): pass { name }',
    );
    const opened = await exported(model, { name: 'second' });
    expect([...opened.tensors.keys()][0]).toBe('blk.0.attn_v.weight.lora_a');
    await expect(
      exportAdapterGguf(model, new Map(), { dtype: 'Q4_1' as 'F32', name: 'second' }),
    ).rejects.toThrow('dtype must be one of F32, F16, BF16, Q8_0: Q4_1');
    await expect(exportAdapterGguf(model, new Map(), { rank: 3 } as object)).rejects.toThrow('rank');
    model.dispose();
  });

  it('multiplies the update by a scale, which may be 0', async () => {
    const model = await adapted('qwen2', { targetModules: ['q_proj'] });
    const alphaAt = async (scale: number) =>
      (await exported(model, { scale })).metadata.get('adapter.lora.alpha');
    expect(await alphaAt(-0.5)).toBe(-3);
    // llama.cpp interprets an alpha of 0 as a scale of 1: B is 0 instead.
    const none = await exported(model, { scale: 0 });
    expect(none.metadata.get('adapter.lora.alpha')).toBe(1);
    expect((await valuesOf(none, 'blk.0.attn_q.weight.lora_b')).data.every((value) => value === 0)).toBe(
      true,
    );
    await expect(exportAdapterGguf(model, new Map(), { scale: Number.NaN })).rejects.toThrow(
      'exportAdapterGguf: scale must be finite: NaN',
    );
    model.dispose();
  });

  it('writes one file into a store, and gives the same parts', async () => {
    const model = await adapted('qwen2', { targetModules: ['q_proj'] });
    const seen: string[] = [];
    const files = new Map<string, Uint8Array>();
    const store: FileStore = {
      name: 'store',
      open: async () => undefined,
      read: async () => new Map(),
      write: async (contents) => {
        for (const [name, content] of contents) {
          seen.push(name);
          const parts: Uint8Array[] = [];
          for await (const part of content as AsyncIterable<Uint8Array>) parts.push(part);
          files.set(name, new Uint8Array(await new Blob(parts.map((each) => each.slice())).arrayBuffer()));
        }
      },
    };
    await exportAdapterGguf(model, store, { file: 'mine.gguf' });
    expect(seen).toEqual(['mine.gguf']);
    const parts: Uint8Array[] = [];
    for await (const part of await adapterGgufParts(model)) parts.push(part);
    const whole = new Uint8Array(await new Blob(parts.map((each) => each.slice())).arrayBuffer());
    expect(files.get('mine.gguf')).toEqual(whole);
    model.dispose();
  });
});

function factorsOf(model: LlamaForCausalLM): LoraFactors[] {
  const [adapter] = adaptationOf(model, 'test').adapters.values();
  return [...adapter.factors.values()];
}
