/** Texts of a small model: their ends, the cache between them, and calls that may run meanwhile. */
import { afterAll, describe, expect, it, vi } from 'vitest';
import { noGrad } from '../../src/autograd/record.js';
import { type GenerateOptions, generate } from '../../src/generate/generate.js';
import { TokenReader } from '../../src/generate/reader.js';
import { TextCache } from '../../src/generate/textCache.js';
import { withAdapterDisabled } from '../../src/lora/adapters.js';
import { applyLora } from '../../src/lora/applyLora.js';
import { mergeAndUnload } from '../../src/lora/merge.js';
import { loadLanguageModel } from '../../src/models/load.js';
import type { Linear } from '../../src/nn/linear.js';
import { tensor } from '../../src/tensor.js';
import { difference, folder } from '../models/fixtures.js';
import { reference, wasm } from '../support/devices.js';

const device = await wasm();
const { model, tokenizer } = await loadLanguageModel(device, folder('llama3'));
afterAll(() => device.dispose());

const PROMPT = 'the cat sat on';
const write = (options: GenerateOptions = {}, prompt = PROMPT) =>
  generate(model, tokenizer, prompt, { maxTokens: 20, ignoreEos: true, ...options });

/** An adapter that changes the model's texts. */
async function adapted() {
  const loaded = await loadLanguageModel(device, folder('llama3'));
  const adapter = await applyLora(loaded.model, { rank: 2, targetModules: ['q_proj', 'down_proj'] });
  for (const { loraB } of adapter.factors.values())
    loraB.write(Float32Array.from({ length: loraB.length }, (_, i) => Math.sin(i)));
  return { ...loaded, adapter };
}

