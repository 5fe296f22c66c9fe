/** Oracle: the formula of IEEE 754 binary16, on every pattern of bits. */
import { describe, expect, it } from 'vitest';
import { halfBits, halfToNumber } from '../../src/base/halves.js';

const PATTERNS = Array.from({ length: 2 ** 16 }, (_, bits) => bits);

function numberOf(bits: number): number {
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -14 : sign * (1 + fraction) * 2 ** (exponent - 15);
}

describe('binary16', () => {
  it('is the number of the formula, with the sign of zero', () => {
    expect(PATTERNS.filter((bits) => !Object.is(halfToNumber(bits), numberOf(bits)))).toEqual([]);
  });

  it('has its bits again', () => {
    const isNumber = (bits: number) => !Number.isNaN(numberOf(bits));
    expect(PATTERNS.filter((bits) => isNumber(bits) && halfBits(halfToNumber(bits)) !== bits)).toEqual([]);
    expect(halfBits(Number.NaN)).toBe(0x7e00);
  });

  it('rounds to the nearest, ties to even, also what float32 does not hold', () => {
    // Infinity takes the place of 65,536.
    const magnitude = (bits: number) => (bits === 0x7c00 ? 65536 : numberOf(bits));
    const wrong: number[] = [];
    for (let below = 0; below < 0x7c00; below++) {
      const tie = (magnitude(below) + magnitude(below + 1)) / 2;
      const even = below + (below & 1);
      const least = tie * 2 ** -45;
      const cases = [
        [tie, even],
        [tie - least, below],
        [tie + least, below + 1],
        [tie * (1 - 2 ** -20), below],
        [tie * (1 + 2 ** -20), below + 1],
      ];
      for (const [value, bits] of cases)
        if (halfBits(value) !== bits || halfBits(-value) !== (0x8000 | bits)) wrong.push(value);
    }
    expect(wrong).toEqual([]);
  });

  it.each([
    [65519.999, 0x7bff],
    [65520, 0x7c00],
    [1e39, 0x7c00],
    [Number.MAX_VALUE, 0x7c00],
    [Number.NEGATIVE_INFINITY, 0xfc00],
    [Number.MIN_VALUE, 0],
    [-Number.MIN_VALUE, 0x8000],
    [-0, 0x8000],
    [1e-40, 0],
  ])('rounds %d', (value, bits) => {
    expect(halfBits(value)).toBe(bits);
  });
});
