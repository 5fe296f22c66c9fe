/** Refusals, decisions and conversions of loading. */
import { afterAll, describe, expect, it } from 'vitest';
import { noGrad } from '../../src/autograd/record.js';
import { bytesSource } from '../../src/files/byteSource.js';
import type { ModelPlace } from '../../src/files/modelPlace.js';
import { dequantize } from '../../src/gguf/blocks.js';
import { quantize } from '../../src/gguf/quantize.js';
import { applyLora } from '../../src/lora/applyLora.js';
import { LlamaForCausalLM } from '../../src/models/llama.js';
import { llamaWeights } from '../../src/models/llamaWeights.js';
import { type LoadLanguageModelOptions, loadLanguageModel } from '../../src/models/load.js';
import { loadTokenizer } from '../../src/models/loadTokenizer.js';
import { targetType } from '../../src/models/weights.js';
import {
  parseSafetensors,
  serializeSafetensors,
  toFloat32,
  type WritableTensor,
} from '../../src/safetensors/safetensors.js';
import { tensor, zeros } from '../../src/tensor.js';
import { wasm } from '../support/devices.js';
import { difference, expected, folder, ggufBytes, MODELS } from './fixtures.js';
import { largeModel } from './ggufFiles.js';

const device = await wasm();
afterAll(() => device.dispose());

type Files = Map<string, Uint8Array>;
const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

/** The files with fields of a JSON file replaced; `undefined` removes one. */
function edited(files: Files, fields: Record<string, unknown>, name = 'config.json'): Files {
  return new Map(files).set(
    name,
    encode(JSON.stringify({ ...JSON.parse(decode(files.get(name))), ...fields })),
  );
}

/** The files with tensors of model.safetensors replaced, added, or, where `undefined`, removed. */
function withTensors(files: Files, change: Record<string, WritableTensor | undefined>): Files {
  const { tensors } = parseSafetensors(files.get('model.safetensors') ?? new Uint8Array(), 'model');
  const all = new Map<string, WritableTensor>();
  for (const [name, each] of tensors)
    all.set(name, { dtype: 'F32', shape: each.shape, data: toFloat32(each, name) });
  for (const [name, each] of Object.entries(change)) {
    if (each) all.set(name, each);
    else all.delete(name);
  }
  return new Map(files).set('model.safetensors', serializeSafetensors(all, { format: 'pt' }));
}

function tensorOf(files: Files, name: string): WritableTensor {
  const found = parseSafetensors(files.get('model.safetensors') ?? new Uint8Array(), 'model').tensors.get(
    name,
  );
  if (!found) throw new Error(`no ${name}`);
  return { dtype: 'F32', shape: found.shape, data: toFloat32(found, name) };
}

/** The message of the refusal; the device holds nothing new afterwards. */
async function refusal(files: ModelPlace, options: LoadLanguageModelOptions = {}): Promise<string> {
  const before = device.memory().liveBytes;
  const error = await loadLanguageModel(device, files, options).then(
    () => undefined,
    (each: unknown) => each,
  );
  expect(error).toBeInstanceOf(Error);
  expect(device.memory().liveBytes).toBe(before);
  return (error as Error).message;
}

describe('an existing tokenizer', () => {
  it.each([
    ['a folder', () => folder('llama')],
    ['a GGUF file', () => bytesSource(ggufBytes('llama'))],
  ])('is used for %s', async (_, place) => {
    const { tokenizer } = await loadTokenizer(place());
    const loaded = await loadLanguageModel(device, place(), { tokenizer });
    expect(loaded.tokenizer).toBe(tokenizer);
    loaded.model.dispose();
  });

  it('is refused where it belongs to a larger model', async () => {
    const { tokenizer } = await loadTokenizer(folder('llama'));
    const large = Object.create(tokenizer, { vocabularySize: { value: 10 ** 6 } });
    expect(await refusal(folder('llama'), { tokenizer: large })).toMatch(
      /^the model: the tokenizer has 1000000 tokens/,
    );
  });
});

