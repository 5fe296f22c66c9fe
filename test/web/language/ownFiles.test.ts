/** Files of a person's own: what is told of them, and in which words they are refused. */
import { openAsBlob } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { applyLora, noGrad, tensor } from '../../../src/index.js';
import { loadLanguageModel, PackedRows, trainingPlan } from '../../../src/text.js';
import { loadModel } from '../../../web/language/lab/loading.js';
import { factsOfPlace } from '../../../web/language/model/facts.js';
import { inspectFiles, ownRefusal, placeOf } from '../../../web/language/model/ownFiles.js';
import { refusal } from '../../../web/language/model/refusal.js';
import { folder, GGUF_MODELS, ggufBytes } from '../../models/fixtures.js';
import { ggufContents, ggufFile, largeModel } from '../../models/ggufFiles.js';
import { wasm } from '../../support/devices.js';
import { hasRealModel, realModel, realModelPath } from '../../support/realModel.js';

const fileOf = (bytes: Uint8Array, name = 'small.gguf') => new File([new Uint8Array(bytes)], name);
const filesOf = (...names: string[]) =>
  [...folder('llama')]
    .filter(([name]) => names.length === 0 || names.includes(name))
    .map(([name, bytes]) => fileOf(bytes, name));

/** The sentence of a refusal, which comes within a second. */
async function refused(...files: File[]): Promise<string> {
  const begun = performance.now();
  const error = await inspectFiles(files).then(
    () => undefined,
    (reason: Error) => reason,
  );
  expect(performance.now() - begun).toBeLessThan(1000);
  expect(error?.message).toMatch(/^\S.*\.$/);
  return error?.message ?? '';
}

describe('own files', () => {
  it('are told from their headers: a GGUF file, and the same model in a folder', async () => {
    const gguf = await inspectFiles([fileOf(ggufBytes('llama'))]);
    expect(gguf).toMatchObject({
      architecture: 'llama',
      hasTokenizer: true,
      fileBytes: ggufBytes('llama').length,
    });
    const safetensors = await inspectFiles(filesOf());
    expect(safetensors).toMatchObject({
      ...{ name: 'Your model', architecture: 'llama', hasTokenizer: true },
      ...{ parameters: gguf.parameters, contextLength: gguf.contextLength },
    });
    expect(gguf.parameters).toBeGreaterThan(1000);
  });

  it('are found under any name where there is one file of tensors', async () => {
    const files = filesOf().map((file) =>
      file.name === 'model.safetensors' ? new File([file], 'mine.safetensors') : file,
    );
    expect(await inspectFiles(files)).toMatchObject({ name: 'mine', architecture: 'llama' });
  });

  it('are what a model is loaded from', async () => {
    const device = await wasm();
    const { model } = await loadLanguageModel(device, placeOf(filesOf()));
    expect(model.config.modelType).toBe('llama');
    device.dispose();
  });

  it('say what is missing', async () => {
    expect(await refused()).toMatch(/^Choose one \.gguf file, or/);
    expect(await refused(...filesOf('model.safetensors'))).toBe(
      'Choose config.json and tokenizer.json together with the rest.',
    );
    expect(await refused(...filesOf('config.json', 'tokenizer.json'))).toBe(
      'Choose the .safetensors file together with the rest.',
    );
    const twice = fileOf(ggufBytes('llama'));
    expect(await refused(twice, twice)).toBe('These are several models. Choose one .gguf file.');
    expect(await refused(fileOf(new Uint8Array(8), 'adapter_model.safetensors'))).toMatch(
      /^This is an adapter\./,
    );
  });

  it('are refused for another architecture', async () => {
    const { metadata, tensors } = await ggufContents('llama');
    metadata.set('general.architecture', { type: 'string', value: 'gemma3' });
    expect(await refused(fileOf(await ggufFile({ metadata, tensors })))).toBe(
      'gemma3 is not supported yet: llama, qwen2 and qwen3 are.',
    );
  });

  it('are refused for a type of tensor that is not read', async () => {
    const bytes = ggufBytes('llama');
    const name = 'blk.0.attn_q.weight';
    const at = Buffer.from(bytes).indexOf(name) + name.length;
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(at + 4 + 16, 10, true);
    expect(await refused(fileOf(bytes))).toBe(
      'This file has Q2_K tensors (1 of 20), not supported yet. Q8_0, Q4_1 or F16 of the same model works.',
    );
  });

  it('are refused where they are cut, and the whole size is told', async () => {
    const bytes = new Uint8Array(ggufBytes('llama'));
    expect(await refused(fileOf(bytes.subarray(0, bytes.length - 100)))).toMatch(
      /^The file ends at \d+ of \d+ MB\. Download it again\.$/,
    );
    expect(await refused(fileOf(bytes.subarray(0, 1000)))).toBe(
      'The file ends in the middle. Download it again.',
    );
    expect(await refused(fileOf(new Uint8Array(0)))).toMatch(/^This is not a GGUF file: /);
  });

  it('are refused in no time where they are hostile', async () => {
    expect(await refused(fileOf(new TextEncoder().encode('hello, I am a text'), 'x.gguf'))).toMatch(
      /^This is not a GGUF file: it is a text/,
    );
    // One entry, whose text claims 10 GB.
    const large = new Uint8Array(1000);
    const view = new DataView(large.buffer);
    large.set(new TextEncoder().encode('GGUF'));
    view.setUint32(4, 3, true);
    view.setBigUint64(16, 1n, true);
    view.setBigUint64(24, 1n, true);
    view.setUint8(32, 97);
    view.setUint32(33, 8, true);
    view.setBigUint64(37, 10_000_000_000n, true);
    expect(await refused(fileOf(large))).toBe('The file ends in the middle. Download it again.');
    const header = new Uint8Array(1000);
    new DataView(header.buffer).setBigUint64(0, 10_000_000_000n, true);
    header[8] = 0x7b;
    const others = filesOf('config.json', 'tokenizer.json');
    await refused(...others, fileOf(header, 'model.safetensors'));
  });
});

