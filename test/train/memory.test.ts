/** Memory after step 2 equals memory after step 2,000: nothing is disposed in a training loop. */
import { describe, expect, it } from 'vitest';
import type { Backend } from '../../src/backends/backend.js';
import { Dataset } from '../../src/data/dataset.js';
import { applyLora } from '../../src/lora/applyLora.js';
import { DigitsNet } from '../../src/mnist/digitsNet.js';
import { checkpoint } from '../../src/nn/checkpoint.js';
import { Dropout } from '../../src/nn/dropout.js';
import { Linear } from '../../src/nn/linear.js';
import { Layer } from '../../src/nn/module.js';
import { addResidual } from '../../src/ops/addResidual.js';
import { crossEntropy } from '../../src/ops/crossEntropy.js';
import { detach } from '../../src/ops/detach.js';
import { reshape } from '../../src/ops/reshape.js';
import { silu } from '../../src/ops/silu.js';
import { Adam } from '../../src/optim/adam.js';
import { type Tensor, tensor } from '../../src/tensor.js';
import { fit } from '../../src/train/fit.js';
import { wasm } from '../support/devices.js';
import { trainImages } from '../support/mnistData.js';

const METHODS = ['full', 'parametrization', 'layer'] as const;

describe.each(METHODS)('memory of %s training', async (method) => {
  const device = await wasm();
  const data = trainImages(device, 1005);

  function build() {
    const model = new DigitsNet(device, { inFeatures: 784 });
    if (method !== 'full') applyLora(model, { method, rank: 2 });
    return { model, optimizer: new Adam(model.parameters()) };
  }

  it('is flat in fit, with a smaller batch at the end of each epoch', async () => {
    const { model, optimizer } = build();
    const use = new Map<number, ReturnType<typeof device.memory>>();
    await fit(model, data, {
      optimizer,
      epochs: 6,
      limit: 600,
      onStep: ({ iteration }) => use.set(iteration, device.memory()),
    });
    // The smaller batch, which is not repeated, requires its own memory beside that of the recording.
    // Free memory is divided differently then, within the reserved memory.
    const { reservedBytes } = use.get(102) ?? device.memory();
    const { peakBytes } = device.memory();
    expect(use.get(600)).toEqual({ ...use.get(2), reservedBytes, peakBytes });
    expect(peakBytes).toBeLessThanOrEqual(reservedBytes);
    expect(Math.max(...[...use.values()].map(({ liveBytes }) => liveBytes))).toBe(use.get(2)?.liveBytes);
  });

  it('is flat in a loop of the user, and the storages are the same each time', async () => {
    const { model, optimizer } = build();
    const x = tensor(device, new Float32Array(10 * 784).fill(0.5), [10, 784]);
    const y = tensor(device, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [10], 'i32');
    const spy: string[] = [];
    const alloc = device.alloc;
    const freshStorages = new Set<string>();
    for (let step = 1; step <= 50; step++) {
      device.alloc = (dtype, length) => {
        const storage = alloc.call(device, dtype, length);
        spy.push(`${length} at ${(storage as { address?: number }).address}`);
        return storage;
      };
      optimizer.zeroGrad();
      const loss = crossEntropy(model.forward(x), y);
      loss.backward();
      optimizer.step();
      await loss.item();
      device.alloc = alloc;
      if (step > 2) freshStorages.add(spy.join());
      spy.length = 0;
    }
    expect(freshStorages.size).toBe(1);
    expect([...freshStorages][0]).not.toContain('undefined');
  });
});

describe('memory from step 2 to step 2,000', () => {
  const bytes = Uint8Array.from({ length: 8 * 24 }, (_, i) => (i * 37) % 256);
  const labels = Uint8Array.from({ length: 24 }, (_, i) => i % 3);

  /** Recomputed blocks, with memory that moves and memory that is shared. */
  class Blocks extends Layer {
    readonly first: Linear;
    readonly second: Linear;
    readonly head: Linear;
    readonly dropout: Dropout;

    constructor(device: Backend) {
      super();
      this.first = new Linear(device, 8, 8);
      this.second = new Linear(device, 8, 8);
      this.head = new Linear(device, 8, 3);
      this.dropout = new Dropout(device, 0.1);
    }

    forward(x: Tensor): Tensor {
      const once = checkpoint((h) => addResidual(h, this.dropout.forward(this.first.forward(h))), x);
      const twice = addResidual(once, silu(reshape(this.second.forward(detach(once)), once.shape)));
      return this.head.forward(twice);
    }
  }

  it.each([
    ['of recomputed blocks', {}],
    ['call by call', { record: false }],
    ['of gradients that are accumulated', { accumulate: 3 }],
    ['of batches of several sizes', { batchSize: 7 }],
  ])('is the same %s', async (_, options) => {
    // A separate device: objects that another test has dropped are counted until they are collected.
    const device = await wasm();
    const sizes = { features: 8, classes: 3, mean: 0.5, std: 0.3 };
    const data = Dataset.fromBytes(device, bytes, labels, sizes);
    const model = new Blocks(device);
    await applyLora(model, { rank: 2, dropout: 0.1, targetModules: ['first', 'second'] });
    const use = new Map<number, number>();
    await fit(model, data, {
      optimizer: new Adam(model.parameters()),
      batchSize: 4,
      epochs: 2000,
      limit: 2000,
      ...options,
      onStep: ({ iteration }) => use.set(iteration, device.memory().liveStorages),
    });
    expect(use.size).toBe(2000);
    expect(use.get(2000)).toBe(use.get(2));
  });
});
