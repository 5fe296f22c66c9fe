/** Tables of rotary positions. */
import { afterAll, describe, expect, it } from 'vitest';
import { RotaryTables } from '../../src/models/rotary.js';
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
    expect(rotary.kept.size).toBe(2);
    add(short, long).backward(tensor(device, [1, 1, 1, 1], [1, 4]));
    expect(x.grad).toBeDefined();
  });
});