describe('loadLanguageModel refuses', () => {
  const llama = folder('llama');

  it('architectures that are not supported, naming those that are', async () => {
    expect(await refusal(edited(llama, { model_type: 'gemma3_text' }))).toBe(
      'config.json: model_type must be one of llama, mistral, qwen2, qwen3: gemma3_text',
    );
    const bytes = ggufBytes('qwen2');
    const text = Buffer.from(bytes).toString('latin1').replaceAll('qwen2', 'qwenX');
    expect(await refusal(new Blob([Buffer.from(text, 'latin1')]))).toBe(
      'the model: general.architecture must be one of llama, qwen2, qwen3: qwenX',
    );
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['another activation', { hidden_act: 'gelu' }, 'hidden_act must be silu: gelu'],
    [
      'unsupported rotary scaling',
      { rope_parameters: { rope_type: 'yarn', rope_theta: 1 } },
      'rope_type must be default, linear or llama3: yarn',
    ],
    ['two bases', { rope_theta: 7 }, 'rope_theta differs from that of rope_parameters: 7 and 5000'],
    [
      'two scalings',
      { rope_scaling: { type: 'linear', factor: 2 } },
      'rope_scaling differs from rope_parameters',
    ],
    ['a missing size', { hidden_size: null }, 'hidden_size is missing'],
    ['a size that is text', { hidden_size: '48' }, 'hidden_size must be a number'],
    ['no layers', { num_hidden_layers: 0 }, 'the number of layers must be from 1 to 1024: 0'],
    ['too many layers', { num_hidden_layers: 1e6 }, 'the number of layers must be from 1 to 1024: 1000000'],
    [
      'heads that do not fit',
      { num_key_value_heads: 4 },
      'the key heads must divide the query heads: 6 and 4',
    ],
    ['an odd head', { head_dim: 7 }, 'a head must have an even number of dimensions'],
    [
      'a huge size',
      { intermediate_size: 1e12 },
      'intermediateSize must be a whole number from 1 to 16777216',
    ],
  ])('%s', async (_, fields, message) => {
    expect(await refusal(edited(llama, fields))).toContain(message);
  });

  it('tensors that are missing, unexpected or misshapen, all at once', async () => {
    const files = withTensors(llama, {
      'model.norm.weight': undefined,
      'model.layers.1.mlp.up_proj.weight': { dtype: 'F32', shape: [2, 2], data: new Float32Array(4) },
      'model.layers.2.mlp.up_proj.weight': { dtype: 'F32', shape: [2, 2], data: new Float32Array(4) },
    });
    expect(await refusal(files)).toBe(
      'the model: model.layers.1.mlp.up_proj.weight must be [77,48]: found [2,2]; missing model.norm.weight; unexpected model.layers.2.mlp.up_proj.weight',
    );
  });

  it('weights that are not finite numbers, by name', async () => {
    const weight = tensorOf(llama, 'model.layers.1.mlp.up_proj.weight');
    weight.data[9] = Number.NaN;
    expect(await refusal(withTensors(llama, { 'model.layers.1.mlp.up_proj.weight': weight }))).toBe(
      'the model: model.layers.1.mlp.up_proj.weight: must be finite: element 9 is NaN',
    );
  });

  it('weights that a type cannot hold', async () => {
    const qwen = folder('qwen2');
    const weight = tensorOf(qwen, 'model.layers.1.mlp.up_proj.weight');
    weight.data[9] = 1e30;
    const files = withTensors(qwen, { 'model.layers.1.mlp.up_proj.weight': weight });
    expect(await refusal(files, { weights: 'q8' })).toContain(
      'the model: model.layers.1.mlp.up_proj.weight: cannot be rounded to q8: ',
    );
  });

  it('weights that would round to infinity', async () => {
    const weight = tensorOf(llama, 'model.layers.1.mlp.up_proj.weight');
    weight.data[9] = 3.4e38;
    const files = withTensors(llama, { 'model.layers.1.mlp.up_proj.weight': weight });
    expect(await refusal(files, { weights: 'bf16' })).toMatch(
      /^the model: model\.layers\.1\.mlp\.up_proj\.weight: cannot be rounded to bf16: 3\.39/,
    );
  });

  it('a tokenizer with more tokens than the embedding has rows', async () => {
    const small = { vocab_size: 289 };
    const weight = { dtype: 'F32' as const, shape: [289, 48], data: new Float32Array(289 * 48) };
    const files = withTensors(edited(llama, small), { 'model.embed_tokens.weight': weight });
    expect(await refusal(files)).toBe('the model: the tokenizer has 290 tokens, but the embedding 289 rows');
  });

  it('a model that the device has no room for, with the required and available memory, and types that would fit', async () => {
    expect(await refusal(await largeModel('F16', 24))).toMatch(
      /^the model: its weights need 9268 MiB as keep, and wasm has 4096 MiB: they fit as q4 \(3477 MiB\)$/,
    );
    expect(await refusal(await largeModel('F32', 64), { weights: 'bf16' })).toMatch(
      /^the model: its weights need 24709 MiB as bf16, and wasm has 4096 MiB: they do not fit as another type either: keep \(49415 MiB\), /,
    );
    const held = device.alloc('f32', 2 ** 28);
    expect(await refusal(await largeModel('F16', 24))).toMatch(
      /wasm has 4096 MiB, of which \d+ MiB are in use: they do not fit as another type either/,
    );
    device.free(held);
  });

  it('folders without a model, and unknown options', async () => {
    const files = new Map(llama);
    files.delete('config.json');
    expect(await refusal(files)).toBe('the model: is not a model folder: config.json is missing');
    const without = (name: string) => new Map([...llama].filter(([each]) => each !== name));
    expect(await refusal(without('tokenizer.json'))).toBe('tokenizer.json: is missing');
    expect(await refusal(without('model.safetensors'))).toBe(
      'the model: has no model.safetensors and no model.safetensors.index.json',
    );
    files.set('adapter_config.json', encode('{}'));
    expect(await refusal(files)).toContain('it is an adapter, which is given together with its model');
    await expect(loadLanguageModel(device, llama, { weights: 'q5' as 'q4' })).rejects.toThrow(
      'loadLanguageModel: weights must be one of keep, f32, bf16, q8, q4: q5',
    );
    await expect(loadLanguageModel(device, 'nowhere.gguf')).rejects.toThrow(
      'a path is supported only in Node',
    );
  });

  it('to continue when it must stop', async () => {
    const stop = new AbortController();
    const onBytes = (done: number) => {
      if (done > 60_000) stop.abort(new Error('enough'));
    };
    expect(await refusal(llama, { signal: stop.signal, onBytes })).toBe('enough');
  });
});

