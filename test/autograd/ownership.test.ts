/** Memory that an op takes over from another, and what may not be taken. */
import { describe, expect, it } from 'vitest';
import { spare } from '../../src/autograd/recompute.js';
import { noGrad } from '../../src/autograd/record.js';
import { addLowRank } from '../../src/ops/addLowRank.js';
import { addResidual } from '../../src/ops/addResidual.js';
import { detach } from '../../src/ops/detach.js';
import { linear } from '../../src/ops/linear.js';
import { mul } from '../../src/ops/mul.js';
import { relu } from '../../src/ops/relu.js';
import { reshape } from '../../src/ops/reshape.js';
import { rope } from '../../src/ops/rope.js';
import { siluMul } from '../../src/ops/siluMul.js';
import { parameter, type Tensor, tensor } from '../../src/tensor.js';
import { allDevices } from '../support/devices.js';

const values = async (t: Tensor | undefined) => Array.from((await t?.read()) ?? []);

describe.each(await allDevices())('ownership on %s', (_, device) => {
  const vector = (...data: number[]) => tensor(device, data, [data.length]);
  const trained = (...data: number[]) => parameter(device, data, [data.length]);

  it('moves to the op that takes a memory over, and no memory is added', async () => {
    const [x, y] = [trained(1, 2), trained(3, 4)];
    const branch = mul(y, y);
    const { storage } = branch;
    const before = device.memory().liveStorages;
    const out = addResidual(x, branch);
    expect(out.storage).toBe(storage);
    expect(device.memory().liveStorages).toBe(before);
    expect(await values(out)).toEqual([10, 18]);
    out.backward(vector(1, 10));
    expect(await values(x.grad)).toEqual([1, 10]);
    expect(await values(y.grad)).toEqual([6, 80]);
  });

  it('is given back by what is spared, until the values are asked for', async () => {
    const [gate, up] = [trained(1, 2), trained(3, 4)];
    const wanted = await values(noGrad(() => siluMul(gate, up)));
    const both = siluMul(gate, up);
    const next = mul(both, vector(1, 10));
    const { liveStorages } = device.memory();
    spare(both);
    expect(device.memory().liveStorages).toBe(liveStorages - 1);
    expect(both.isReleased).toBe(false);
    expect(await values(both)).toEqual(wanted);
    expect(device.memory().liveStorages).toBe(liveStorages);
    spare(both);
    next.backward(vector(1, 1));
    expect((await values(up.grad))[1]).toBeCloseTo((10 * wanted[1]) / 4, 5);
    expect(() => both.read()).toThrow('its memory was released by backward()');
    // What cannot be computed again, or is kept, stays.
    const others = [mul(gate, up), siluMul(gate, up).keep()];
    const before = device.memory().liveStorages;
    for (const each of others) spare(each);
    expect(device.memory().liveStorages).toBe(before);
  });

  it('is given back by rope where its input is spent', async () => {
    const angles = { cos: tensor(device, [0.6], [1, 1]), sin: tensor(device, [0.8], [1, 1]) };
    const options = { ...angles, positions: tensor(device, [0], [1], 'i32'), heads: 1, spends: true };
    const x = parameter(device, [1, 2], [1, 2]);
    const made = mul(x, x);
    const out = rope(made, options);
    expect(() => made.read()).toThrow('its memory was taken over by rope(): use what that returned');
    expect(await values(out)).toEqual(await values(rope(tensor(device, [1, 4], [1, 2]), options)));
    out.backward(tensor(device, [1, 0], [1, 2]));
    expect((await values(x.grad)).map((each) => Math.round(10 * each))).toEqual([12, -32]);
    // A leaf is not taken.
    expect(await values(rope(x, options))).toHaveLength(2);
    expect(await values(x)).toEqual([1, 2]);
  });

  it('is an error to use afterwards, which says what to do', () => {
    const x = trained(1, 2);
    const branch = mul(x, x);
    const sum = addResidual(x, branch);
    const sentence = 'tensor [2]: its memory was taken over by addResidual(): use what that returned';
    expect(() => relu(branch)).toThrow(sentence);
    expect(() => branch.read()).toThrow(sentence);
    expect(() => addResidual(x, branch)).toThrow(sentence);
    expect(() => branch.keep()).toThrow(sentence);
    sum.backward(vector(1, 1));
    expect(() => relu(branch)).toThrow(sentence);
  });

  it.each<[string, (x: Tensor) => Tensor, RegExp]>([
    ['a leaf', ({ device: on }) => parameter(on, [5, 6], [2]), /no op made it/],
    ['what is kept', (x) => mul(x, x).keep(), /it is kept/],
    [
      'what a backward reads',
      (x) => {
        const made = mul(x, x);
        relu(made);
        return made;
      },
      /something else reads it later/,
    ],
    [
      'what a reshaped tensor shares',
      (x) => {
        const made = mul(x, x);
        reshape(made, [1, 2]);
        return made;
      },
      /something else reads it later/,
    ],
    ['a reshaped tensor', (x) => reshape(mul(x, x), [2]), /something else reads it later/],
    ['a detached tensor', (x) => detach(mul(x, x)), /something else reads it later/],
  ])('refuses %s', async (_, make, why) => {
    const x = trained(1, 2);
    const branch = make(x);
    const before = await values(branch);
    expect(() => addResidual(x, branch)).toThrow(
      /^addResidual: cannot take over the memory of a tensor \[2\]: .*; give it the result of an op/,
    );
    expect(() => addResidual(x, branch)).toThrow(why);
    expect(await values(branch)).toEqual(before);
  });

  it('may move in noGrad, where nothing is read later', async () => {
    const x = trained(1, 2);
    const before = device.memory().liveStorages;
    const out = noGrad(() => {
      const square = mul(x, x);
      relu(square);
      return addResidual(x, square);
    });
    expect(await values(out)).toEqual([2, 6]);
    out.dispose();
    expect(device.memory().liveStorages).toBe(before);
  });

  it('passes a gradient on in its own memory, and adds where there is one', async () => {
    const x = trained(1, 2, 3);
    const weight = parameter(device, [1, 0, 0, 0, 1, 0, 0, 0, 1], [3, 3]);
    const [loraA, loraB] = [parameter(device, [1, 1, 1], [1, 3]), parameter(device, [1, 2, 3], [3, 1])];
    const row = reshape(x, [1, 3]);
    const stream = addLowRank(linear(row, weight), row, { loraA, loraB, scaling: 1 });
    const twice = addResidual(stream, mul(stream, stream));
    twice.backward(tensor(device, [1, 1, 1], [1, 3]));
    // y = x + 6·[1, 2, 3] = [7, 14, 21]; dy = 1 + 2y.
    const dy = [15, 29, 43];
    const dh = dy[0] + 2 * dy[1] + 3 * dy[2];
    expect(await values(x.grad)).toEqual(dy.map((each) => each + dh));
    expect(await values(loraA.grad)).toEqual([dh, 2 * dh, 3 * dh]);
    expect(await values(loraB.grad)).toEqual(dy.map((each) => 6 * each));
  });

  it('adds a gradient that is passed on to an existing one', async () => {
    const x = trained(2, 3);
    const square = mul(x, x);
    mul(reshape(square, [2]), relu(square)).backward(vector(1, 1));
    expect(await values(x.grad)).toEqual([32, 108]);
  });

  it('leaves nothing behind after a backward', () => {
    const x = trained(1, 2);
    const g = vector(1, 1);
    const step = () => {
      const stream = addResidual(x, mul(x, x));
      const out = addResidual(stream, relu(reshape(mul(stream, stream), [2])));
      out.backward(g);
      out.dispose();
      return device.memory().liveStorages;
    };
    const first = step();
    for (let i = 0; i < 5; i++) expect(step()).toBe(first);
  });

  it('detaches: the same values, and no gradient', async () => {
    const x = trained(2, 3);
    const square = mul(x, x);
    const constant = detach(square);
    mul(constant, x).backward(vector(1, 1));
    expect(await values(x.grad)).toEqual([4, 9]);
    expect(constant.requiresGrad).toBe(false);
  });
});
