/** Calls that would train nothing, or not what was intended: refused with a sentence, before any weight changes. */
import { describe, expect, it } from 'vitest';
import { Dataset } from '../../src/data/dataset.js';
import { setActiveAdapters, setAdapterScale } from '../../src/lora/adapters.js';
import { applyLora } from '../../src/lora/applyLora.js';
import { loraPlusGroups } from '../../src/lora/loraPlus.js';
import { addWeightedAdapter } from '../../src/lora/weightedAdapter.js';
import { Linear } from '../../src/nn/linear.js';
import type { Layer } from '../../src/nn/module.js';
import { ReLU } from '../../src/nn/relu.js';
import { Sequential } from '../../src/nn/sequential.js';
import { crossEntropy } from '../../src/ops/crossEntropy.js';
import { mul } from '../../src/ops/mul.js';
import { Adam } from '../../src/optim/adam.js';
import { SGD } from '../../src/optim/sgd.js';
import { parameter, tensor } from '../../src/tensor.js';
import { type FitOptions, fit, type StepReport } from '../../src/train/fit.js';
import { reference, wasm } from '../support/devices.js';
import { trainImages } from '../support/mnistData.js';

const device = await wasm();
const data = trainImages(device, 50);
const build = (outputs = 10) => new Sequential(new Linear(device, 784, 8), new Linear(device, 8, outputs));

async function weights(model: Layer): Promise<string> {
  return Array.from(await model.stateDict(), ([name, { data }]) => `${name} ${data.join()}`).join();
}

/** @returns the message with which a fit is refused; every weight is unchanged afterwards */
async function refusal(model: Layer, options: FitOptions): Promise<unknown> {
  const before = await weights(model);
  let told = 0;
  const error: unknown = await fit(model, data, { onStep: () => told++, ...options }).then(
    () => 'nothing',
    (reason: unknown) => reason,
  );
  expect((await weights(model)) === before).toBe(true);
  expect(told).toBe(0);
  return error;
}

describe('fit refuses an optimizer', () => {
  it('that was made before applyLora', async () => {
    for (const method of ['layer', 'parametrization'] as const) {
      const model = build();
      const optimizer = new Adam(model.parameters());
      await applyLora(model, { rank: 2, method });
      expect(await refusal(model, { optimizer })).toMatchObject({
        message:
          'fit: every parameter of the optimizer is frozen: make it after applyLora and setActiveAdapters, as in new Adam(model.parameters())',
      });
    }
  });

  it('that was made before another adapter became active', async () => {
    const model = build();
    await applyLora(model, { rank: 2 }, 'first');
    const optimizer = new Adam(model.parameters());
    await applyLora(model, { rank: 2 }, 'second');
    expect((await fit(model, data, { optimizer })).iterations).toBe(5);
    setActiveAdapters(model, ['first', 'second']);
    expect(await refusal(model, { optimizer })).toMatchObject({
      message: expect.stringMatching(
        /^fit: parameters require a gradient that the optimizer does not hold: 0\.adapters\.second\.loraA, .* and 1 more: /,
      ),
    });
    setActiveAdapters(model, ['second']);
    expect(await refusal(model, { optimizer })).toMatchObject({
      message: expect.stringContaining('is frozen'),
    });
  });

  it('of another model', async () => {
    const [model, other] = [build(), build()];
    expect(await refusal(model, { optimizer: new SGD(other.parameters()) })).toMatchObject({
      message: expect.stringContaining('that the optimizer does not hold: 0.weight, 0.bias, 1.weight'),
    });
    model.requiresGrad(false);
    // The loss depends only on parameters that no optimizer holds: after the first backward pass nothing has a gradient.
    const [scale, held] = [parameter(device, [1], []), parameter(device, [1], [])];
    const loss: FitOptions['loss'] = (net, { x, y }) => mul(crossEntropy(net.forward(x), y), scale);
    expect(await refusal(model, { optimizer: new SGD([held]), loss })).toMatchObject({
      message:
        'SGD: step: no parameter has a gradient: call backward() first, on a loss that depends on them',
    });
  });

  it('of an adapter whose scale is 0', async () => {
    const model = build();
    await applyLora(model, { rank: 2 });
    setAdapterScale(model, 'default', 0);
    expect(await refusal(model, { optimizer: new Adam(model.parameters()) })).toMatchObject({
      message: 'fit: nothing would train: the scale of every adapter that trains is 0: see setAdapterScale',
    });
  });

  it('and takes one that holds more than the model', async () => {
    const model = build();
    const scale = parameter(device, [1], []);
    const loss: FitOptions['loss'] = (net, { x, y }) => mul(crossEntropy(net.forward(x), y), scale);
    await fit(model, data, { optimizer: new SGD([...model.parameters(), scale]), loss });
    expect(await scale.item()).not.toBe(1);
  });
});