describe('loadLanguageModel decides', () => {
  it('by file and flag whether head and embedding are one', async () => {
    const llama = folder('llama');
    const same = tensorOf(llama, 'model.embed_tokens.weight');
    const again = await loadLanguageModel(device, withTensors(llama, { 'lm_head.weight': same }));
    expect(again.notes).toEqual([]);
    expect(again.model.config.tied).toBe(true);
    const other = { ...same, data: same.data.map((value) => 2 * value) };
    const apart = await loadLanguageModel(device, withTensors(llama, { 'lm_head.weight': other }));
    expect(apart.notes).toEqual([
      'lm_head.weight differs from the embedding: both are kept, though the config says that they are tied',
    ]);
    const { ids, logits } = expected('llama');
    const doubled = await noGrad(() => apart.model.forward(tensor(device, ids, [ids.length], 'i32'))).read();
    expect(
      difference(
        doubled,
        logits.map((value) => 2 * value),
      ),
    ).toBeLessThan(1e-5);
    const without = await loadLanguageModel(device, edited(llama, { tie_word_embeddings: false }));
    expect(without.notes).toEqual([
      'lm_head.weight is missing: the embedding is used, though the config says that they are not tied',
    ]);
    for (const { model } of [again, apart, without]) model.dispose();
  });

  it('takes the spelling of older files for the rotary settings', async () => {
    const old = { rope_parameters: undefined, rope_theta: 10000, rope_scaling: undefined as unknown };
    old.rope_scaling = {
      type: 'llama3',
      factor: 4,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 16,
    };
    const { model } = await loadLanguageModel(device, edited(folder('llama3'), old));
    const { ids, logits } = expected('llama3');
    const found = await noGrad(() => model.forward(tensor(device, ids, [ids.length], 'i32'))).read();
    expect(difference(found, logits)).toBeLessThan(1e-5);
    model.dispose();
  });
});

describe('weights', () => {
  const qwen = folder('qwen2');
  const name = 'model.layers.1.mlp.up_proj.weight';
  const values = tensorOf(qwen, name).data as Float32Array;

  it.each([
    ['q8', 'Q8_0'],
    ['q4', 'Q4_1'],
  ] as const)('%s rounds as ggml, with the embedding as q8', async (weights, type) => {
    const { model, weightBytes } = await loadLanguageModel(device, qwen, { weights });
    const tensors = new Map(model.namedTensors());
    const found = tensors.get(name);
    expect(found?.dtype).toBe(weights);
    expect(await found?.read()).toEqual(dequantize(type, quantize(values, type), values.length, name));
    expect(tensors.get('model.embed_tokens.weight')?.dtype).toBe('q8');
    expect(tensors.get('model.norm.weight')?.dtype).toBe('f32');
    expect(weightBytes).toBeLessThan(150_000);
    model.dispose();
  });

  it('of 8 bits are not rounded again to 8', () => {
    const plan = { shape: [4, 64], role: 'matrix' } as const;
    const types = (['Q6_K', 'Q5_K', 'Q8_0', 'Q4_K', 'F16'] as const).map((type) =>
      targetType(type, plan, 'q8'),
    );
    expect(types).toEqual(['q8x16', 'q8', 'q8', 'q8', 'q8']);
    expect(targetType('Q6_K', plan, 'q4')).toBe('q4');
  });

  it('bf16 and f32 have the type of that name', async () => {
    for (const weights of ['bf16', 'f32'] as const) {
      const { model } = await loadLanguageModel(device, qwen, { weights });
      expect(new Map(model.namedTensors()).get(name)?.dtype).toBe(weights);
      model.dispose();
    }
  });

  it('a matrix whose rows are not whole groups stays wider, and is named', async () => {
    const { model, notes } = await loadLanguageModel(device, folder('mistral'), { weights: 'q4' });
    expect(notes[0]).toContain('model.embed_tokens.weight, model.layers.0.self_attn.q_proj.weight');
    expect(notes[0]).toContain('stays wider than q4: its rows are not whole groups of 32');
    expect(new Map(model.namedTensors()).get('model.embed_tokens.weight')?.dtype).toBe('bf16');
    // 64 inputs are whole groups.
    expect(new Map(model.namedTensors()).get('model.layers.0.mlp.down_proj.weight')?.dtype).toBe('q4');
    model.dispose();
  });

  it('are frozen, and counted to the last byte', async () => {
    for (const each of MODELS) {
      const before = device.memory().liveBytes;
      let [last, all] = [0, -1];
      const onBytes = (done: number, total: number) => {
        [last, all] = [done, total];
      };
      const { model, weightBytes } = await loadLanguageModel(device, folder(each), { onBytes });
      expect([last, all]).toEqual([weightBytes, weightBytes]);
      expect(model.parameters().some((parameter) => parameter.requiresGrad)).toBe(false);
      expect(device.memory().liveBytes - before).toBe(weightBytes);
      model.dispose();
      expect(device.memory().liveBytes).toBe(before);
    }
  });
});

