/** Oracle: the formula of IEEE 754 binary16, on every pattern of bits. */
import { describe, expect, it } from 'vitest';
import { halfBits, halfToNumber } from '../src/halves.js';

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
});
