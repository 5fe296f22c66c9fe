import { describe, expect, it } from 'vitest';
import { Dropout } from '../../src/nn/dropout.js';
import { tensor } from '../../src/tensor.js';
import { allDevices, reference } from '../support/devices.js';

const LENGTH = 1031;
const ones = new Float32Array(LENGTH).fill(1);

/** What is left of ones in each of three passes. */
async function passes(dropout: Dropout, device = reference as Parameters<typeof tensor>[0]) {
  const made: number[][] = [];
  for (let pass = 0; pass < 3; pass++) {
    made.push(Array.from(await dropout.forward(tensor(device, ones, [LENGTH])).read()));
  }
  return made;
}

describe('Dropout', async () => {
  const expected = await passes(new Dropout(reference, 0.25, 5));

  it('leaves out about the requested share, different elements each time, and scales the rest', () => {
    for (const pass of expected) {
      const dropped = pass.filter((value) => value === 0).length;
      // Five standard deviations.
      expect(Math.abs(dropped - LENGTH / 4)).toBeLessThan(5 * Math.sqrt((LENGTH * 3) / 16));
      expect(new Set(pass)).toEqual(new Set([0, 4 / 3]));
    }
    expect(new Set(expected.map(String)).size).toBe(3);
    expect(expected[0].join()).not.toBe(expected[1].join());
  });

  it.each(await allDevices())('leaves out the same elements on %s', async (_, device) => {
    const dropout = new Dropout(device, 0.25, 5);
    const dropped = (made: number[][]) => made.map((pass) => pass.map((value) => value === 0));
    expect(dropped(await passes(dropout, device))).toEqual(dropped(expected));
    expect(await dropout.readState()).toEqual({ seed: 5, count: 3 });
    dropout.dispose();
  });

  it('continues from a state that was read', async () => {
    const dropout = new Dropout(reference, 0.25, 99);
    dropout.writeState({ seed: 5, count: 1 });
    expect((await passes(dropout)).slice(0, 2)).toEqual(expected.slice(1));
    expect(await dropout.readState()).toEqual({ seed: 5, count: 4 });
  });

  it('drops the gradient of what it drops', async () => {
    const x = tensor(reference, ones, [LENGTH]);
    x.requiresGrad = true;
    const out = new Dropout(reference, 0.25, 5).forward(x);
    out.backward(tensor(reference, ones, [LENGTH]));
    expect(Array.from((await x.grad?.read()) ?? [])).toEqual(expected[0]);
  });

  it('returns its input in evaluation, and at probability 0', async () => {
    const x = tensor(reference, ones, [LENGTH]);
    const dropout = new Dropout(reference, 0.25);
    dropout.eval();
    expect(dropout.forward(x)).toBe(x);
    expect(new Dropout(reference, 0).forward(x)).toBe(x);
    expect(await dropout.readState()).toEqual({ seed: 0, count: 0 });
  });

  it('has no parameters and no buffers, and frees its state', async () => {
    const before = reference.memory().liveStorages;
    const dropout = new Dropout(reference, 0.5);
    expect([...dropout.namedTensors()]).toEqual([]);
    dropout.dispose();
    expect(reference.memory().liveStorages).toBeLessThanOrEqual(before);
  });

  it.each([-0.1, 1, Number.NaN])('takes no probability of %d', (probability) => {
    expect(() => new Dropout(reference, probability)).toThrow(RangeError);
  });
});