describe('fit refuses', () => {
  it.each<[message: string, options: Partial<FitOptions>, outputs?: number]>([
    [
      'fit: there is no batch, since dropLast leaves out the only one: 50 examples, batchSize 64',
      { dropLast: true, batchSize: 64 },
    ],
    [
      'fit: schedule.warmup must be 0 where there is only one iteration, which would have a learning rate of 0: 3',
      { schedule: { kind: 'constant', warmup: 3 }, limit: 1 },
    ],
    ['fit: the model has fewer outputs than the data have classes: 7 and 10', {}, 7],
    ['fit: loss must return a scalar: got [10,10]', { loss: (net, { x }) => net.forward(x) }],
    ['fit: loss must return a tensor: got 3', { loss: () => 3 as never }],
    [
      'fit: checkpoint.dir must be a Map, a path, or have the methods open, read and write: got undefined',
      { checkpoint: { every: 1 } as never },
    ],
    [
      'fit: checkpoint.every must be a positive integer: undefined',
      { checkpoint: { dir: new Map() } as never },
    ],
    [
      'fit: validation.data must be a Dataset, or have batches, batchCount, digest: got undefined',
      { validation: { every: 1 } as never },
    ],
    ['fit: optimizer must be an optimizer, such as Adam: got undefined', { optimizer: undefined as never }],
  ])('%s', async (message, options, outputs) => {
    const model = build(outputs);
    expect(await refusal(model, { optimizer: new SGD(model.parameters()), ...options })).toMatchObject({
      message,
    });
  });

  it('a loss on another device, and data to validate with that are of another size', async () => {
    const model = build();
    const optimizer = new SGD(model.parameters());
    const loss = () => tensor(reference, [1], []);
    expect(await refusal(model, { optimizer, loss })).toMatchObject({ name: 'DeviceError' });
    const other = Dataset.fromBytes(device, new Uint8Array(8), new Uint8Array(2), { ...sizes, features: 4 });
    expect(await refusal(model, { optimizer, validation: { data: other, every: 1 } })).toMatchObject({
      message: 'fit: the examples to train and to validate with differ in features: 784 and 4',
    });
  });
});

const sizes = { features: 784, classes: 10, mean: 0, std: 1 };

describe('addWeightedAdapter refuses', () => {
  it.each([
    ['combination must be one of linear, cat, svd: ties', { combination: 'ties' as never }],
    ['rank must be a positive integer: 0', { rank: 0 }],
    ['weights must not all be 0: 0', { weights: [0] }],
  ])('%s', async (message, options) => {
    const model = build();
    await applyLora(model, { rank: 2 });
    const added = addWeightedAdapter(model, 'sum', { adapters: ['default'], weights: [1], ...options });
    await expect(added).rejects.toThrow(new RangeError(`addWeightedAdapter: ${message}`));
  });
});

describe('optimizers refuse', () => {
  const layer = () => new Linear(device, 2, 2);

  it('a step without any gradient', () => {
    expect(() => new Adam(layer().parameters()).step()).toThrow('Adam: step: no parameter has a gradient');
  });

  it('a group without trained parameters, and anything that is neither a parameter nor a group', () => {
    const [frozen, free] = [layer().requiresGrad(false), layer()];
    const groups = [{ parameters: frozen.parameters() }, { parameters: free.parameters() }];
    expect(() => new Adam(groups)).toThrow('Adam: no parameter of a group requires a gradient');
    expect(() => new Adam([...free.parameters(), { lr: 1 }] as never)).toThrow(
      'Adam: parameter group: unknown option "lr": did you mean "learningRate"?',
    );
  });

  it('a learning rate that became invalid', async () => {
    const model = build();
    const optimizer = new SGD(model.parameters());
    optimizer.learningRate = Number.NaN;
    expect(await refusal(model, { optimizer })).toMatchObject({
      message: 'SGD: learningRate must be at least 0: NaN',
    });
  });

  it('LoRA+ for a model without an adapter', () => {
    expect(() => loraPlusGroups(layer(), 0.1)).toThrow(
      'loraPlusGroups: the model has no adapter that trains',
    );
  });
});