describe('a model in both forms', () => {
  const TEXTS = ['Who keeps lamp 3?', 'Ünïcode 日本 — 12345\n\n  x = f(y)', 'a'];

  async function openedFrom(files: readonly File[]) {
    const device = await wasm('simd');
    const facts = await inspectFiles(files);
    const opened = await loadModel(device, { place: placeOf(files), facts, base: async () => '' }, () => {});
    const ids = TEXTS.map((text) => opened.tokenizer.encode(text));
    const logits = noGrad(() => opened.base.forward(tensor(device, ids[1], [ids[1].length], 'i32')));
    const result = { facts, ids, logits: Float32Array.from(await logits.read()) };
    device.dispose();
    return result;
  }

  it.each(GGUF_MODELS)('gives the same ids and logits, from GGUF and from safetensors: %s', async (name) => {
    const gguf = await openedFrom([fileOf(ggufBytes(name), 'same.gguf')]);
    const files = [...folder(name)].map(([file, bytes]) => fileOf(bytes, file));
    const safetensors = await openedFrom(files);
    expect(gguf.ids).toEqual(safetensors.ids);
    expect(gguf.ids[1].length).toBeGreaterThan(20);
    expect(gguf.logits.length).toBe(safetensors.logits.length);
    const gaps = gguf.logits.map((value, i) => Math.abs(value - safetensors.logits[i]));
    expect(Math.max(...gaps)).toBeLessThan(1e-3);
    expect(Math.max(...gguf.logits)).toBeGreaterThan(1e-2);
    expect(gguf.facts.contextLength).toBe(safetensors.facts.contextLength);
  });
});

describe('a model that is too large', () => {
  it('is refused before anything is allocated, with what there is', async () => {
    const device = await wasm('simd');
    const before = device.memory();
    const begun = performance.now();
    const error = await loadLanguageModel(device, await largeModel('F16', 24)).catch((each: unknown) => each);
    expect(performance.now() - begun).toBeLessThan(1000);
    expect(device.memory()).toEqual(before);
    expect(ownRefusal(error, [])).toBe('Needs 9.7 GB, a tab has at most 4 GB. Choose a smaller model.');
    const file = { name: 'mine', bytes: undefined, whole: undefined };
    expect(refusal(error, { ...file, offered: 2e9 })).toBe(
      'Needs 9.7 GB, a tab has at most 4 GB and this device 2 GB. Choose a smaller model.',
    );
    device.dispose();
  });
});

describe.skipIf(!hasRealModel)('a real model', () => {
  it('is told from its header, and how much of it is there where it is cut', async () => {
    const blob = await openAsBlob(realModelPath);
    const begun = performance.now();
    expect(await inspectFiles([new File([blob], 'SmolLM2.gguf')])).toMatchObject({
      name: 'SmolLM2',
      ...{ parameters: 134_515_008, fileBytes: 98_362_432, contextLength: 8192 },
    });
    expect(performance.now() - begun).toBeLessThan(3000);
    expect(await refused(new File([blob.slice(0, 71e6)], 'SmolLM2.gguf'))).toBe(
      'The file ends at 71 of 98 MB. Download it again.',
    );
  });

  it('needs about the memory that a training is planned to take', async () => {
    const device = await wasm();
    const { model } = await loadLanguageModel(device, realModel());
    await applyLora(model, { rank: 8 });
    const ids = Int32Array.from({ length: 256 }, (_, i) => i + 5);
    const labels = ids.map((id, i) => (i === 0 ? -1 : id));
    const rows = new PackedRows(device, [{ ids, labels }], { pack: false });
    const { total } = await trainingPlan(model, rows, { gradientCheckpointing: 'off' });
    const { neededBytes } = await factsOfPlace(realModel(), 'real');
    expect(neededBytes / total).toBeGreaterThan(0.95);
    expect(neededBytes / total).toBeLessThan(1.05);
    device.dispose();
  });
});