describe('tokens that end a text', () => {
  it('are taken from every file that names any', async () => {
    const files = edited(
      edited(folder('llama'), { eos_token_id: [1, 7] }),
      { eos_token_id: 9 },
      'generation_config.json',
    );
    const { model, tokenizer } = await loadLanguageModel(device, files);
    expect([...tokenizer.eosIds].sort((a, b) => a - b)).toEqual([1, 7, 9]);
    model.dispose();
  });
});

describe('a model', () => {
  it('gives the same bits on one thread and on two, again and again', async () => {
    const results: ArrayLike<number>[] = [];
    for (const threads of [1, 2, 1, 2]) {
      const own = await wasm('simd', threads);
      const { model } = await loadLanguageModel(own, folder('qwen3'), { weights: 'q8' });
      const { ids } = expected('qwen3');
      results.push(await noGrad(() => model.forward(tensor(own, ids, [ids.length], 'i32'))).read());
      own.dispose();
    }
    for (const result of results.slice(1)) expect(result).toEqual(results[0]);
  });

  it('takes no more memory for more blocks, outside training', async () => {
    const peaks: number[] = [];
    for (const layers of [2, 12]) {
      const own = await wasm();
      const config = { ...(await loadLanguageModel(own, folder('llama'))).model.config, layers };
      const weights = new Map(
        Array.from(llamaWeights(config), ([name, { shape }]) => [name, zeros(own, shape)] as const),
      );
      const model = new LlamaForCausalLM(own, config, (name) => weights.get(name) ?? zeros(own, [1]));
      const before = own.memory().liveBytes;
      const alloc = own.alloc.bind(own);
      let most = 0;
      own.alloc = (dtype, length) => {
        const storage = alloc(dtype, length);
        most = Math.max(most, own.memory().liveBytes - before);
        return storage;
      };
      noGrad(() => model.forward(tensor(own, new Int32Array(96), [96], 'i32')));
      peaks.push(most);
      own.dispose();
    }
    expect(peaks[0]).toBeGreaterThan(96 * 48 * 4);
    expect(peaks[1]).toBe(peaks[0]);
  });
});

describe('an adapter', () => {
  it('of a weight that is head and embedding is refused unless one of them is named', async () => {
    const { model } = await loadLanguageModel(device, folder('llama'));
    const reach = (pattern: RegExp) => applyLora(model, { rank: 2, targetModules: pattern });
    await expect(reach(/.*/)).rejects.toThrow(
      'applyLora: targetModules reaches model.embed_tokens, whose weight is model.embed_tokens.weight and lm_head.weight: name the module in a list to adapt it',
    );
    await expect(reach(/.*head/)).rejects.toThrow('applyLora: targetModules reaches lm_head');
    expect((await reach(/.*_proj/)).factors.size).toBe(14);
    const named = await applyLora(model, { rank: 2, targetModules: ['embed_tokens'] }, 'named');
    expect([...named.factors.keys()]).toEqual(['model.embed_tokens']);
    model.dispose();
  });
});

describe('an adapter of all linear layers', () => {
  it('leaves out the head, as in PEFT, unless it is named', async () => {
    const { model } = await loadLanguageModel(device, folder('llama3'));
    const { factors } = await applyLora(model, { rank: 2 });
    expect(factors.size).toBe(14);
    expect([...factors.keys()].filter((path) => path.includes('lm_head'))).toEqual([]);
    const named = await applyLora(model, { rank: 2, targetModules: ['lm_head'] }, 'head');
    expect([...named.factors.keys()]).toEqual(['lm_head']);
    model.dispose();
  });
});
