/** Groups with learning rates of their own, and gradients that are clipped by their length. */
import { describe, expect, it } from 'vitest';
import { mul } from '../../src/ops/mul.js';
import { Adam, AdamW } from '../../src/optim/adam.js';
import type { OptimizerParameters } from '../../src/optim/groups.js';
import type { Optimizer } from '../../src/optim/optimizer.js';
import { SGD } from '../../src/optim/sgd.js';
import { type Parameter, parameter, tensor } from '../../src/tensor.js';
import { allDevices } from '../support/devices.js';

const KINDS: readonly (readonly [string, (parameters: OptimizerParameters) => Optimizer])[] = [
  ['Adam', (parameters) => new Adam(parameters, { learningRate: 0.1 })],
  ['AdamW', (parameters) => new AdamW(parameters, { learningRate: 0.1 })],
  ['SGD', (parameters) => new SGD(parameters, { learningRate: 0.1, momentum: 0.9 })],
];

describe.each(await allDevices())('optimizers on %s', (_, device) => {
  const build = () => [
    parameter(device, [1, -2, 3], [3]),
    parameter(device, [0.5, 4], [2]),
    parameter(device, [-1, 1, 2, -3], [4]),
  ];
  const all = async (parameters: readonly Parameter[]) =>
    (await Promise.all(parameters.map((each) => each.read()))).map((values) => Array.from(values));
  /** d(Σ p²)/dp = 2 p. */
  const differentiate = (parameters: readonly Parameter[]) => {
    for (const each of parameters) {
      each.zeroGrad();
      const ones = tensor(device, new Array(each.length).fill(1), each.shape);
      mul(each, each).backward(ones);
      ones.dispose();
    }
  };

  it.each(KINDS)('%s steps each group by its own rate, as optimizers of their own would', async (_, make) => {
    const [a, b, c] = build();
    const one = make([{ parameters: [a, b], learningRate: 0.03 }, { parameters: [c] }]);
    const [d, e, f] = build();
    const parts = [make([{ parameters: [d, e], learningRate: 0.03 }]), make([f])];
    for (let i = 0; i < 4; i++) {
      differentiate([a, b, c, d, e, f]);
      for (const optimizer of [one, ...parts]) {
        optimizer.learningRateFactor = 1 / (1 + i);
        optimizer.step();
      }
    }
    expect(await all([a, b, c])).toEqual(await all([d, e, f]));
    const slow = make([{ parameters: build(), learningRate: 0.03 }]);
    differentiate(slow.parameters);
    slow.step();
    expect(await all(slow.parameters)).not.toEqual(await all([a, b, c]));
  });

  it('steps a group whose other has no gradient', async () => {
    const [a, b, c] = build();
    const optimizer = new Adam([{ parameters: [a, b], learningRate: 0.03 }, { parameters: [c] }]);
    differentiate([c]);
    const before = await all([a, b]);
    optimizer.step();
    expect(await all([a, b])).toEqual(before);
    expect(await all([c])).not.toEqual([[-1, 1, 2, -3]]);
  });

  it('restores the state of groups', async () => {
    const make = (parameters: Parameter[]) =>
      new Adam([
        { parameters: parameters.slice(0, 1), learningRate: 0.5 },
        { parameters: parameters.slice(1) },
      ]);
    const [one, other] = [build(), build()];
    const [first, second] = [make(one), make(other)];
    differentiate(one);
    first.step();
    second.loadStateDict(await first.stateDict());
    for (const [i, each] of other.entries()) each.write(await one[i].read());
    differentiate([...one, ...other]);
    first.step();
    second.step();
    expect(await all(other)).toEqual(await all(one));
    const { liveStorages } = device.memory();
    first.dispose();
    expect(device.memory().liveStorages).toBeLessThan(liveStorages);
  });

  it.each([1, 100])('clips the gradient of all parameters to a length of %d', async (maxNorm) => {
    const parameters = build();
    const optimizer = new SGD(parameters, { learningRate: 1 });
    const before = (await all(parameters)).flat();
    differentiate(parameters);
    optimizer.clipNorm(maxNorm);
    optimizer.step();
    const length = Math.hypot(...before.map((value) => 2 * value));
    const factor = Math.min(1, maxNorm / (length + 1e-6));
    for (const [i, value] of (await all(parameters)).flat().entries()) {
      expect(value).toBeCloseTo(before[i] - factor * 2 * before[i], 5);
    }
  });

  it('refuses a parameter that is listed twice, and clipping without all gradients', () => {
    const [a, b] = build();
    expect(() => new Adam([{ parameters: [a] }, { parameters: [b, a] }])).toThrow(
      'parameter listed twice: [3]',
    );
    expect(() => new Adam([{ parameters: [a], learningRate: -1 }])).toThrow(
      'learningRate must be at least 0: -1',
    );
    const optimizer = new Adam([a, b]);
    optimizer.zeroGrad();
    expect(() => optimizer.clipNorm(1)).toThrow('clipNorm requires a gradient of every parameter');
  });
});
