import { describe, expect, it, vi } from 'vitest';
import { noGrad } from '../../src/autograd/record.js';
import { add } from '../../src/ops/add.js';
import { linear } from '../../src/ops/linear.js';
import { matmul } from '../../src/ops/matmul.js';
import { mul } from '../../src/ops/mul.js';
import { relu } from '../../src/ops/relu.js';
import { parameter, type Tensor, tensor } from '../../src/tensor.js';
import { allDevices } from '../support/devices.js';

const values = async (t: Tensor | undefined) => Array.from((await t?.read()) ?? []);

describe.each(await allDevices())('autograd on %s', (_, device) => {
  const vector = (...data: number[]) => tensor(device, data, [data.length]);
  const trained = (...data: number[]) => parameter(device, data, [data.length]);

  it('accumulates gradients until zeroGrad', async () => {
    const x = trained(1, 2);
    const backward = () => mul(x, x).backward(vector(1, 10));
    backward();
    expect(await values(x.grad)).toEqual([2, 40]);
    backward();
    expect(await values(x.grad)).toEqual([4, 80]);
    x.zeroGrad();
    expect(x.grad).toBeUndefined();
    backward();
    expect(await values(x.grad)).toEqual([2, 40]);
  });

  it('computes nothing for what is frozen', async () => {
    const x = trained(1, 2);
    const frozen = trained(3, 4);
    frozen.requiresGrad = false;
    const run = vi.spyOn(device, 'run');
    try {
      mul(x, frozen).backward(vector(1, 1));
      // One for the forward, one for dx: none for the frozen factor.
      expect(run.mock.calls.filter(([kernel]) => kernel === 'mul')).toHaveLength(2);
    } finally {
      run.mockRestore();
    }
    expect(await values(x.grad)).toEqual([3, 4]);
    expect(frozen.grad).toBeUndefined();
  });

  it('needs a gradient for more than one element, and a graph', () => {
    const x = trained(1, 2);
    expect(() => mul(x, x).backward()).toThrow('backward: a tensor of shape [2] needs a gradient argument');
    expect(() => mul(x, x).backward(vector(1, 2, 3))).toThrow('gradient [3] for a tensor [2]');
    expect(() => mul(vector(1), vector(2)).backward()).toThrow('backward: the tensor has no graph');
    expect(() => noGrad(() => mul(x, x)).backward()).toThrow('backward: the tensor has no graph');
  });

  it('refuses a graph that was used, and says what to do', () => {
    const x = trained(3);
    const y = mul(x, x);
    y.backward();
    expect(() => y.backward()).toThrow('run the forward pass again');
    const shared = mul(x, x);
    const first = relu(shared);
    const second = relu(shared);
    first.backward();
    expect(() => second.backward()).toThrow('add the losses first');
  });

  it('keeps the root readable until the next graph, and frees the rest at once', async () => {
    const x = trained(3);
    const hidden = mul(x, x);
    const loss = add(hidden, x);
    loss.backward();
    expect(await loss.item()).toBe(12);
    expect(() => hidden.storage).toThrow('its memory was released by backward()');
    const next = mul(x, x);
    expect(() => loss.storage).toThrow('the graph begun after its backward()');
    next.backward();
  });

  it('frees what ops made in noGrad, but for what it returns', async () => {
    const x = vector(1, -2);
    const before = device.memory().liveStorages;
    let inner: Tensor | undefined;
    const kept = noGrad(() => {
      inner = relu(x);
      return add(inner, x);
    });
    expect(await values(kept)).toEqual([2, -2]);
    expect(() => inner?.storage).toThrow('released by noGrad()');
    expect(device.memory().liveStorages).toBe(before + 1);
    const [a, b] = noGrad(() => [relu(x), mul(x, x)]);
    expect(await values(a)).toEqual([1, 0]);
    expect(await values(b)).toEqual([1, 4]);
    const nested = noGrad(() => {
      const result = noGrad(() => relu(x));
      expect(result.isReleased).toBe(false);
      return 1;
    });
    expect(nested).toBe(1);
    for (const each of [kept, a, b]) each.dispose();
    expect(device.memory().liveStorages).toBe(before);
  });

  it('refuses an asynchronous noGrad and restores the mode after an error', () => {
    expect(() => noGrad(async () => 1)).toThrow(TypeError);
    // What can be awaited need not be a Promise.
    // biome-ignore lint/suspicious/noThenProperty: that is what is refused
    expect(() => noGrad(() => ({ then: () => {} }))).toThrow(TypeError);
    expect(() =>
      noGrad(() => {
        throw new Error('mine');
      }),
    ).toThrow('mine');
    expect(mul(trained(1), trained(2)).requiresGrad).toBe(true);
  });

  it('frees an unfinished graph through the garbage collector', async () => {
    const { gc } = globalThis;
    if (!gc) throw new Error('the tests run with --expose-gc');
    const weight = parameter(device, [1, 2, 3, 4], [2, 2]);
    const x = tensor(device, [1, 2], [1, 2]);
    const before = device.memory().liveStorages;
    const forgetForwards = () => {
      for (let i = 0; i < 100; i++) relu(linear(matmul(x, weight), weight));
    };
    forgetForwards();
    expect(device.memory().liveStorages).toBeGreaterThan(before + 100);
    for (let i = 0; i < 20 && device.memory().liveStorages > before; i++) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(device.memory().liveStorages).toBeLessThanOrEqual(before);
    x.dispose();
    weight.dispose();
  });
});
