/** Several adapters on one model. */
import { describe, expect, it } from 'vitest';
import { noGrad } from '../../src/autograd/record.js';
import { Random } from '../../src/base/random.js';
import { loadAdapter, saveAdapter } from '../../src/lora/adapterFile.js';
import {
  activeAdapters,
  deleteAdapter,
  getAdapter,
  renameAdapter,
  setActiveAdapters,
  setAdapterScale,
  withAdapterDisabled,
  withAdapterPerRow,
} from '../../src/lora/adapters.js';
import { applyLora } from '../../src/lora/applyLora.js';
import type { LoraConfig } from '../../src/lora/config.js';
import { loraPlusGroups } from '../../src/lora/loraPlus.js';
import { merge, unmerge } from '../../src/lora/merge.js';
import { addWeightedAdapter } from '../../src/lora/weightedAdapter.js';
import { Embedding } from '../../src/nn/embedding.js';
import { Linear } from '../../src/nn/linear.js';
import type { Layer } from '../../src/nn/module.js';
import { Sequential } from '../../src/nn/sequential.js';
import { crossEntropy } from '../../src/ops/crossEntropy.js';
import { type Tensor, tensor } from '../../src/tensor.js';
import { allDevices } from '../support/devices.js';

describe.each(await allDevices())('several adapters on %s', (_, device) => {
  const x = tensor(device, [3, 1, 10, 3, 0, 7], [6], 'i32');
  const y = tensor(device, [0, 1, 2, 3, 4, 1], [6], 'i32');
  const build = () => {
    const random = new Random(5);
    const parts = [new Embedding(device, 11, 6, { random }), new Linear(device, 6, 9, { random })];
    return new Sequential(...parts, new Linear(device, 9, 5, { random })).eval();
  };
  const outputs = async (model: Layer, of: Tensor = x) =>
    Array.from(await noGrad(() => model.forward(of)).read());
  const close = (a: readonly number[], b: readonly number[]) => {
    const largest = Math.max(...b.map(Math.abs));
    return Math.max(...a.map((value, i) => Math.abs(value - b[i]))) / largest <= 1e-5;
  };

  /** A model whose B is also random, so that the adapter has an effect. */
  async function adapt(model: Layer, name: string, config: LoraConfig = {}): Promise<void> {
    const targetModules = ['0', '1', '2'];
    const adapter = await applyLora(model, { rank: 2, alpha: 3, targetModules, ...config }, name);
    const random = new Random(1).split(name);
    for (const parameter of adapter.parameters()) {
      parameter.write(Array.from({ length: parameter.length }, () => 0.3 * random.normal()));
    }
    model.eval();
  }

  async function three() {
    const model = build();
    const base = await outputs(model);
    await adapt(model, 'one');
    await adapt(model, 'two', { rank: 3, targetModules: ['1', '2'] });
    await adapt(model, 'three', { useDora: true });
    const alone = new Map<string, number[]>();
    for (const name of ['one', 'two', 'three']) {
      setActiveAdapters(model, [name]);
      alone.set(name, await outputs(model));
    }
    const outputsOf = (name: string) => alone.get(name) ?? [];
    return { model, base, outputsOf };
  }

  it('leaves the first active, and trains only the active ones', async () => {
    const model = build();
    await adapt(model, 'one');
    const first = await outputs(model);
    await adapt(model, 'two');
    expect(activeAdapters(model)).toEqual(['one']);
    expect(await outputs(model)).toEqual(first);
    const trained = () => model.parameters().filter(({ requiresGrad }) => requiresGrad);
    expect(new Set(trained())).toEqual(new Set(getAdapter(model, 'one').parameters()));
    setActiveAdapters(model, ['two']);
    expect(new Set(trained())).toEqual(new Set(getAdapter(model, 'two').parameters()));
    crossEntropy(model.forward(x), y).backward();
    expect(
      getAdapter(model, 'one')
        .parameters()
        .some(({ grad }) => grad),
    ).toBe(false);
    expect(
      getAdapter(model, 'two')
        .parameters()
        .every(({ grad }) => grad),
    ).toBe(true);
  });

  it('adds the updates of those that are active', async () => {
    const { model, base, outputsOf } = await three();
    setActiveAdapters(model, ['one', 'two']);
    const both = await outputs(model);
    for (const name of ['one', 'two']) expect(close(both, outputsOf(name))).toBe(false);
    setActiveAdapters(model, ['two', 'one', 'three']);
    const all = await outputs(model);
    await merge(model);
    expect(close(await outputs(model), all)).toBe(true);
    unmerge(model);
    expect(await outputs(model)).toEqual(all);
    setActiveAdapters(model, []);
    expect(await outputs(model)).toEqual(base);
  });

  it('scales, and is off for a block even when that fails', async () => {
    const { model, base, outputsOf } = await three();
    setActiveAdapters(model, ['one']);
    setAdapterScale(model, 'one', 0);
    expect(close(await outputs(model), base)).toBe(true);
    setAdapterScale(model, 'one', 2);
    expect(close(await outputs(model), outputsOf('one'))).toBe(false);
    setAdapterScale(model, 'one', 1);
    expect(await outputs(model)).toEqual(outputsOf('one'));
    const failing = withAdapterDisabled(model, async () => {
      expect(await outputs(model)).toEqual(base);
      throw new Error('inside');
    });
    await expect(failing).rejects.toThrow('inside');
    expect(await outputs(model)).toEqual(outputsOf('one'));
  });

  it('renames and deletes', async () => {
    const { model, base, outputsOf } = await three();
    setActiveAdapters(model, ['two']);
    renameAdapter(model, 'two', 'other');
    expect(activeAdapters(model)).toEqual(['other']);
    expect(await outputs(model)).toEqual(outputsOf('two'));
    const before = device.memory().liveStorages;
    deleteAdapter(model, 'other');
    expect(device.memory().liveStorages).toBeLessThan(before);
    expect(await outputs(model)).toEqual(base);
    expect(() => setActiveAdapters(model, ['other'])).toThrow(
      'setActiveAdapters: there is no adapter other: there are one, three',
    );
    setActiveAdapters(model, ['one']);
    expect(await outputs(model)).toEqual(outputsOf('one'));
  });

  it('replaces values in place, without new memory', async () => {
    const { model, outputsOf } = await three();
    const files = new Map<string, Uint8Array>();
    await saveAdapter(model, files, { name: 'one' });
    const other = build();
    await adapt(other, 'two', { alpha: 7 });
    const storages = () =>
      getAdapter(other, 'two')
        .parameters()
        .map(({ storage }) => storage);
    const before = storages();
    await loadAdapter(other, files, { name: 'two', replace: true });
    for (const [i, storage] of storages().entries()) expect(storage).toBe(before[i]);
    // Files are float32.
    expect(close(await outputs(other), outputsOf('one'))).toBe(true);
    await adapt(other, 'larger', { rank: 5 });
    const refused = loadAdapter(other, files, { name: 'larger', replace: true });
    await expect(refused).rejects.toThrow(
      'larger cannot be replaced in place: its layers, ranks or kinds differ',
    );
  });

  it('uses an adapter for each row of a batch', async () => {
    const { model, base, outputsOf } = await three();
    setActiveAdapters(model, ['one']);
    const names = ['one', 'two', '__base__', 'two', 'one', '__base__'];
    const given = [...names];
    const mixed = await withAdapterPerRow(model, given, () => {
      given.fill('one');
      return outputs(model);
    });
    const expected = names.flatMap((name, row) =>
      (name === '__base__' ? base : outputsOf(name)).slice(5 * row, 5 * row + 5),
    );
    expect(close(mixed, expected)).toBe(true);
    expect(await outputs(model)).toEqual(outputsOf('one'));
    const withDora = withAdapterPerRow(model, ['one', 'three'], () => outputs(model));
    await expect(withDora).rejects.toThrow('three cannot be mixed with others in a batch: it has DoRA');
    const tooFew = withAdapterPerRow(model, ['one', 'two', 'one', 'two'], () => outputs(model));
    await expect(tooFew).rejects.toThrow('6 rows do not divide among 4 names');
    expect(await outputs(model)).toEqual(outputsOf('one'));
  });

  it('refuses a number of names that differs from the examples of a batch', async () => {
    const { model } = await three();
    const two = tensor(device, [3, 1, 10, 3, 0, 7], [2, 3], 'i32');
    const names = ['one', '__base__'];
    const byTwo = await withAdapterPerRow(model, names, () => outputs(model, two));
    const flat = await withAdapterPerRow(model, names, () => outputs(model));
    expect(byTwo).toEqual(flat);
    // Six rows would divide among three names, but the batch has two examples.
    const others = withAdapterPerRow(model, [...names, 'two'], () => outputs(model, two));
    await expect(others).rejects.toThrow('the examples come first in an input: there are 2, and 3 names');
    await expect(withAdapterPerRow(model, [], () => outputs(model))).rejects.toThrow(
      'withAdapterPerRow: names must not be empty',
    );
  });

  it('adds weighted adapters: side by side is exact, and so is svd of enough rank', async () => {
    const { model } = await three();
    setActiveAdapters(model, ['one', 'two']);
    const sum = await outputs(model);
    const weights = [1, 1];
    await addWeightedAdapter(model, 'cat', { adapters: ['one', 'two'], weights, combination: 'cat' });
    const given = [...weights];
    const adding = addWeightedAdapter(model, 'svd', { adapters: ['one', 'two'], weights: given, rank: 5 });
    given.fill(0);
    await adding;
    for (const name of ['cat', 'svd']) {
      setActiveAdapters(model, [name]);
      expect(close(await outputs(model), sum), name).toBe(true);
    }
    const linear = addWeightedAdapter(model, 'no', {
      adapters: ['one', 'two'],
      weights,
      combination: 'linear',
    });
    await expect(linear).rejects.toThrow('linear requires one rank in 1: 2, 3');
    await expect(addWeightedAdapter(model, 'no', { adapters: ['three'], weights: [1] })).rejects.toThrow(
      'three is more than A and B',
    );
  });

  it('does not change while it is merged, nor merges what is not finite', async () => {
    const { model } = await three();
    setActiveAdapters(model, ['two']);
    const before = await outputs(model);
    const [factors] = getAdapter(model, 'two').factors.values();
    const values = await factors.loraB.read();
    factors.loraB.write(values.map(() => Number.POSITIVE_INFINITY));
    await expect(merge(model)).rejects.toThrow('merge: 1: the merged weight is not finite at 0');
    factors.loraB.write(values);
    expect(await outputs(model)).toEqual(before);
    await merge(model);
    await expect(merge(model)).rejects.toThrow('merged already');
    for (const change of [
      () => setActiveAdapters(model, []),
      () => setAdapterScale(model, 'two', 2),
      () => deleteAdapter(model, 'one'),
    ]) {
      expect(change).toThrow('while they are merged: call unmerge first');
    }
    unmerge(model);
    expect(() => unmerge(model)).toThrow('nothing is merged');
  });

  it('refuses two adapters that train one parameter as a whole', async () => {
    const model = build();
    await adapt(model, 'one', { bias: 'all' });
    await adapt(model, 'two', { bias: 'lora_only' });
    expect(() => setActiveAdapters(model, ['one', 'two'])).toThrow('one and two both train 1.bias');
    setActiveAdapters(model, ['two']);
  });

  it('adds the factors of adapters with ranks of their own in some layers', async () => {
    const model = build();
    const rankPattern = { '2': 2 };
    for (const name of ['one', 'two'])
      await adapt(model, name, { rank: 4, alpha: 4, rankPattern, alphaPattern: { '2': 2 } });
    const linear = await addWeightedAdapter(model, 'sum', {
      ...{ adapters: ['one', 'two'], weights: [1, 1], combination: 'linear' },
    });
    const [one, two] = ['one', 'two'].map((name) => getAdapter(model, name).factors);
    expect(linear.factors.size).toBe(one.size);
    for (const [path, { loraA, rank, scaling }] of linear.factors) {
      expect([rank, scaling]).toEqual([path === '2' ? 2 : 4, 1]);
      const [a, b] = [await one.get(path)?.loraA.read(), await two.get(path)?.loraA.read()];
      const sum = Array.from(a ?? [], (value, i) => value + (b?.[i] ?? 0));
      expect(close(Array.from(await loraA.read()), sum)).toBe(true);
    }
  });

  it('groups the factors of an Embedding for LoRA+ by themselves', async () => {
    const model = new Sequential(new Embedding(device, 7, 5), new Linear(device, 5, 3));
    await applyLora(model, { rank: 2, targetModules: ['0', '1'] });
    const groups = loraPlusGroups(model, 0.01, 8, 0.5);
    expect(groups.map(({ learningRate, parameters }) => [learningRate, parameters.length])).toEqual([
      [0.01, 1],
      [0.08, 1],
      [0.5, 2],
    ]);
  });

  it('groups B for LoRA+', async () => {
    const model = build();
    await adapt(model, 'one', { bias: 'all' });
    const [slow, fast] = loraPlusGroups(model, 0.01, 8);
    expect([slow.learningRate, fast.learningRate]).toEqual([0.01, 0.08]);
    expect(slow.parameters.map(({ shape }) => shape.join())).toEqual(['2,6', '2,9']);
    expect(fast.parameters.map(({ shape }) => shape.join()).sort()).toEqual(['5', '5,2', '9', '9,2']);
  });
});
