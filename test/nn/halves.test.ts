/** Frozen weights in the 16 bits of their file: the same numbers as in 32, in half the memory. */
import { describe, expect, it } from 'vitest';
import type { Backend } from '../../src/backends/backend.js';
import { Random } from '../../src/base/random.js';
import { mapFiles } from '../../src/files/fileSource.js';
import { saveAdapter } from '../../src/lora/adapterFile.js';
import { applyLora } from '../../src/lora/applyLora.js';
import type { LoraConfig } from '../../src/lora/config.js';
import { merge } from '../../src/lora/merge.js';
import { Embedding } from '../../src/nn/embedding.js';
import { Linear } from '../../src/nn/linear.js';
import { loadTensors } from '../../src/nn/modelFile.js';
import { Layer } from '../../src/nn/module.js';
import { Sequential } from '../../src/nn/sequential.js';
import { crossEntropy } from '../../src/ops/crossEntropy.js';
import { silu } from '../../src/ops/silu.js';
import { Adam } from '../../src/optim/adam.js';
import { openModel } from '../../src/safetensors/open.js';
import { serializeSafetensors } from '../../src/safetensors/safetensors.js';
import { type Tensor, tensor } from '../../src/tensor.js';
import { allDevices, reference } from '../support/devices.js';

/** A small language model without attention; its head is its table. */
class Net extends Layer {
  readonly embed: Embedding;
  readonly up: Linear;
  readonly down: Linear;
  readonly head: Linear;

  constructor(device: Backend) {
    super();
    const random = new Random(6);
    this.embed = new Embedding(device, 19, 33, { random });
    this.up = new Linear(device, 33, 70, { random });
    this.down = new Linear(device, 70, 33, { random });
    this.head = new Linear(device, 33, 19, { bias: false, random });
    this.head.weight = this.embed.weight;
    this.requiresGrad(false);
  }

  forward(x: Tensor): Tensor {
    return this.head.forward(this.down.forward(silu(this.up.forward(this.embed.forward(x)))));
  }
}

const TYPES = ['BF16', 'F16'] as const;

/** Halves are multiplied in tiles of their own: the sums are added up in another order. */
function expectClose(found: ArrayLike<number>, expected: ArrayLike<number>): void {
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(found[i] - expected[i])).toBeLessThan(1e-4 * Math.max(1, Math.abs(expected[i])));
  }
}

async function tensorsOf(dtype: (typeof TYPES)[number]) {
  const state = await new Net(reference).stateDict();
  const bytes = serializeSafetensors([...state].map(([name, each]) => [name, { dtype, ...each }] as const));
  return (await openModel(mapFiles(new Map([['model.safetensors', bytes]])))).tensors;
}

async function loaded(device: Backend, dtype: (typeof TYPES)[number], halves: 'keep' | 'widen') {
  const model = new Net(device);
  await loadTensors(model, await tensorsOf(dtype), { halves });
  return model;
}

