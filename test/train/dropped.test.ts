/** Models, optimizers and datasets free their memory: disposed in any order, or dropped. */
import { describe, expect, it } from 'vitest';
import type { Backend } from '../../src/backends/backend.js';
import { Dataset } from '../../src/data/dataset.js';
import { applyLora } from '../../src/lora/applyLora.js';
import { DigitsNet } from '../../src/mnist/digitsNet.js';
import { crossEntropy } from '../../src/ops/crossEntropy.js';
import { Adam } from '../../src/optim/adam.js';
import { type Tensor, tensor } from '../../src/tensor.js';
import { fit } from '../../src/train/fit.js';
import { allDevices, wasm } from '../support/devices.js';

const FEATURES = 20;

function dataset(device: Backend, features = FEATURES, count = 20): Dataset {
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 10);
  const options = { features, classes: 10, mean: 0.5, std: 0.5 };
  return Dataset.fromBytes(device, new Uint8Array(count * features), labels, options);
}

const ORDERS = [
  ['model', 'optimizer', 'data'],
  ['optimizer', 'model', 'data'],
  ['data', 'optimizer', 'model'],
  ['model', 'data', 'optimizer'],
  ['model', 'model', 'optimizer', 'optimizer', 'data', 'data', 'model'],
] as const;

describe.each(await allDevices())('disposing on %s', (_, device) => {
  async function trained() {
    const model = new DigitsNet(device, { inFeatures: FEATURES });
    await applyLora(model, { rank: 2, dropout: 0.1, modulesToSave: ['linear3'] });
    const [first, ...others] = model.parameters().filter(({ requiresGrad }) => requiresGrad);
    const optimizer = new Adam([{ parameters: [first], learningRate: 0.01 }, { parameters: others }]);
    const data = dataset(device);
    await fit(model, data, { optimizer, epochs: 3 });
    return { model, optimizer, data };
  }

  it.each(ORDERS)('frees all in the order %s, %s, %s', async (...order) => {
    // The first leaves the loss of its last step until the next graph is begun.
    for (const each of Object.values(await trained())) each.dispose();
    const before = device.memory();
    const all = await trained();
    for (const what of order) all[what as keyof typeof all].dispose();
    expect(device.memory()).toMatchObject({
      liveBytes: before.liveBytes,
      liveStorages: before.liveStorages,
    });
  });

  it('frees with the model its values and gradients, with the optimizer its state', async () => {
    const all = await trained();
    const bytes = all.optimizer.parameters.reduce((sum, { length }) => sum + length, 0);
    const frozen = all.model
      .parameters()
      .reduce((sum, { length, requiresGrad }) => sum + (requiresGrad ? 0 : length), 0);
    const width = device.name === 'reference' ? 8 : 4;
    const before = device.memory().liveBytes;
    all.model.dispose();
    expect(before - device.memory().liveBytes).toBeGreaterThanOrEqual(width * (frozen + 2 * bytes));
    const between = device.memory().liveBytes;
    all.optimizer.dispose();
    expect(between - device.memory().liveBytes).toBeGreaterThanOrEqual(2 * width * bytes);
    all.data.dispose();
  });

  it('says what was disposed, when it is used', async () => {
    const { model, optimizer, data } = await trained();
    data.dispose();
    await expect(fit(model, data, { optimizer })).rejects.toThrow(
      'tensor [400]: its memory was released by dispose() of the dataset',
    );
    model.dispose();
    expect(() => optimizer.step()).toThrow(
      /^optimizer: a parameter was disposed: \[.*\]: make a new optimizer$/,
    );
    optimizer.dispose();
    expect(() => optimizer.step()).toThrow('Adam: the optimizer was disposed: make a new one');
    await expect(optimizer.stateDict()).rejects.toThrow('the optimizer was disposed');
  });
});

describe('dropped trials', () => {
  it('do not fill the memory, where only results are awaited', async () => {
    const device = await wasm();
    const x: Tensor = tensor(device, new Float32Array(10 * 784), [10, 784]);
    const y: Tensor = tensor(device, new Int32Array(10), [10], 'i32');
    async function trial() {
      const model = new DigitsNet(device, { inFeatures: 784 });
      const optimizer = new Adam(model.parameters());
      const [batch] = dataset(device, 784, 200).batches({ batchSize: 10 });
      expect(batch.rows).toBe(10);
      const loss = crossEntropy(model.forward(x), y);
      loss.backward();
      optimizer.step();
      await loss.item();
    }
    for (let i = 0; i < 120; i++) await trial();
    // Each holds 4 MB, which would total 480 if it were not freed.
    expect(device.memory().reservedBytes).toBeLessThan(200 * 2 ** 20);
  });
});