describe('generate', () => {
  it('gives pieces whose sum is the text, and its ids', async () => {
    const generation = write();
    const pieces: string[] = [];
    for await (const piece of generation) pieces.push(piece);
    const { text, ids, tokens, promptTokens, stoppedBy } = await generation.result();
    expect(pieces.join('')).toBe(text);
    expect(pieces.length).toBeGreaterThan(5);
    expect(tokenizer.decode(ids, { skipSpecial: true })).toBe(text);
    expect([tokens, stoppedBy, promptTokens]).toEqual([20, 'length', tokenizer.encode(PROMPT).length]);
    expect((await write().result()).ids).toEqual(ids);
  });

  it('can be iterated over only once, and has a result only at its end', async () => {
    const generation = write();
    for await (const _ of generation) break;
    await expect(generation.result()).rejects.toThrow('generate: the generation has not ended');
    expect(() => generation[Symbol.asyncIterator]()).toThrow('a generation can be iterated over only once');
    // Leaving the iteration early releases the model.
    model.requiresGrad(false);
  });

  it('ends with the text so far on request', async () => {
    const stop = new AbortController();
    const generation = write({ signal: stop.signal });
    let text = '';
    for await (const piece of generation) {
      text += piece;
      if (text.length > 8) stop.abort();
    }
    const result = await generation.result();
    expect(result.stoppedBy).toBe('abort');
    expect(result.text).toBe(text);
    expect(result.tokens).toBeLessThan(20);
    const before = await write({ signal: AbortSignal.abort() }).result();
    expect([before.stoppedBy, before.text, before.tokens]).toEqual(['abort', '', 0]);
  });

  it('keeps others from changing the model meanwhile', async () => {
    const other = await adapted();
    const iterator = generate(other.model, tokenizer, PROMPT, { maxTokens: 20 })[Symbol.asyncIterator]();
    await iterator.next();
    expect(() => other.model.loadStateDict(new Map())).toThrow('the model is in use by generate');
    let isMerged = false;
    const merged = mergeAndUnload(other.model).then(() => {
      isMerged = true;
    });
    await iterator.next();
    expect(isMerged).toBe(false);
    await iterator.return();
    await merged;
    other.model.dispose();
  });

  it.each(['llama3', 'mistral'])(
    '%s: reads a prompt in parts, and then token by token, as a whole',
    async (name) => {
      const files = folder(name);
      const config = JSON.parse(new TextDecoder().decode(files.get('config.json')));
      config.max_position_embeddings = 2048;
      files.set('config.json', new TextEncoder().encode(JSON.stringify(config)));
      const long = await loadLanguageModel(device, files);
      const prompt = Int32Array.from({ length: 600 }, (_, i) => (i * 37) % 250);
      const { ids } = await generate(long.model, long.tokenizer, prompt, {
        maxTokens: 4,
        ignoreEos: true,
      }).result();
      const all = [...prompt];
      const text = new TextCache(long.model);
      const cache = text.prepare(prompt, 700);
      const read = await new TokenReader(long.model, text, cache).read(prompt);
      const whole = tensor(device, prompt, [600], 'i32');
      const logits = noGrad(() => long.model.forward(whole));
      const wanted = (await logits.read()).slice(-long.model.config.vocabularySize);
      expect(difference(read ?? [], wanted)).toBeLessThan(1e-5);
      expect(text.length).toBe(600);
      text.dispose();
      for (const each of [whole, logits]) each.dispose();
      for (const id of ids) {
        const row = tensor(device, all, [all.length], 'i32');
        const found = noGrad(() => long.model.forward(row));
        const last = [...(await found.read()).slice(-long.model.config.vocabularySize)];
        const tokens = last.map((logit, each) => (long.tokenizer.hasToken(each) ? logit : -Infinity));
        expect(tokens[id]).toBe(Math.max(...tokens));
        all.push(id);
        for (const each of [row, found]) each.dispose();
      }
      long.model.dispose();
    },
  );

  it('computes only the logits after the last token of a prompt', async () => {
    const last = model.model.layers[model.model.layers.length - 1];
    const weights = [model.lm_head, last.self_attn.q_proj, last.mlp.down_proj, last.self_attn.k_proj];
    const run = vi.spyOn(device, 'run');
    const prompt = Int32Array.from({ length: 33 }, (_, i) => i);
    await generate(model, tokenizer, prompt, { maxTokens: 1, ignoreEos: true }).result();
    const rows = weights.map((layer) =>
      run.mock.calls.flatMap(([kernel, args]) => {
        const isOf = kernel === 'matmul' && 'b' in args && args.b === (layer as Linear).weight.storage;
        return isOf ? [args.m] : [];
      }),
    );
    run.mockRestore();
    expect(rows).toEqual([[1], [1], [1], [64]]);
  });

  it('makes the kernel calls of all tokens after the first as one program', async () => {
    const run = vi.spyOn(device, 'run');
    const program = vi.spyOn(device.recorder, 'run');
    const begin = vi.spyOn(device.recorder, 'begin');
    const calls = async (maxTokens: number) => {
      for (const spy of [run, program]) spy.mockClear();
      await write({ maxTokens }).result();
      return [run.mock.calls.length, program.mock.calls.length];
    };
    const [few, programs] = await calls(3);
    expect(programs).toBe(1);
    expect(await calls(20)).toEqual([few, 18]);
    // The memory is released as well.
    expect(begin.mock.results.map(({ value }) => value.bytes)).toEqual([0, 0]);
    for (const spy of [run, program, begin]) spy.mockRestore();
    const here = await write().result();
    const loaded = await loadLanguageModel(reference, folder('llama3'));
    const there = await generate(loaded.model, tokenizer, PROMPT, {
      maxTokens: 20,
      ignoreEos: true,
    }).result();
    expect(here.ids).toEqual(there.ids);
    loaded.model.dispose();
  });

  it('continues while a longer text of the same model is written', async () => {
    const files = folder('llama3');
    const config = JSON.parse(new TextDecoder().decode(files.get('config.json')));
    config.max_position_embeddings = 2048;
    files.set('config.json', new TextEncoder().encode(JSON.stringify(config)));
    const other = await loadLanguageModel(device, files);
    const short = () => generate(other.model, tokenizer, PROMPT, { maxTokens: 20, ignoreEos: true });
    const generation = short();
    const pieces = generation[Symbol.asyncIterator]();
    for (let i = 0; i < 5; i++) await pieces.next();
    const { rotary } = other.model.model;
    const tables = rotary.upTo(device, 1);
    const { length, shape } = tables.cos;
    // This text exceeds the positions of the existing tables.
    const long = new Int32Array(600).fill(5);
    await generate(other.model, tokenizer, long, { maxTokens: 3, ignoreEos: true }).result();
    expect(rotary.upTo(device, 1)).not.toBe(tables);
    // This memory takes the place of the old tables.
    const others = [1, 2].map(() => tensor(device, new Float32Array(length).fill(Number.NaN), shape));
    while (!(await pieces.next()).done);
    expect((await generation.result()).ids).toEqual((await short().result()).ids);
    for (const each of others) each.dispose();
    other.model.dispose();
  });

  it('ends at a token that ends texts, and at the end of the context', async () => {
    const { ids } = await write().result();
    const at = ids.findIndex((id) => id !== ids[0]);
    const end = { value: [ids[at]], configurable: true };
    const ends = Object.getOwnPropertyDescriptor(tokenizer, 'eosIds') ?? {};
    Object.defineProperty(tokenizer, 'eosIds', end);
    const short = await write({ ignoreEos: false }).result();
    Object.defineProperty(tokenizer, 'eosIds', ends);
    expect([short.ids, short.stoppedBy]).toEqual([ids.slice(0, at), 'stop']);
    const { promptTokens, tokens, stoppedBy } = await write({ maxTokens: 1000 }).result();
    expect([promptTokens + tokens, stoppedBy]).toEqual([model.config.contextLength, 'length']);
  });

  it('adds the same tokens around a text as the tokenizer', async () => {
    const files = folder('llama3');
    const json = JSON.parse(new TextDecoder().decode(files.get('tokenizer.json')));
    const id = tokenizer.specialTokens.get('<|end|>');
    const single = [{ SpecialToken: { id: '<|end|>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }];
    const special_tokens = { '<|end|>': { id: '<|end|>', ids: [id], tokens: ['<|end|>'] } };
    json.post_processor = { ...json.post_processor, single, special_tokens };
    files.set('tokenizer.json', new TextEncoder().encode(JSON.stringify(json)));
    const other = await loadLanguageModel(device, files);
    const { promptTokens } = generate(other.model, other.tokenizer, PROMPT);
    expect(promptTokens).toBe(tokenizer.encode(PROMPT).length + 1);
    other.model.dispose();
  });

  it('leaves no memory behind', async () => {
    await write().result();
    const { liveBytes, peakBytes } = device.memory();
    for (let i = 0; i < 3; i++) await write().result();
    expect(device.memory()).toMatchObject({ liveBytes, peakBytes });
  });

  it('refuses invalid arguments', async () => {
    const { contextLength } = model.config;
    expect(() => write({}, '')).toThrow('generate: the prompt has no tokens');
    expect(() => write({ maxTokens: 0 })).toThrow('maxTokens must be a positive integer: 0');
    await expect(write({ stop: [''] }).result()).rejects.toThrow('a stop text must not be empty');
    expect(() => generate(model, tokenizer, new Int32Array(contextLength))).toThrow(
      `the prompt has ${contextLength} tokens, and the model's context ${contextLength}`,
    );
    expect(() => generate(model, tokenizer, Int32Array.of(301))).toThrow(
      'the model has 301 tokens: none has the id 301',
    );
    expect(() => write({ maxNewTokens: 3 } as GenerateOptions)).toThrow('it is called maxTokens');
    expect(() => write({ temperature: -1 })).toThrow('temperature must be at least 0: -1');
  });
});

describe('a cache', () => {
  it('saves the common part of two prompts, and changes no result', async () => {
    const cache = new TextCache(model);
    const first = await write({ cache }).result();
    expect(first.readTokens).toBe(first.promptTokens);
    expect(first.ids).toEqual((await write().result()).ids);
    const read = cache.length;
    const longer = 'the cat sat on the mat';
    const again = await write({ cache }, longer).result();
    expect(again.ids).toEqual((await write({}, longer).result()).ids);
    expect(read).toBe(first.promptTokens + first.tokens - 1);
    // Of a fully cached prompt only the last token is read.
    expect((await write({ cache }).result()).ids).toEqual(first.ids);
    // This text exceeds the capacity of the cache.
    const long = 'on the mat '.repeat(20);
    expect((await write({ cache, maxTokens: 40 }, long).result()).ids).toEqual(
      (await write({ maxTokens: 40 }, long).result()).ids,
    );
    // The cached tokens move to the larger cache.
    const all = new Int32Array(300).fill(5);
    cache.prepare(all, 300);
    cache.clear();
    const half = await generate(model, tokenizer, all.subarray(0, 60), { maxTokens: 1, cache }).result();
    expect([half.promptTokens, cache.length]).toEqual([60, 60]);
    expect(cache.prepare(all, 600).length).toBe(60);
    cache.dispose();
  });

  it('serves one text at a time', async () => {
    const cache = new TextCache(model);
    const first = write({ cache });
    for await (const _ of first) {
      await expect(write({ cache }).result()).rejects.toThrow(
        'generate: the cache is in use: another text is being generated with it',
      );
      break;
    }
    expect((await write({ cache }).result()).ids).toEqual((await write().result()).ids);
    cache.dispose();
  });

  it('is empty after a failure, and the next text is correct', async () => {
    const cache = new TextCache(model);
    const before = device.memory().liveStorages;
    const layer = model.model.layers[1];
    const forward = layer.forward;
    layer.forward = () => {
      throw new Error('no memory');
    };
    await expect(write({ cache }).result()).rejects.toThrow('no memory');
    layer.forward = forward;
    expect(cache.length).toBe(0);
    // Garbage of other tests may have been collected as well.
    expect(device.memory().liveStorages).toBeLessThanOrEqual(before);
    expect((await write({ cache }).result()).ids).toEqual((await write().result()).ids);
    cache.dispose();
  });

  it('starts again where adapters were switched, scaled or trained', async () => {
    const other = await adapted();
    const cache = new TextCache(other.model);
    const text = async () =>
      (await generate(other.model, tokenizer, PROMPT, { maxTokens: 12, cache }).result()).text;
    const fresh = async () =>
      (await generate(other.model, tokenizer, PROMPT, { maxTokens: 12 }).result()).text;
    const ids = tokenizer.encode(PROMPT);
    /** Number of tokens that need not be read again. */
    const kept = () => cache.prepare(ids, 32).length;
    const on = await text();
    expect(kept()).toBe(ids.length - 1);
    const off = await withAdapterDisabled(other.model, text);
    expect(off).not.toBe(on);
    expect(off).toBe((await write({ maxTokens: 12, ignoreEos: false }).result()).text);
    expect(await text()).toBe(on);
    other.adapter.enabled = false;
    expect(kept()).toBe(0);
    expect(await text()).toBe(off);
    expect(kept()).toBe(ids.length - 1);
    other.adapter.enabled = true;
    expect(kept()).toBe(0);
    await mergeAndUnload(other.model);
    expect(await text()).toBe(await fresh());
    other.model.dispose();
  });

  it('belongs to one model', async () => {
    const other = await loadLanguageModel(device, folder('llama3'));
    const cache = new TextCache(other.model);
    expect(() => write({ cache })).toThrow('generate: the cache belongs to another model');
    other.model.dispose();
  });
});
