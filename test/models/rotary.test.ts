/** Tables of rotary positions. */
import { afterAll, describe, expect, it } from 'vitest';
import { inverseFrequencies, RotaryTables } from '../../src/models/rotary.js';
import { add } from '../../src/ops/add.js';
import { rope } from '../../src/ops/rope.js';
import { parameter, tensor } from '../../src/tensor.js';
import { wasm } from '../support/devices.js';

const device = await wasm();
afterAll(() => device.dispose());

describe('rotary tables', () => {
  it('that were too short stay for the graphs that read them', () => {
    const rotary = new RotaryTables({ theta: 10000, scaling: undefined }, 4);
    const x = parameter(device, [1, 2, 3, 4], [1, 4]);
    const turned = (position: number) =>
      rope(x, {
        ...rotary.upTo(device, position + 1),
        positions: tensor(device, [position], [1], 'i32'),
        heads: 1,
      });
    const [short, long] = [turned(3), turned(2000)];
    expect(rotary.nonPersistent.size).toBe(2);
    expect([...rotary.nonPersistent].every((each) => !each.isReleased)).toBe(true);
    add(short, long).backward(tensor(device, [1, 1, 1, 1], [1, 4]));
    expect(x.grad).toBeDefined();
  });

  it('have the requested number of rows', () => {
    const rotary = new RotaryTables({ theta: 10000, scaling: undefined }, 4);
    for (const length of [1, 512, 513, 1024, 1025])
      expect(rotary.upTo(device, length).cos.shape[0]).toBeGreaterThanOrEqual(length);
    // Tables that no backward pass reads are freed at once.
    const { cos } = rotary.upTo(device, 1);
    rotary.upTo(device, 4096);
    expect(cos.isReleased).toBe(true);
  });

  it('of a linear scaling, and of given factors, are divided', () => {
    const plain = inverseFrequencies({ theta: 10000, scaling: undefined }, 8);
    const close = (found: Float32Array, wanted: Float32Array) =>
      wanted.forEach((each, i) => {
        expect(Math.abs(found[i] / each - 1)).toBeLessThan(1e-6);
      });
    close(plain, Float32Array.of(1, 0.1, 0.01, 0.001));
    const linear = { type: 'linear', factor: 4 } as const;
    close(
      inverseFrequencies({ theta: 10000, scaling: linear }, 8),
      plain.map((each) => each / 4),
    );
    const factors = { type: 'factors', factors: Float32Array.of(1, 2, 4, 8) } as const;
    const divided = plain.map((each, i) => each / factors.factors[i]);
    close(inverseFrequencies({ theta: 10000, scaling: factors }, 8), divided);
  });

  it('of llama3 are kept for short waves, divided for long ones, and between for those between', () => {
    const numbers = { factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalContextLength: 400 };
    const config = { theta: 10000, scaling: { type: 'llama3', ...numbers } } as const;
    const found = inverseFrequencies(config, 8);
    // Wavelengths 6.3, 63, 628 and 6,283: kept below 400 / 4, divided above 400.
    const wanted = [1, 0.1, 0.01 / 8, 0.001 / 8];
    wanted.forEach((each, i) => {
      expect(Math.abs(found[i] / each - 1)).toBeLessThan(1e-6);
    });
    const between = inverseFrequencies({ ...config, theta: 1000 }, 4)[1];
    // Wavelength 2π·√1000 = 198.7: (400 / 198.7 − 1) / 3 of the way.
    const share = (400 / (2 * Math.PI * Math.sqrt(1000)) - 1) / 3;
    expect(between * Math.sqrt(1000)).toBeCloseTo((1 - share) / 8 + share, 5);
  });
});
