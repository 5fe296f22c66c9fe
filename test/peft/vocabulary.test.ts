/** What real PEFT puts into a file beside an adapter's own tensors, and its patterns; make_vocabulary.py wrote it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { noGrad } from '../../src/autograd/record.js';
import { loadAdapter, saveAdapter } from '../../src/lora/adapterFile.js';
import { applyLora } from '../../src/lora/applyLora.js';
import { Embedding } from '../../src/nn/embedding.js';
import { Linear } from '../../src/nn/linear.js';
import { parseModel } from '../../src/nn/modelFile.js';
import { Layer } from '../../src/nn/module.js';
import { ReLU } from '../../src/nn/relu.js';
import { Sequential } from '../../src/nn/sequential.js';
import { relu } from '../../src/ops/relu.js';
import { parseSafetensors, serializeSafetensors, toFloat32 } from '../../src/safetensors/safetensors.js';
import { type Tensor, tensor } from '../../src/tensor.js';
import { wasm } from '../support/devices.js';
import { adapterFiles, difference, ROOT } from './net.js';

const device = await wasm();
const MODEL = 'adapter_model.safetensors';
// make_vocabulary.py wrote it.
const { input, outputs } = JSON.parse(readFileSync(join(ROOT, 'vocabulary', 'facts.json'), 'utf8')) as {
  readonly input: number[];
  readonly outputs: Readonly<Record<string, number[]>>;
};
const base = parseModel(readFileSync(join(ROOT, 'vocabulary', 'base.safetensors')), 'base');

class Block extends Layer {
  linear1: Layer = new Linear(device, 6, 9);
  linear2: Layer = new Linear(device, 9, 5);

  forward(x: Tensor): Tensor {
    return this.linear2.forward(relu(this.linear1.forward(x)));
  }
}

class Net extends Layer {
  embed_tokens: Layer = new Embedding(device, 11, 6);
  block = new Block();
  dec = new Sequential(new Linear(device, 5, 7), new ReLU(), new Linear(device, 7, 5));
  head: Layer = new Linear(device, 5, 5);
  lm_head: Layer = new Linear(device, 5, 4);

  forward(x: Tensor): Tensor {
    const hidden = this.dec.forward(this.block.forward(this.embed_tokens.forward(x)));
    return this.lm_head.forward(this.head.forward(hidden));
  }
}

function build(): Net {
  const model = new Net();
  model.loadStateDict(base);
  return model.eval();
}

const x = tensor(device, input, [7], 'i32');
const output = (model: Layer) => noGrad(() => model.eval().forward(x)).read();
const files = (name: string) => adapterFiles('vocabulary', name);

/** The tensors of a case, changed. */
function withTensors(name: string, change: (tensors: Map<string, Float32Array>) => void) {
  const all = files(name);
  const found = parseSafetensors(all.get(MODEL) ?? new Uint8Array(), MODEL).tensors;
  const values = new Map(Array.from(found, ([key, each]) => [key, toFloat32(each, key)]));
  change(values);
  const written = Array.from(values, ([key, data]) => {
    const shape = found.get(key)?.shape ?? [data.length];
    return [key, { dtype: 'F32' as const, shape, data }] as const;
  });
  return all.set(MODEL, serializeSafetensors(new Map(written), { format: 'pt' }));
}

describe('adapters of PEFT for a vocabulary', () => {
  it.each(Object.keys(outputs))('%s: outputs as PEFT has them, and again when saved', async (name) => {
    const model = build();
    await loadAdapter(model, files(name));
    expect(difference(await output(model), outputs[name])).toBeLessThanOrEqual(1e-5);
    const again = new Map<string, Uint8Array>();
    await saveAdapter(model, again);
    const other = build();
    expect((await loadAdapter(other, again)).notes).toEqual([]);
    expect(await output(other)).toEqual(await output(model));
  });

  const embedding = 'base_model.model.embed_tokens.base_layer.weight';

  it("leave out the base's weights with a note, also on a model that has an adapter already", async () => {
    const model = build();
    await applyLora(model, { rank: 2, targetModules: ['embed_tokens', 'dec.0'], bias: 'all' }, 'first');
    const { notes } = await loadAdapter(model, files('vocabulary'));
    expect(notes).toEqual([
      `${embedding} is left out: it is the base's own weight`,
      "base_model.model.lm_head.base_layer.bias is left out: it is the base's own weight",
      "base_model.model.lm_head.base_layer.weight is left out: it is the base's own weight",
    ]);
    const again = new Map<string, Uint8Array>();
    await saveAdapter(model, again, { name: 'default' });
    expect([...parseSafetensors(again.get(MODEL) ?? new Uint8Array(), MODEL).tensors.keys()]).not.toContain(
      embedding,
    );
  });

  it('are refused by name where the base was trained or resized', async () => {
    const trained = withTensors('vocabulary', (tensors) => {
      const values = tensors.get(embedding);
      if (values) values[3] += 1e-3;
    });
    await expect(loadAdapter(build(), trained)).rejects.toThrow(
      `${MODEL}: ${embedding} [11,6] differs from the base's [11,6]: a base that was resized or trained with the adapter, such as a vocabulary, is not supported`,
    );
    const copy = withTensors('bias-all-sequential', (tensors) => {
      const values = tensors.get('base_model.model.dec.modules_to_save.default.0.bias');
      if (values) values[0] += 1;
    });
    await expect(loadAdapter(build(), copy)).rejects.toThrow(
      'dec.modules_to_save.default.0.bias differs from the values that are trained',
    );
  });

  it("take the base's biases where PEFT 0.18 left those of lora_only out", async () => {
    const model = build();
    const without = withTensors('bias-lora-only', (tensors) => {
      for (const key of tensors.keys()) if (key.endsWith('.bias')) tensors.delete(key);
    });
    const adapter = await loadAdapter(model, without);
    expect(adapter.notes.join()).toContain('bias is lora_only, but the file has no biases');
    const bias = adapter.copies.get('block.linear1.bias');
    expect(await bias?.read()).toEqual(base.get('block.linear1.bias')?.data);
    // In place of others, too.
    bias?.write(new Float32Array(9));
    await loadAdapter(model, without, { replace: true });
    expect(await bias?.read()).toEqual(base.get('block.linear1.bias')?.data);
    const one = withTensors('bias-lora-only', (tensors) => {
      tensors.delete('base_model.model.block.linear1.base_layer.bias');
    });
    await expect(loadAdapter(build(), one)).rejects.toThrow(
      `${MODEL}: missing base_model.model.block.linear1.base_layer.bias`,
    );
  });

  it('are written with the name that PEFT keeps in a module of several', async () => {
    const again = new Map<string, Uint8Array>();
    const model = build();
    await loadAdapter(model, files('bias-all-sequential'), { name: 'other' });
    await saveAdapter(model, again);
    const keys = [...parseSafetensors(again.get(MODEL) ?? new Uint8Array(), MODEL).tensors.keys()];
    expect(keys).toContain('base_model.model.dec.modules_to_save.other.0.bias');
    expect(keys).toContain('base_model.model.lm_head.modules_to_save.bias');
  });
});
