import { describe, expect, it } from 'vitest';
import { DigitsNet } from '../../src/mnist/digitsNet.js';
import { mul } from '../../src/ops/mul.js';
import { Adam, AdamW } from '../../src/optim/adam.js';
import type { Optimizer } from '../../src/optim/optimizer.js';
import { SGD } from '../../src/optim/sgd.js';
import { type Parameter, parameter, tensor } from '../../src/tensor.js';
import { allDevices } from '../support/devices.js';

const MAKE: Record<string, (parameters: Parameter[]) => Optimizer> = {
  Adam: (parameters) => new Adam(parameters, { learningRate: 0.1 }),
  AdamW: (parameters) => new AdamW(parameters, { learningRate: 0.1 }),
  'SGD with momentum': (parameters) => new SGD(parameters, { learningRate: 0.1, momentum: 0.9 }),
};

describe.each(await allDevices())('optimizers on %s', (_, device) => {
  const make = () => [parameter(device, [1, 2, 3], [3]), parameter(device, [4, 5, 6, 7, 8], [5])];
  const values = async (parameters: Parameter[]) =>
    Promise.all(parameters.map(async (each) => Array.from(await each.read())));
  /** The gradient of Σ p² · factor / 2 is factor · p. */
  const addGradient = (target: Parameter, factor = 1) => {
    const half = tensor(device, new Float32Array(target.length).fill(factor / 2), target.shape);
    const out = mul(target, target);
    out.backward(half);
    out.dispose();
    half.dispose();
  };

  it.each(Object.entries(MAKE))(
    '%s continues from a saved state to the same bits',
    async (__, makeOptimizer) => {
      const [parameters, others] = [make(), make()];
      const optimizer = makeOptimizer(parameters);
      const steps = (count: number, stepped: Parameter[], by: Optimizer) => {
        for (let i = 0; i < count; i++) {
          by.zeroGrad();
          for (const each of stepped) addGradient(each);
          by.step();
        }
      };
      steps(3, parameters, optimizer);
      const state = await optimizer.stateDict();
      for (const [i, each] of others.entries()) each.write(Array.from(await parameters[i].read()));
      steps(4, parameters, optimizer);
      const continued = makeOptimizer(others);
      continued.loadStateDict(state);
      steps(4, others, continued);
      expect(await values(others)).toEqual(await values(parameters));
    },
  );

  it('does not step a parameter without a gradient, and steps the others as usual', async () => {
    const [first, second] = make();
    const [alone] = make();
    const both = new Adam([first, second], { learningRate: 0.1 });
    const one = new Adam([alone], { learningRate: 0.1 });
    for (let i = 0; i < 3; i++) {
      both.zeroGrad();
      one.zeroGrad();
      addGradient(first);
      addGradient(alone);
      if (i === 2) addGradient(second);
      both.step();
      one.step();
    }
    expect(await values([first])).toEqual(await values([alone]));
    // Its first step, though the third of the optimizer: lr · g/|g|.
    const [moved] = await values([second]);
    expect(moved.map((value, i) => value - (4 + i)).every((by) => Math.abs(by + 0.1) < 1e-5)).toBe(true);
  });

  it('follows a learning rate that changes', async () => {
    const [a] = make();
    const optimizer = new SGD([a], { learningRate: 1 });
    addGradient(a);
    optimizer.learningRate = 0.25;
    optimizer.step();
    expect(await values([a])).toEqual([[0.75, 1.5, 2.25]]);
  });

  it('keeps values and gradients that were there before it', async () => {
    const parameters = make();
    for (const each of parameters) addGradient(each);
    const optimizer = new SGD(parameters, { learningRate: 1 });
    expect(await values(parameters)).toEqual([
      [1, 2, 3],
      [4, 5, 6, 7, 8],
    ]);
    optimizer.step();
    expect(await values(parameters)).toEqual([
      [0, 0, 0],
      [0, 0, 0, 0, 0],
    ]);
  });

  it('frees its state, while the parameters keep their values', async () => {
    const before = device.memory();
    const parameters = make();
    const optimizer = new Adam(parameters);
    addGradient(parameters[0]);
    optimizer.step();
    const trained = await values(parameters);
    optimizer.dispose();
    expect(await values(parameters)).toEqual(trained);
    for (const each of parameters) each.dispose();
    // No more than before: what other tests left to the garbage collector may have gone in between.
    expect(device.memory().liveBytes).toBeLessThanOrEqual(before.liveBytes);
    expect(device.memory().liveStorages).toBeLessThanOrEqual(before.liveStorages);
  });

  it('says when a parameter has gone to another optimizer', () => {
    const parameters = make();
    const first = new Adam(parameters);
    new Adam(parameters);
    expect(() => first.step()).toThrow('a parameter was moved to another optimizer');
  });

  it('names all that is wrong with a saved state', async () => {
    const optimizer = new Adam(make());
    const state = await optimizer.stateDict();
    state.delete('m.0');
    state.set('v.1', { shape: [2], data: new Float32Array(2) });
    state.set('w.0', { shape: [2], data: new Float32Array(2) });
    expect(() => optimizer.loadStateDict(state)).toThrow(
      'optimizer: loadStateDict: missing m.0; v.1 must be [5]: got [2]; unexpected w.0',
    );
  });

  it('trains only what requires a gradient', () => {
    const model = new DigitsNet(device).requiresGrad(false);
    expect(() => new Adam(model.parameters())).toThrow('Adam: no parameter requires a gradient');
    model.linear3.requiresGrad();
    expect(new Adam(model.parameters()).parameters.length).toBe(2);
    model.dispose();
  });

  it.each([
    ['Adam: learningRate must be at least 0: -1', () => new Adam(make(), { learningRate: -1 })],
    ['Adam: beta1 must be in [0, 1): 1', () => new Adam(make(), { beta1: 1 })],
    ['AdamW: eps must be at least 0: NaN', () => new AdamW(make(), { eps: Number.NaN })],
    ['SGD: momentum must be at least 0: -0.5', () => new SGD(make(), { momentum: -0.5 })],
    ['SGD: nesterov requires momentum without dampening: 0, 0', () => new SGD(make(), { nesterov: true })],
  ])('refuses: %s', (message, run) => {
    expect(run).toThrow(message);
  });
});
