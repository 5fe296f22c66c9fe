/** Oracle: the bytes of PyPI's gguf, whose rounding is ggml's. */
import { describe, expect, it } from 'vitest';
import { ShapeError } from '../../src/base/errors.js';
import { dequantize } from '../../src/gguf/blocks.js';
import { quantize, quantizeQ4_1, quantizeQ8_0 } from '../../src/gguf/quantize.js';
import { fixture, numbersOf, tensorOf } from './fixtures.js';

const quantized = await fixture('quantized');
const values = await numbersOf(quantized, 'values');

describe.each(['F16', 'BF16', 'Q8_0', 'Q4_1'] as const)('%s', (type) => {
  it('has the bytes of gguf', async () => {
    const found = quantize(values, type);
    const { bytes } = await tensorOf(quantized, type);
    expect(found.length).toBe(bytes.length);
    expect(found.findIndex((byte, i) => byte !== bytes[i])).toBe(-1);
  });
});

it('keeps F32 as it is', () => {
  expect(dequantize('F32', quantize(values, 'F32'), values.length, 't')).toEqual(values);
});

it.each([
  ['Q8_0', 1 / 2 / 127],
  ['Q4_1', 1 / 15],
] as const)('%s errs by no more than half a step', (type, step) => {
  const some = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i) / 2);
  const found = dequantize(type, quantize(some, type), some.length, 't');
  // Scale and minimum are rounded to halves as well.
  for (const [i, value] of found.entries())
    expect(Math.abs(value - some[i])).toBeLessThan(0.52 * step + 4e-4);
});

describe.each([
  ['quantizeQ8_0', quantizeQ8_0, 65504 * 127],
  ['quantizeQ4_1', quantizeQ4_1, 65504],
] as const)('%s', (name, run, largest) => {
  it('takes the largest possible numbers', () => {
    const most = Float32Array.from({ length: 32 }, () => largest);
    const found = dequantize(name === 'quantizeQ8_0' ? 'Q8_0' : 'Q4_1', run(most), 32, 't');
    expect(found).toEqual(most);
  });

  it('takes numbers too small for a scale as 0', () => {
    expect(run(new Float32Array(32).fill(1e-44)).every((byte) => byte === 0)).toBe(true);
    expect(run(new Float32Array(0)).length).toBe(0);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3e38])('refuses %d', (value) => {
    for (const at of [0, 7, 31]) {
      const some = new Float32Array(64);
      some[32 + at] = value;
      expect(() => run(some)).toThrow(
        new RegExp(`^${name}: values must be finite, and no scale above 65504: block 1 needs `),
      );
    }
  });

  it('refuses a part of a block', () => {
    expect(() => run(new Float32Array(33))).toThrow(ShapeError);
  });
});
