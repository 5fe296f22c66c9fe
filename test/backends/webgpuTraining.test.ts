/** Training on WebGPU: what a step costs, that memory stays flat, and that it learns as the reference does. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/backends/backend.js';
import type { WebGpuBackend } from '../../src/backends/webgpu/index.js';
import { Random } from '../../src/base/random.js';
import { type Batch, Dataset } from '../../src/data/dataset.js';
import { applyLora } from '../../src/lora/applyLora.js';
import { DigitsNet } from '../../src/mnist/digitsNet.js';
import { Linear } from '../../src/nn/linear.js';
import { crossEntropy } from '../../src/ops/crossEntropy.js';
import { Adam } from '../../src/optim/adam.js';
import { reference } from '../support/devices.js';
import { hasWebGpu, webgpu } from '../support/webgpuDevice.js';

/** Examples of random bytes, the same on every device. */
function examples(device: Backend, count: number, features: number): Dataset {
  const random = new Random(1);
  const images = Uint8Array.from({ length: count * features }, () => Math.floor(random.uniform() * 256));
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 10);
  return Dataset.fromBytes(device, images, labels, { features, classes: 10, mean: 0.5, std: 0.3 });
}

/** A training loop, one step at a time; the losses are kept on the device. */
function trainer(device: Backend, inFeatures: number, method: 'layer' | 'parametrization' | undefined) {
  const model = new DigitsNet(device, { inFeatures });
  if (method) applyLora(model, { method, rank: 2, alpha: 1, init: 'normal' });
  const optimizer = new Adam(model.parameters());
  const losses = device.alloc('f32', 33);
  device.run('fill', { out: losses, value: 0 });
  const step = ({ x, y }: Batch) => {
    optimizer.zeroGrad();
    const loss = crossEntropy(model.forward(x), y);
    loss.backward();
    device.run('append', { list: losses, x: loss.storage });
    optimizer.step();
  };
  return { step, losses };
}

describe.runIf(hasWebGpu)('training on webgpu', () => {
  let device: WebGpuBackend;
  beforeAll(async () => {
    device = await webgpu();
  });
  afterAll(() => device.dispose());

  it.each([
    ['layer', 40],
    ['parametrization', 40],
    [undefined, 40],
  ] as const)('a step of DigitsNet (%s) is one submit and at most %d dispatches', async (method, most) => {
    const { step } = trainer(device, 784, method);
    const data = examples(device, 100, 784);
    const counted: { submits: number; dispatches: number; calls: number }[] = [];
    for (const batch of data.batches({ batchSize: 10 })) {
      step(batch);
      counted.push({ ...device.counters });
    }
    await device.sync();
    for (let i = 2; i < counted.length; i++) {
      expect(counted[i].submits - counted[i - 1].submits).toBe(1);
      expect(counted[i].dispatches - counted[i - 1].dispatches).toBeLessThanOrEqual(most);
      expect(counted[i].calls).toBe(counted[1].calls);
    }
    data.dispose();
  });

  it('keeps memory flat over 300 steps', async () => {
    // A separate device: memory that other tests left to the garbage collector is freed at any time.
    const own = await webgpu();
    const model = new Linear(own, 8, 10, { random: new Random(2) });
    const optimizer = new Adam(model.parameters());
    const data = examples(own, 1003, 8);
    const uses = new Set<string>();
    let steps = 0;
    while (steps < 300) {
      for (const { x, y } of data.batches({ batchSize: 10 })) {
        optimizer.zeroGrad();
        const loss = crossEntropy(model.forward(x), y);
        loss.backward();
        optimizer.step();
        if (steps % own.stepsPerRead === 0) await loss.item();
        steps++;
        // The first epoch ends with a smaller batch, whose sizes are new; every later one is like it.
        if (steps > 101 && x.shape[0] === 10) uses.add(JSON.stringify([own.memory(), own.counters.buffers]));
      }
    }
    expect([...uses]).toHaveLength(1);
    expect(own.counters.calls).toBeLessThan(50);
    own.dispose();
  });

  it.each(['layer', 'parametrization', undefined] as const)(
    'learns as the reference does (%s)',
    async (method) => {
      const curves = [];
      for (const each of [reference, device]) {
        const { step, losses } = trainer(each, 32, method);
        const data = examples(each, 100, 32);
        for (let epoch = 0; epoch < 3; epoch++) {
          for (const batch of data.batches({ batchSize: 10 })) step(batch);
        }
        const [count, ...curve] = await each.read(losses);
        expect(count).toBe(30);
        curves.push(curve.slice(0, 30));
        data.dispose();
      }
      const [expected, actual] = curves;
      expect(expected[20]).toBeLessThan(expected[0]);
      for (const [i, loss] of expected.entries()) {
        expect(Math.abs(actual[i] - loss) / loss, `step ${i + 1}`).toBeLessThan(1e-4);
      }
    },
  );

  it('gives the same losses again, bit for bit', async () => {
    const run = async () => {
      const { step, losses } = trainer(device, 32, 'layer');
      const data = examples(device, 100, 32);
      for (const batch of data.batches({ batchSize: 10 })) step(batch);
      return device.read(losses);
    };
    expect((await run()).slice(0, 11)).toEqual((await run()).slice(0, 11));
  });
});
