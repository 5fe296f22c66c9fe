/** Oracle: 100 Adam steps of PyTorch from the same weights and batches, from make_fixtures.py. */
import { describe, expect, it } from 'vitest';
import type { Backend } from '../../src/backends/backend.js';
import { Dataset } from '../../src/data/dataset.js';
import { applyLora } from '../../src/lora/applyLora.js';
import { DigitsNet } from '../../src/mnist/digitsNet.js';
import { parseMnist } from '../../src/mnist/mnist.js';
import type { HostTensor } from '../../src/nn/module.js';
import { mnistFiles } from '../../src/node/mnist.js';
import { crossEntropy } from '../../src/ops/crossEntropy.js';
import { Adam } from '../../src/optim/adam.js';
import type { Parameter } from '../../src/tensor.js';
import { fit } from '../../src/train/fit.js';
import { allDevices } from '../support/devices.js';
import { curves } from './fixtures.js';
import { type Curve, normal, type TensorCheck, uniform } from './generator.js';

const { train } = await parseMnist(await mnistFiles());

function dataset(device: Backend, count: number, labels: readonly number[]): Dataset {
  const images = train.images.subarray(0, count * train.features);
  const options = { features: train.features, classes: 10, mean: curves.mean, std: curves.std };
  return Dataset.fromBytes(device, images, train.labels.subarray(0, count), options).subset(labels);
}

function initial(name: string): HostTensor {
  const { shape, kind, seed = 0, bound = 0 } = curves.initial[name];
  const count = shape.reduce((a, b) => a * b, 1);
  if (kind === 'zeros') return { shape, data: new Float32Array(count) };
  return { shape, data: kind === 'uniform' ? uniform(seed, count, bound) : normal(seed, count) };
}

const BASE_NAMES = [1, 2, 3].flatMap((i) => [`linear${i}.weight`, `linear${i}.bias`]);

/** The model of a curve, and its trained parameters under the fixture's names. */
function build(device: Backend, curve: Curve): { model: DigitsNet; trained: Map<string, Parameter> } {
  const model = new DigitsNet(device);
  model.loadStateDict(new Map(BASE_NAMES.map((name) => [name, initial(name)])));
  if (curve.name !== 'full') {
    const bias = curve.name === 'layer' ? 'lora_only' : 'none';
    applyLora(model, { method: curve.name, rank: curve.rank, alpha: curve.alpha, bias });
  }
  const trained = new Map<string, Parameter>();
  for (const [path, parameter] of model.namedParameters()) {
    if (!parameter.requiresGrad) continue;
    const name = path
      .replace('parametrizations.weight.0.', '')
      .replace('base.', '')
      .replace('adapters.default.', '');
    if (/lora[AB]$/.test(name)) parameter.write(initial(name).data);
    trained.set(name, parameter);
  }
  return { model, trained };
}

function expectTensor(actual: ArrayLike<number>, check: TensorCheck, bound: number, name: string): void {
  let sum = 0;
  let sumAbs = 0;
  for (const value of Array.from(actual)) {
    sum += value;
    sumAbs += Math.abs(value);
  }
  const scale = Math.max(check.sumAbs, Number.MIN_VALUE);
  expect(Math.abs(sum - check.sum) / scale, `sum of ${name}`).toBeLessThanOrEqual(bound);
  expect(Math.abs(sumAbs - check.sumAbs) / scale, `sum of absolute ${name}`).toBeLessThanOrEqual(bound);
  const largest = Math.max(...check.values.map(Math.abs), Number.MIN_VALUE);
  for (const [i, index] of check.indices.entries()) {
    const error = Math.abs(actual[index] - check.values[i]);
    expect(error / largest, `${name}[${index}]`).toBeLessThanOrEqual(10 * bound);
  }
}

describe('the generator', () => {
  it.each(curves.generator.map((each) => [each.kind, each.seed, each] as const))(
    '%s of seed %i',
    (_, __, each) => {
      const { kind, seed, count, bound = 1, indices, values } = each;
      const made = kind === 'uniform' ? uniform(seed, count, bound) : normal(seed, count);
      expect(indices.map((i) => made[i])).toEqual(values);
    },
  );
});

describe.each(await allDevices())('100 Adam steps on %s against PyTorch', (deviceName, device) => {
  const isReference = deviceName === 'reference';
  /** The reference is slow, and so is a software adapter; the others take all steps. */
  const most = { reference: 12, webgpu: 25 }[deviceName] ?? 100;

  it.each(curves.batches.map((each) => [each.labels.join(), each] as const))(
    'gathers the same two batches of %s',
    async (_, { labels, targets, pixels }) => {
      const data = dataset(device, 100, labels);
      for (const { x, y } of data.batches({ batchSize: 20 })) {
        expect(Array.from(await y.read())).toEqual(targets);
        expectTensor(await x.read(), pixels, 1e-6, 'pixels');
        break;
      }
      data.dispose();
    },
  );

  const cases = curves.curves.map((each) => [each.name, each] as const);

  it.each(cases)('%s: the gradients of the first two steps', async (_, curve) => {
    const { model, trained } = build(device, curve);
    const data = dataset(device, 100, curve.labels);
    const optimizer = new Adam(trained.values(), { learningRate: curve.learningRate });
    let step = 0;
    for (const { x, y } of data.batches({ batchSize: curve.batchSize })) {
      const expected = curve.gradients.find((each) => each.step === step + 1);
      if (!expected) break;
      step += 1;
      optimizer.zeroGrad();
      crossEntropy(model.forward(x), y).backward();
      expect(Object.keys(expected.parameters).length).toBe(trained.size);
      for (const [name, check] of Object.entries(expected.parameters)) {
        const { grad } = trained.get(name) ?? {};
        if (!grad) expect.fail(`${name} has no gradient`);
        expectTensor(await grad.read(), check, 1e-5, `d:${name}`);
      }
      optimizer.step();
    }
    expect(step).toBe(2);
    optimizer.dispose();
    model.dispose();
    data.dispose();
  });

  it.each(cases)('%s: the loss of every step', async (_, curve) => {
    const count = Math.min(most, curve.losses.length);
    const { model, trained } = build(device, curve);
    expect([...trained.keys()].sort()).toEqual([...curve.trainable].sort());
    const data = dataset(device, 3000, curve.labels);
    const optimizer = new Adam(trained.values(), { learningRate: curve.learningRate });
    const errors: number[] = [];
    await fit(model, data, {
      optimizer,
      limit: count,
      batchSize: curve.batchSize,
      shuffle: false,
      onStep: ({ iteration, loss }) => {
        const expected = (isReference ? curve.lossesFloat64 : curve.losses)[iteration - 1];
        errors.push(Math.abs(loss - expected) / expected);
      },
    });
    expect(errors.length).toBe(count);
    expect(Math.max(...errors)).toBeLessThanOrEqual(isReference ? 1e-9 : 1e-4);
    if (count === curve.losses.length) {
      for (const [name, check] of Object.entries(curve.final)) {
        expectTensor((await trained.get(name)?.read()) ?? [], check, 1e-4, name);
      }
    }
    optimizer.dispose();
    model.dispose();
    data.dispose();
  });
});
