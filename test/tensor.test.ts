import { describe, expect, it } from 'vitest';
import { ReferenceBackend } from '../src/backends/reference/index.js';
import { add } from '../src/ops/add.js';
import { crossEntropy } from '../src/ops/crossEntropy.js';
import { linear } from '../src/ops/linear.js';
import { loraLinear } from '../src/ops/loraLinear.js';
import { matmul } from '../src/ops/matmul.js';
import { mul } from '../src/ops/mul.js';
import { parameter, tensor, zeros } from '../src/tensor.js';
import { reference as device } from './devices.js';

const zero = (...shape: number[]) => zeros(device, shape);

describe('tensors', () => {
  it('say what does not fit', () => {
    expect(() => tensor(device, [1, 2, 3], [2, 2])).toThrow('tensor: shape [2,2] wants 4 values: got 3');
    expect(() => tensor(device, [1], [-1])).toThrow('shape: sizes must be non-negative integers: [-1]');
    expect(() => zero(2).write([1])).toThrow('write: [2] wants 2 values: got 1');
    expect(() => zeros(device, [1.5])).toThrow('shape: sizes must be non-negative integers: [1.5]');
  });

  it('are read and written in place', async () => {
    const x = tensor(device, [1, 2], [2]);
    x.write([3, 4]);
    expect(Array.from(await x.read())).toEqual([3, 4]);
    await expect(x.item()).rejects.toThrow('item: the tensor must have one element: [2]');
    expect(await tensor(device, [5], []).item()).toBe(5);
  });

  it('may be disposed twice, and not used afterwards', () => {
    const x = parameter(device, [1, 2], [2]);
    x.dispose();
    x.dispose();
    expect(x.isReleased).toBe(true);
    expect(() => x.read()).toThrow('tensor [2]: its memory was released by dispose()');
  });

  it('of no elements pass through ops', async () => {
    expect((await matmul(zero(0, 3), zero(3, 2)).read()).length).toBe(0);
    expect(Array.from(await matmul(zero(1, 0), zero(0, 2)).read())).toEqual([0, 0]);
  });
});

describe('ops check their operands before a kernel runs', () => {
  const targets = tensor(device, [0, 1], [2], 'i32');
  it.each([
    [
      'matmul: inner dimensions differ: a [2,3], b [4,5] (transB)',
      () => matmul(zero(2, 3), zero(4, 5), { transB: true }),
    ],
    [
      'matmul: inner dimensions differ: a [2,3] (transA), b [3,5]',
      () => matmul(zero(2, 3), zero(3, 5), { transA: true }),
    ],
    ['matmul: a must be a matrix: got [3]', () => matmul(zero(3), zero(3, 5))],
    ['linear: x must be [..., 3]: got [2,4]', () => linear(zero(2, 4), zero(5, 3))],
    ['linear: bias must be [5]: got [3]', () => linear(zero(2, 3), zero(5, 3), zero(3))],
    ['add: b must be [2,3]: got [3,2]', () => add(zero(2, 3), zero(3, 2))],
    ['add: b must be [3]: got [2]', () => add(zero(2, 3), zero(2))],
    ['mul: b must be [2]: got [3]', () => mul(zero(2), zero(3))],
    ['mul: b must be f32: got i32', () => mul(zero(2), targets)],
    ['crossEntropy: targets must be [3]: got [2]', () => crossEntropy(zero(3, 4), targets)],
    ['crossEntropy: targets must be i32: got f32', () => crossEntropy(zero(2, 4), zero(2))],
    ['crossEntropy: the batch is empty', () => crossEntropy(zero(0, 4), tensor(device, [], [0], 'i32'))],
    [
      'mul: tensors live on different devices: b on reference',
      () => mul(zero(2), zeros(new ReferenceBackend(), [2])),
    ],
    [
      'loraLinear: loraB must be [5,2]: got [2,5]',
      () =>
        loraLinear(zero(1, 3), {
          weight: zero(5, 3),
          bias: undefined,
          updates: [{ loraA: zero(2, 3), loraB: zero(2, 5), scaling: 1 }],
        }),
    ],
  ])('%s', (message, run) => {
    expect(run).toThrow(message);
  });

  it('take leading dimensions as rows in a linear layer', () => {
    expect(linear(zero(2, 7, 3), zero(5, 3)).shape).toEqual([2, 7, 5]);
  });
});
