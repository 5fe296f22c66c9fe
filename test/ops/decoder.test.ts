/** What the ops of decoder layers refuse, and which gradients they compute. */
import { describe, expect, it, vi } from 'vitest';
import { rmsNorm } from '../../src/ops/rmsNorm.js';
import { type RopeOptions, rope } from '../../src/ops/rope.js';
import { siluMul } from '../../src/ops/siluMul.js';
import { type Shape, type Tensor, tensor, zeros } from '../../src/tensor.js';
import { reference } from '../support/devices.js';

type Inputs = Readonly<Record<'x' | 'other', Tensor>>;

const zero = (...shape: number[]) => zeros(reference, shape as Shape);

describe('rmsNorm', () => {
  it.each([
    ['rmsNorm: weight must be [10]: got [2,5]', () => rmsNorm(zero(3, 5), zero(2, 5), 1e-5)],
    ['rmsNorm: x must be [..., 4]: got [3,5]', () => rmsNorm(zero(3, 5), zero(4), 1e-5)],
    ['rmsNorm: eps must be 0 or more: -1', () => rmsNorm(zero(3, 5), zero(5), -1)],
    ['rmsNorm: eps must be 0 or more: NaN', () => rmsNorm(zero(3, 5), zero(5), Number.NaN)],
  ])('refuses: %s', (message, call) => expect(call).toThrow(message));
});

describe('siluMul', () => {
  it('refuses shapes that differ', () => {
    expect(() => siluMul(zero(3, 5), zero(5, 3))).toThrow('siluMul: up must be [3,5]: got [5,3]');
  });
});

describe('rope', () => {
  const positions = (length: number) => tensor(reference, new Int32Array(length), [length], 'i32');
  const call = (over: { x?: Tensor } & Partial<RopeOptions>) => () => {
    const { x = zero(3, 8), ...rest } = over;
    return rope(x, { cos: zero(9, 2), sin: zero(9, 2), positions: positions(3), heads: 2, ...rest });
  };

  it.each([
    ['rope: x must be [3,8]: got [3,12]', call({ x: zero(3, 12) })],
    ['rope: x must be a matrix: got [24]', call({ x: zero(24) })],
    ['rope: sin must be [9,2]: got [9,3]', call({ sin: zero(9, 3) })],
    ['rope: positions must be [3]: got [4]', call({ positions: positions(4) })],
    ['rope: positions must be i32: got f32', call({ positions: zero(3) })],
    ['rope: heads must be a positive integer: 0', call({ heads: 0 })],
    ['rope: heads must be a positive integer: 0.5', call({ heads: 0.5 })],
  ])('refuses: %s', (message, refused) => expect(refused).toThrow(message));
});

describe('only the gradients that are needed are computed', () => {
  const [rows, cols] = [3, 5];
  const norm = ({ x, other }: Inputs) => rmsNorm(x, other, 0.1);
  const gated = ({ x, other }: Inputs) => siluMul(x, other);

  it.each([
    ['rmsNorm', 'x', norm, [cols], ['rmsNormBackward']],
    ['rmsNorm', 'other', norm, [cols], ['rmsNormWeightBackward']],
    ['siluMul', 'x', gated, [rows, cols], ['siluMulBackward']],
    ['siluMul', 'other', gated, [rows, cols], ['siluMul']],
  ] as const)('%s, of %s', (_, trained, op, shape, kernels) => {
    const inputs = { x: zero(rows, cols), other: zero(...shape) };
    inputs[trained].requiresGrad = true;
    const out = op(inputs);
    const dOut = zero(rows, cols);
    const run = vi.spyOn(reference, 'run');
    out.backward(dOut);
    const called = run.mock.calls.map(([kernel]) => kernel).filter((kernel) => kernel !== 'copy');
    run.mockRestore();
    expect(called).toEqual(kernels);
  });
});
