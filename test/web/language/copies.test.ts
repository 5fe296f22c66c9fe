/** Which values a lesson falls back to. */
import { describe, expect, it } from 'vitest';
import { Parameter } from '../../../src/tensor.js';
import { type Copy, copyOf, Watch } from '../../../web/language/lab/copies.js';
import { wasm } from '../../support/devices.js';

const after = (losses: readonly number[], first?: number) => {
  const watch = new Watch(first);
  watch.good = { step: 0, values: [] };
  const lost = losses.map((loss, i) => {
    const isLost = watch.after(i + 1, loss);
    if (watch.lacksValues) watch.offer({ step: i + 1, values: [] });
    return isLost;
  });
  return { lost: lost.indexOf(true) + 1, good: watch.good.step };
};

describe('a lesson', () => {
  it('is lost at three times its first loss, or without a number', () => {
    expect(after([3, 8.9, 9])).toMatchObject({ lost: 0 });
    expect(after([3, 2, 9.1])).toMatchObject({ lost: 3 });
    expect(after([3, Number.NaN])).toMatchObject({ lost: 2 });
    expect(after([9.1], 3)).toMatchObject({ lost: 1 });
    expect(after([0.1, 0.9])).toMatchObject({ lost: 0 });
  });

  it('falls back to the last values whose loss was no worse than initially', () => {
    // The loss of step 3 is that of the values after step 2.
    expect(after([3, 2, 1, 4, 10])).toEqual({ lost: 5, good: 2 });
    expect(after([3, 5, 10])).toEqual({ lost: 3, good: 0 });
    expect(after([3, 2, 2, 2])).toEqual({ lost: 0, good: 3 });
  });

  it('reuses the memory of values that it cannot fall back to any more', async () => {
    const device = await wasm();
    const parameter = new Parameter(device, device.alloc('f32', 3), [3]);
    parameter.write([1, 2, 3]);
    const copy = (step: number, spare?: Copy) => copyOf([parameter], step, spare);
    const watch = new Watch(3);
    const [initial, first] = [await copy(0), await copy(1)];
    watch.good = initial;
    expect(watch.takeSpare()).toBeUndefined();
    watch.offer(first);
    watch.after(2, 2);
    expect(watch.good).toBe(first);
    parameter.write([4, 5, 6]);
    const second = await copy(2, watch.takeSpare());
    expect(second.values[0]).toBe(initial.values[0]);
    expect([...second.values[0]]).toEqual([4, 5, 6]);
    expect([...first.values[0]]).toEqual([1, 2, 3]);
    expect(watch.takeSpare()).toBeUndefined();
    watch.offer(second);
    watch.after(3, 5);
    expect(watch.good).toBe(first);
    expect(watch.takeSpare()).toBe(second);
  });
});
