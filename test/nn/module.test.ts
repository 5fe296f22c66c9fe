import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { DigitsNet } from '../../src/mnist/digitsNet.js';
import { Linear } from '../../src/nn/linear.js';
import { Module } from '../../src/nn/module.js';
import {
  originalParameter,
  parametrizationsOf,
  registerParametrization,
  removeParametrizations,
} from '../../src/nn/parametrization.js';
import { ReLU } from '../../src/nn/relu.js';
import { Sequential } from '../../src/nn/sequential.js';
import { mul } from '../../src/ops/mul.js';
import { relu } from '../../src/ops/relu.js';
import { type Parameter, parameter, type Tensor, tensor, zeros } from '../../src/tensor.js';
import { reference as device } from '../support/devices.js';

const small = () => new DigitsNet(device, { inFeatures: 6, classes: 3 });
const names = (module: Module) => [...module.namedParameters()].map(([name]) => name);

class Nested extends Module {
  readonly blocks = [new Linear(device, 2, 2), new ReLU(), new Linear(device, 2, 1, { bias: false })];
  readonly buffer = zeros(device, [1]);

  forward(x: Tensor): Tensor {
    return this.blocks.reduce((y: Tensor, block) => block.forward(y), x);
  }
}

describe('Module', () => {
  it('names parameters by their path, buffers apart', () => {
    expect(names(small())).toEqual([1, 2, 3].flatMap((i) => [`linear${i}.weight`, `linear${i}.bias`]));
    expect(names(new Sequential(new Linear(device, 2, 3), new ReLU(), new Linear(device, 3, 1)))).toEqual([
      '0.weight',
      '0.bias',
      '2.weight',
      '2.bias',
    ]);
    const nested = new Nested();
    expect(names(nested)).toEqual(['blocks.0.weight', 'blocks.0.bias', 'blocks.2.weight']);
    expect([...nested.namedTensors()].map(([name]) => name)).toContain('buffer');
  });

  it('goes through train and eval mode as a tree', () => {
    const model = small();
    model.eval();
    expect([...model.namedModules()].map(([, { training }]) => training)).toEqual(Array(5).fill(false));
    expect(model.train().linear3.training).toBe(true);
  });

  it('freezes and thaws', () => {
    const model = small().requiresGrad(false);
    expect(model.parameters().some(({ requiresGrad }) => requiresGrad)).toBe(false);
    expect(
      model
        .requiresGrad()
        .parameters()
        .every(({ requiresGrad }) => requiresGrad),
    ).toBe(true);
  });

  it('saves and loads its state', async () => {
    const model = small();
    const other = new DigitsNet(device, { inFeatures: 6, classes: 3, seed: 1 });
    const state = await model.stateDict();
    expect(await other.stateDict()).not.toEqual(state);
    other.loadStateDict(state);
    expect(await other.stateDict()).toEqual(state);
  });

  it('names all that is wrong with a state at once, and changes nothing', async () => {
    const model = small();
    const before = await model.stateDict();
    const state = new Map(await new DigitsNet(device, { inFeatures: 6, classes: 3, seed: 1 }).stateDict());
    state.delete('linear1.bias');
    state.set('linear4.weight', { shape: [1], data: new Float32Array(1) });
    state.set('linear2.weight', { shape: [256, 128], data: new Float32Array(256 * 128) });
    expect(() => model.loadStateDict(state)).toThrow(
      'loadStateDict: missing linear1.bias; linear2.weight must be [128,256]: got [256,128]; unexpected linear4.weight',
    );
    expect(await model.stateDict()).toEqual(before);
  });

  it('replaces children by name, in arrays too', () => {
    const nested = new Nested();
    const replacement = new ReLU();
    nested.replaceChild('blocks.0', replacement);
    expect(nested.blocks[0]).toBe(replacement);
    expect(() => nested.replaceChild('nothing', replacement)).toThrow('there is no child named nothing');
  });

  it('starts as PyTorch does, uniform in ±1/√inFeatures, from its seed', async () => {
    const weights = async (seed: number) =>
      Array.from(await new Linear(device, 100, 50, { random: new Random(seed) }).weight.read());
    const values = await weights(1);
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(0.1);
    expect(Math.max(...values.map(Math.abs))).toBeGreaterThan(0.099);
    expect(await weights(1)).toEqual(values);
    expect(await weights(2)).not.toEqual(values);
  });

  it('frees all its memory on dispose', () => {
    const before = device.memory();
    const model = small();
    expect(device.memory().liveStorages).toBe(before.liveStorages + 6);
    model.dispose();
    const { peakBytes } = device.memory();
    expect(device.memory()).toEqual({ ...before, peakBytes });
    expect(peakBytes).toBeGreaterThan(before.liveBytes);
  });
});

describe('parametrization', () => {
  class Times extends Module {
    constructor(readonly factor: Parameter) {
      super();
    }

    forward(x: Tensor): Tensor {
      return mul(x, this.factor);
    }
  }
  const factor = (...data: number[]) => new Times(parameter(device, data, [1, 2]));
  const layer = () => {
    const made = new Linear(device, 2, 1, { bias: false });
    (made.weight as Tensor).write([3, -4]);
    return made;
  };

  it('replaces a parameter by functions of it, first to last, and keeps the original', async () => {
    const linear = layer();
    const original = linear.weight;
    registerParametrization(linear, 'weight', factor(2, 3));
    registerParametrization(linear, 'weight', new ReLU());
    expect(Array.from(await linear.weight.read())).toEqual([6, 0]);
    expect(originalParameter(linear, 'weight')).toBe(original);
    expect(parametrizationsOf(linear, 'weight').length).toBe(2);
    expect(names(linear)).toEqual(['parametrizations.weight.original', 'parametrizations.weight.0.factor']);
    expect(Array.from(await linear.forward(tensor(device, [1, 1], [1, 2])).read())).toEqual([6]);
  });

  it('gives gradients to the original and to the functions', async () => {
    const linear = layer();
    const times = factor(2, 3);
    registerParametrization(linear, 'weight', times);
    linear.forward(tensor(device, [1, 10], [1, 2])).backward();
    expect(Array.from((await times.factor.grad?.read()) ?? [])).toEqual([3, -40]);
    expect(Array.from((await originalParameter(linear, 'weight').grad?.read()) ?? [])).toEqual([2, 30]);
  });

  it('is removed with the original, or with the values it had', async () => {
    const linear = layer();
    const original = linear.weight;
    registerParametrization(linear, 'weight', factor(2, 3));
    removeParametrizations(linear, 'weight');
    expect(linear.weight).toBe(original);
    expect(names(linear)).toEqual(['weight']);
    registerParametrization(linear, 'weight', factor(2, 3));
    removeParametrizations(linear, 'weight', { leaveParametrized: true });
    expect(Array.from(await linear.weight.read())).toEqual([6, -12]);
    expect('parametrizations' in linear).toBe(false);
  });

  it('says what cannot be parametrized', () => {
    const linear = layer();
    class Column extends Module {
      forward(x: Tensor): Tensor {
        return relu(tensor(x.device, [0], [1]));
      }
    }
    expect(() => registerParametrization(linear, 'bias', new ReLU())).toThrow(
      'bias is not a parameter of the module',
    );
    expect(() => registerParametrization(linear, 'weight', new Column())).toThrow(
      'weight [1,2] would become [1]',
    );
    expect(() => removeParametrizations(linear, 'weight')).toThrow('weight is not parametrized');
    expect(() => originalParameter(linear, 'weight')).toThrow('weight is not parametrized');
  });
});