describe.each(await allDevices())('frozen weights on %s', (_, device) => {
  const x = tensor(device, [0, 3, 18, 7, 7], [5], 'i32');
  const y = tensor(device, [3, 18, 7, 7, 1], [5], 'i32');

  async function trained(model: Net, config: LoraConfig): Promise<number[]> {
    await applyLora(model, { rank: 3, seed: 2, ...config });
    const optimizer = new Adam(model.parameters(), { learningRate: 0.01 });
    const losses: number[] = [];
    for (let i = 0; i < 5; i++) {
      optimizer.zeroGrad();
      const loss = crossEntropy(model.forward(x), y);
      loss.backward();
      optimizer.step();
      losses.push(await loss.item());
    }
    expect(losses[4]).toBeLessThan(losses[0]);
    const files = new Map<string, Uint8Array>();
    await saveAdapter(model, files);
    const out = await model.forward(x).read();
    expect(files.size).toBe(2);
    return [...losses, ...out];
  }

  describe.each(TYPES)('in %s', (dtype) => {
    it('are kept so, except what no kernel takes so', async () => {
      const model = await loaded(device, dtype, 'keep');
      const types = Object.fromEntries(
        Array.from(model.namedTensors(), ([name, each]) => [name, each.dtype]),
      );
      const half = dtype === 'BF16' ? 'bf16' : 'f16';
      expect(types).toEqual({
        'embed.weight': half,
        'up.weight': half,
        'up.bias': 'f32',
        'down.weight': half,
        'down.bias': 'f32',
      });
      const wide = await (await loaded(reference, dtype, 'widen')).stateDict();
      for (const [name, { data }] of await model.stateDict()) {
        expect(Array.from(data)).toEqual(Array.from(wide.get(name)?.data ?? []));
      }
    });

    it.each<[string, LoraConfig]>([
      ['LoRA', { init: 'gaussian' }],
      ['LoRA on the table and the head', { targetModules: ['embed', 'head', 'up'], init: 'gaussian' }],
      ['DoRA', { useDora: true, targetModules: ['up', 'down'] }],
      ['a parametrization', { method: 'parametrization', targetModules: ['up', 'down'] }],
      ['PiSSA', { init: 'pissa_niter_2', targetModules: ['up', 'down'] }],
      ['OLoRA', { init: 'olora', targetModules: ['up', 'down'] }],
    ])('train an adapter as those in f32: %s', async (__, config) => {
      const kept = await trained(await loaded(device, dtype, 'keep'), config);
      const wide = await trained(await loaded(device, dtype, 'widen'), config);
      expect(kept).toHaveLength(wide.length);
      expectClose(kept, wide);
    });

    it('take half the memory, and move to another device', async () => {
      const before = device.memory().liveBytes;
      const wide = await loaded(device, dtype, 'widen');
      const middle = device.memory().liveBytes;
      const kept = await loaded(device, dtype, 'keep');
      const after = device.memory().liveBytes;
      if (device.name !== 'reference') expect((after - middle) / (middle - before)).toBeLessThan(0.57);
      const values = await kept.forward(x).read();
      const state = JSON.stringify([...(await kept.stateDict()).values()].map(({ data }) => [...data]));
      await kept.to(reference);
      expect(kept.up.weight.dtype).not.toBe('f32');
      expect(JSON.stringify([...(await kept.stateDict()).values()].map(({ data }) => [...data]))).toBe(state);
      await kept.to(device);
      expect(await kept.forward(x).read()).toEqual(values);
      wide.dispose();
      kept.dispose();
    });

    it('are not trained, written or merged into', async () => {
      const model = await loaded(device, dtype, 'keep');
      expect(() => model.requiresGrad()).toThrow(/^requiresGrad: a weight of b?f16 \[19,33\] is not trained/);
      expect(model.parameters().some(({ requiresGrad }) => requiresGrad)).toBe(false);
      expect(() => model.up.weight.write(new Float32Array(70 * 33))).toThrow(
        /^write: a weight of b?f16 is loaded/,
      );
      const state = await new Net(device).stateDict();
      expect(() => model.loadStateDict(state)).toThrow(
        /up\.weight is b?f16, whose values come only from a file/,
      );
      await applyLora(model, { rank: 1, targetModules: ['up'], init: 'gaussian' });
      await expect(merge(model)).rejects.toThrow(/^merge: up is b?f16, which would lose most of the update/);
    });

    it('are loaded again, in either type', async () => {
      const model = await loaded(device, dtype, 'keep');
      const before = await model.forward(x).read();
      await loadTensors(model, await tensorsOf(dtype));
      expect(model.up.weight.dtype).toBe('f32');
      expectClose(await model.forward(x).read(), before);
      await loadTensors(model, await tensorsOf(dtype), { halves: 'keep' });
      expect(await model.forward(x).read()).toEqual(before);
    });
  });

  it('that another kind of module has too stay f32', async () => {
    const model = new Net(device);
    const holder = Object.assign(new Sequential(), { weight: model.up.weight });
    Object.assign(model, { holder });
    await loadTensors(model, await tensorsOf('BF16'), { halves: 'keep' });
    expect([model.up.weight.dtype, model.down.weight.dtype]).toEqual(['f32', 'bf16']);
  });

  it('that train stay f32', async () => {
    const model = new Net(device);
    model.up.requiresGrad();
    await loadTensors(model, await tensorsOf('BF16'), { halves: 'keep' });
    expect([model.up.weight.dtype, model.down.weight.dtype]).toEqual(['f32', 'bf16']);
  });
});