describe('an adapter is refused', () => {
  const model = () => new Sequential(new Linear(device, 6, 9), new ReLU(), new Linear(device, 9, 5));

  it.each([
    ['applyLora: rankPattern matches no adapted module: 9: there are 0, 2', { rankPattern: { 0: 2, 9: 2 } }],
    [
      'applyLora: alphaPattern matches no adapted module: 2: there are 0',
      { alphaPattern: { 2: 2 }, targetModules: ['0'] },
    ],
    [
      'applyLora: excludeModules matches no Linear or Embedding module: 1: there are 0, 2',
      { excludeModules: ['0', '1'] },
    ],
    [
      'applyLora: excludeModules matches no Linear or Embedding module: /3/: there are 0, 2',
      { excludeModules: /3/ },
    ],
    ['applyLora: no Linear or Embedding module matches 7: there are 0, 2', { targetModules: ['0', '7'] }],
    ['applyLora: no Linear or Embedding module matches an empty list: there are 0, 2', { targetModules: [] }],
    [
      'applyLora: a module to save has no parameter to train: 1',
      { targetModules: ['0'], modulesToSave: ['1', '2'] },
    ],
    ['applyLora: no module to save is named 5', { modulesToSave: ['5'] }],
    ['lora: alpha must not be 0, or nothing would train: 0', { alpha: 0 }],
    ['lora: alpha must not be 0, or nothing would train: 2', { alphaPattern: { 2: 0 } }],
  ])('%s', async (message, config) => {
    const net = model();
    const before = await weights(net);
    await expect(applyLora(net, { rank: 2, ...config })).rejects.toThrow(new RangeError(message));
    expect(await weights(net)).toBe(before);
    expect(net.parameters().every(({ requiresGrad }) => requiresGrad)).toBe(true);
  });
});

describe('accumulated batches', () => {
  /** 50 examples, not shuffled, by SGD: the gradient of a group is that of its examples in one batch. */
  async function trained(options: Partial<FitOptions>) {
    const model = build();
    const seen: StepReport[] = [];
    const optimizer = new SGD(model.parameters(), { learningRate: 0.01 });
    const onStep = (report: StepReport) => seen.push(report);
    const result = await fit(model, data, { optimizer, shuffle: false, onStep, ...options });
    const values = Array.from(await model.stateDict(), ([, tensorOf]) => [...tensorOf.data]).flat();
    return { result, seen, values };
  }

  it('of a last short group are stepped with their own mean', async () => {
    // 5 batches of 10 make 30 + 20, which one batch of 30 and one of 20 are too.
    const groups = await trained({ batchSize: 10, accumulate: 3 });
    const whole = await trained({ batchSize: 30 });
    expect(groups.result.iterations).toBe(2);
    expect(groups.seen.map(({ iteration, iterations }) => `${iteration}/${iterations}`)).toEqual([
      '1/2',
      '2/2',
    ]);
    expect(groups.result.meanLoss).toBeCloseTo(whole.result.meanLoss, 5);
    for (const [i, value] of groups.values.entries()) expect(value).toBeCloseTo(whole.values[i], 6);
  });

  it('are one step where there are fewer than a group', async () => {
    const group = await trained({ batchSize: 25, accumulate: 4 });
    const whole = await trained({ batchSize: 50 });
    expect(group.result).toMatchObject({ iterations: 1, stopped: false });
    expect(group.result.meanLoss).toBeCloseTo(whole.result.meanLoss, 5);
    for (const [i, value] of group.values.entries()) expect(value).toBeCloseTo(whole.values[i], 6);
  });

  it('count their epochs by the last batch, and continue from a checkpoint to the same bits', async () => {
    const options = { batchSize: 10, accumulate: 4, epochs: 3 };
    const straight = await trained(options);
    // 15 batches: 4 + 4 + 4 + 3, which end with the batches 4, 8, 12 and 15.
    expect(straight.seen.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 3]);
    const checkpoint = { dir: new Map<string, Uint8Array>(), every: 100, resume: true };
    const controller = new AbortController();
    const stop = ({ iteration }: StepReport) => iteration === 3 && controller.abort();
    await trained({ ...options, checkpoint, signal: controller.signal, onStep: stop });
    const resumed = await trained({ ...options, checkpoint });
    expect(resumed.seen.map(({ iteration }) => iteration)).toEqual([4]);
    expect(resumed.values).toEqual(straight.values);
    expect(resumed.result.meanLoss).toBe(straight.result.meanLoss);
  });

  it('stop at a limit', async () => {
    expect((await trained({ batchSize: 10, accumulate: 2, limit: 2 })).result.iterations).toBe(2);
  });
});
