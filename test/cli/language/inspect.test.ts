/** `lowrank inspect` of language models and their adapters. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modulesOf } from '../../../src/cli/language/adapterModules.js';
import { applyLora, saveAdapter } from '../../../src/index.js';
import { loadLanguageModel } from '../../../src/models/load.js';
import { exportAdapterGguf } from '../../../src/text.js';
import { folder, GGUF_MODELS } from '../../models/fixtures.js';
import { ggufContents, ggufFile } from '../../models/ggufFiles.js';
import { layOut } from '../../node/hubPlace.js';
import { wasm } from '../../support/devices.js';
import { hasRealModel, realModelPath } from '../../support/realModel.js';
import { lowrank } from './collect.js';

const root = mkdtempSync(join(tmpdir(), 'lowrank-inspect-'));
const device = await wasm();
afterAll(() => {
  device.dispose();
  rmSync(root, { recursive: true });
});

const at = (name: string) => new URL(`../../models/fixtures/${name}`, import.meta.url).pathname;
const adapter = join(root, 'adapter');

const inspect = async (...args: string[]) => (await lowrank('inspect', ...args)).out;
const json = async (path: string) => JSON.parse(await inspect(path, '--json', '-'));

/** A small GGUF file with other metadata. */
async function changed(name: string, metadata: Readonly<Record<string, string>>): Promise<string> {
  const contents = await ggufContents('llama');
  for (const [key, value] of Object.entries(metadata)) contents.metadata.set(key, { type: 'string', value });
  writeFileSync(join(root, name), await ggufFile(contents));
  return join(root, name);
}

beforeAll(async () => {
  const { model } = await loadLanguageModel(device, at('llama'));
  await applyLora(model, {
    ...{ rank: 2, alpha: 3, targetModules: ['q_proj', 'down_proj'] },
    rankPattern: { 'layers.1.self_attn.q_proj': 4 },
  });
  await saveAdapter(model, adapter);
  await exportAdapterGguf(model, join(root, 'adapter.gguf'));
  model.dispose();
});

