import { describe, expect, it } from 'vitest';
import { ReferenceBackend } from '../src/backends/reference/index.js';
import { Linear } from '../src/nn/linear.js';
import { Module } from '../src/nn/module.js';
import { registerParametrization, removeParametrizations } from '../src/nn/parametrization.js';
import { add } from '../src/ops/add.js';
import { addLowRank } from '../src/ops/addLowRank.js';
import { crossEntropy } from '../src/ops/crossEntropy.js';
import { doraScale } from '../src/ops/doraScale.js';
import { dropout } from '../src/ops/dropout.js';
import { embedding } from '../src/ops/embedding.js';
import { linear } from '../src/ops/linear.js';
import { loraWeight } from '../src/ops/loraWeight.js';
import { matmul } from '../src/ops/matmul.js';
import { mul } from '../src/ops/mul.js';
import { parameter, type Tensor, tensor, zeros } from '../src/tensor.js';
import { reference as device } from './support/devices.js';

const zero = (...shape: number[]) => zeros(device, shape);

/** A parametrization whose values have another shape later than when it was registered. */
class Changing extends Module {
  isChanged = false;

  forward(x: Tensor): Tensor {
    return this.isChanged ? zero(2) : x;
  }
}

describe('tensors', () => {
  it('say what does not fit', () => {
    expect(() => tensor(device, [1, 2, 3], [2, 2])).toThrow('tensor: shape [2,2] requires 4 values: got 3');
    expect(() => tensor(device, [1], [-1])).toThrow('shape: sizes must be non-negative integers: [-1]');
    expect(() => zero(2).write([1])).toThrow('write: [2] requires 2 values: got 1');
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
      'crossEntropy: tensors live on different devices: targets on reference',
      () => crossEntropy(zero(2, 4), tensor(new ReferenceBackend(), [0, 1], [2], 'i32')),
    ],
    [
      'dropout: tensors live on different devices: state on reference',
      () => dropout(zero(2), tensor(new ReferenceBackend(), [0, 1], [2], 'i32'), 0.5),
    ],
    ['dropout: probability must be 0 to 1: NaN', () => dropout(zero(2), targets, Number.NaN)],
    [
      'embedding: tensors live on different devices: indices on reference',
      () => embedding(tensor(new ReferenceBackend(), [0], [1], 'i32'), zero(3, 2)),
    ],
    [
      'doraScale: columns must be [3]: got [2]',
      () => doraScale(zero(3), { weight: zero(4, 3), updates: [], columns: targets }),
    ],
    [
      'doraScale: loraB must be f32: got i32',
      () =>
        doraScale(zero(2), {
          weight: zero(2, 3),
          updates: [{ loraA: zero(1, 3), loraB: tensor(device, [1, 2], [2, 1], 'i32'), scaling: 1 }],
        }),
    ],
    [
      'loraWeight: scaling must be a number: got undefined',
      () => loraWeight(zero(2, 3), zero(1, 3), zero(2, 1), undefined as never),
    ],
    [
      'backward: gradient [4] for a tensor [2,2]',
      () => mul(parameter(device, [1, 2, 3, 4], [2, 2]), zero(2, 2)).backward(zero(4)),
    ],
    [
      'backward: gradient must be f32: got i32',
      () => mul(parameter(device, [1, 2], [2]), zero(2)).backward(targets),
    ],
    [
      'backward: tensors live on different devices: gradient on reference',
      () => mul(parameter(device, [1, 2], [2]), zero(2)).backward(zeros(new ReferenceBackend(), [2])),
    ],
    ['tensor: dtype must be f32 or i32: got f64', () => tensor(device, [1], [1], 'f64' as never)],
    ['zeros: dtype must be f32 or i32: got u8', () => zeros(device, [1], 'u8' as never)],
    ['shape: must be an array of sizes: 1', () => tensor(device, [1], 1 as never)],
    [
      'tensor: value 1 of an i32 tensor must be a 32-bit integer: 1.5',
      () => tensor(device, [1, 1.5], [2], 'i32'),
    ],
    [
      'tensor: value 0 of an i32 tensor must be a 32-bit integer: NaN',
      () => tensor(device, Float32Array.of(Number.NaN), [1], 'i32'),
    ],
    [
      'write: value 0 of an i32 tensor must be a 32-bit integer: 4294967296',
      () => targets.write([2 ** 32, 0]),
    ],
    ['write: value 1 must be a number: got undefined', () => zero(2).write([1, undefined as never])],
    ['write: data is longer than the storage: 3 > 2', () => device.write(zero(2).storage, [1, 2, 3])],
    [
      'write: data is longer than the storage: 3 > 2',
      () => {
        const other = new ReferenceBackend();
        other.write(zeros(other, [2]).storage, [1, 2, 3]);
      },
    ],
    [
      'removeParametrizations: weight [2,3] would become [2]',
      () => {
        const layer = new Linear(device, 3, 2);
        const changing = new Changing();
        registerParametrization(layer, 'weight', changing);
        changing.isChanged = true;
        removeParametrizations(layer, 'weight', { leaveParametrized: true });
      },
    ],
    [
      'mul: tensors live on different devices: b on reference',
      () => mul(zero(2), zeros(new ReferenceBackend(), [2])),
    ],
    [
      'addLowRank: y must be [1,2]: got [1,5]',
      () => addLowRank(zero(1, 5), zero(1, 3), { loraA: zero(2, 3), loraB: zero(2, 2), scaling: 1 }),
    ],
  ])('%s', (message, run) => {
    expect(run).toThrow(message);
  });

  it('take leading dimensions as rows in a linear layer', () => {
    expect(linear(zero(2, 7, 3), zero(5, 3)).shape).toEqual([2, 7, 5]);
  });
});