describe('lowrank inspect', () => {
  it.each(GGUF_MODELS)('shows the GGUF file and the folder of %s as the library loads them', async (name) => {
    const { model, tokenizer } = await loadLanguageModel(device, at(name));
    const parameters = model.parameters().reduce((sum, { length }) => sum + length, 0);
    model.dispose();
    for (const path of [at(`${name}.gguf`), at(name)]) {
      const found = await json(path);
      expect(found.parameters).toBe(parameters);
      expect(found.config.layers).toBe(2);
      expect(found.tokenizer).toMatchObject({ tokens: tokenizer.vocabularySize, hasChatTemplate: true });
      expect(found.tokenizer.eosIds).toEqual(tokenizer.eosIds);
      expect(found.notes).toEqual([]);
      const text = await inspect(path);
      expect(text).toContain(`parameters     ${parameters.toLocaleString('en-US')}`);
      expect(text).toMatch(/^ {2}tokenizer {6}(gpt2, \S+|BPE), 290 tokens$/m);
    }
  });

  it.runIf(hasRealModel)('counts the tied head of SmolLM2 once, and knows its system message', async () => {
    const found = await json(realModelPath);
    expect(found.parameters).toBe(134_515_008);
    expect(found.tensors).toHaveLength(272);
    expect(found.tensors[2]).toEqual({ name: 'blk.0.ffn_down.weight', type: 'Q4_1', shape: [576, 1536] });
    expect(found.metadata['tokenizer.ggml.tokens']).toEqual({ values: 49152 });
    expect(found.tokenizer.defaultSystemMessage).toBe(
      'You are a helpful AI assistant named SmolLM, trained by Hugging Face',
    );
  });

  it('reads no weight of a folder, and says what to give for norms', async () => {
    expect(await inspect(at('mistral'))).toContain('norms are shown of a single file: give its path');
    expect(await inspect(join(at('mistral'), 'model.safetensors'))).toMatch(/│ +norm │/);
  });

  it('shows which modules an adapter changes, in which layers, with which ranks', async () => {
    const text = await inspect(adapter);
    expect(text).toMatch(/│ mlp\.down_proj {4}│ 0–1 {4}│ {5}2 │ {4}2 │/);
    expect(text).toMatch(/│ self_attn\.q_proj │ 0–1 {4}│ {5}2 │ 2, 4 │/);
    expect(await json(adapter)).toMatchObject({
      kind: 'adapter',
      config: { rank: 2, alpha: 3 },
      modules: [
        { module: 'mlp.down_proj', layers: [0, 1], ranks: [2], dora: false },
        { module: 'self_attn.q_proj', layers: [0, 1], ranks: [2, 4], dora: false },
      ],
    });
  });

  it('shows an adapter for llama.cpp', async () => {
    const text = await inspect(join(root, 'adapter.gguf'));
    expect(text).toContain('  adapter        lora\n  alpha          3\n');
    expect(text).toMatch(/│ attn_q {3}│ 0–1 {4}│ {5}2 │ 2, 4 │/);
    expect(await json(join(root, 'adapter.gguf'))).toMatchObject({ kind: 'ggufAdapter', alpha: 3 });
  });

  it('shows a file of another architecture, and why it is not used here', async () => {
    const path = await changed('other.gguf', {
      'general.architecture': 'gemma9',
      'gemma9.block_count': '2',
      'general.name': 'a\u001b[31m\nb',
    });
    const text = await inspect(path);
    expect(text).toContain('  architecture   gemma9\n');
    expect(text).toContain('  block_count    2\n');
    expect(text).toContain('  name           a\\u001b[31m\\u000ab\n');
    expect(text).toContain('note: not used here: ');
    expect((await json(path)).parameters).toBe(null);
  });

  it('shows a model whose tokenizer is not read', async () => {
    const path = await changed('words.gguf', { 'tokenizer.ggml.model': 'wordy' });
    const found = await json(path);
    expect(found.tokenizer).toBe(null);
    expect(found.config.layers).toBe(2);
    expect(found.notes[0]).toContain('tokenizer.ggml.model: is not supported: "wordy"');
  });

  it('writes JSON to a file, and the text to standard output', async () => {
    const file = join(root, 'out.json');
    expect(await inspect(at('llama.gguf'), '--json', file)).toContain('GGUF 3');
    expect(JSON.parse(readFileSync(file, 'utf8')).kind).toBe('gguf');
  });

  it('takes the id of a model that a cache has, and downloads none', async () => {
    const before = process.env.HF_HUB_CACHE;
    process.env.HF_HUB_CACHE = join(root, 'hub');
    try {
      const snapshot = layOut(join(root, 'hub'), 'tiny/llama', folder('llama'));
      expect(await inspect('tiny/llama')).toBe(await inspect(snapshot));
      await expect(inspect('tiny/other')).rejects.toThrow(
        /^tiny\/other: there is no such path, and no model of that id in \S+ or \S+$/,
      );
    } finally {
      if (before === undefined) delete process.env.HF_HUB_CACHE;
      else process.env.HF_HUB_CACHE = before;
    }
  });

  it('refuses a broken file, a folder of nothing, and a path to nothing', async () => {
    const cut = join(root, 'cut.gguf');
    writeFileSync(cut, readFileSync(at('llama.gguf')).subarray(0, 3000));
    await expect(inspect(cut)).rejects.toThrow('cut.gguf');
    mkdirSync(join(root, 'empty'));
    await expect(inspect(join(root, 'empty'))).rejects.toThrow(
      'has no adapter_model.safetensors: it is empty',
    );
    await expect(inspect(join(root, 'nothing'))).rejects.toThrow('no such file or directory');
  });
});

describe('modulesOf', () => {
  it('finds heads and embeddings, DoRA, and gaps between layers', () => {
    const name = (rest: string) => `base_model.model.${rest}`;
    const layer = (i: number, rest: string) => ({
      ...{ name: name(`model.layers.${i}.self_attn.k_proj.${rest}`), type: 'F32', shape: [8, 4] },
    });
    const found = modulesOf([
      ...[0, 1, 3].map((i) => layer(i, 'lora_A.weight')),
      { ...layer(3, 'lora_magnitude_vector'), shape: [4] },
      { name: name('lm_head.lora_A.weight'), type: 'F32', shape: [2, 4] },
      { name: name('model.embed_tokens.lora_embedding_A'), type: 'F32', shape: [16, 9] },
    ]);
    expect(found).toEqual([
      { module: 'embed_tokens', layers: [], ranks: [16], dora: false },
      { module: 'lm_head', layers: [], ranks: [2], dora: false },
      { module: 'self_attn.k_proj', layers: [0, 1, 3], ranks: [8], dora: true },
    ]);
  });

  it('is empty for a model without layers by number', () => {
    expect(
      modulesOf([{ name: 'base_model.model.linear1.lora_A.weight', type: 'F32', shape: [2, 4] }]),
    ).toEqual([]);
  });
});
