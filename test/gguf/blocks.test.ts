/** Oracle: the decoder of PyPI's gguf, on random blocks with every extreme of a half among their scales. */
import { describe, expect, it } from 'vitest';
import { DataError, ShapeError } from '../../src/base/errors.js';
import { dequantize, isBlockType, unpackBlocks } from '../../src/gguf/blocks.js';
import type { PackedWeights } from '../../src/gguf/packed.js';
import { type GgufBlockType, type GgufType, TENSOR_TYPES } from '../../src/gguf/types.js';
import { fixture, numbersOf, tensorOf } from './fixtures.js';

const TYPES = Object.keys(TENSOR_TYPES) as GgufType[];
const BLOCK_TYPES = TYPES.filter(isBlockType);
const blocks = await fixture('blocks');
const numbers = await fixture('numbers');

/** Expects equal values, except for the sign of zero. */
function expectEqual(found: Float32Array, expected: Float32Array): void {
  expect(found.length).toBe(expected.length);
  expect(found.findIndex((value, i) => value !== expected[i])).toBe(-1);
}

/** The values by definition, with each operation rounded to f32. */
function decoded({ kind, group, codes, scales, minimums }: PackedWeights, i: number): number {
  const pair = codes[16 * (i >> 5) + (i & 15)];
  const code = kind === 'q8' ? codes[i] : (i & 16) === 0 ? pair & 15 : pair >> 4;
  const g = Math.floor(i / group);
  return Math.fround(Math.fround(scales[g] * code) + (minimums?.[g] ?? 0));
}

describe.each(TYPES)('%s', (type) => {
  it('is decoded as the format defines', async () => {
    const { bytes, count } = await tensorOf(blocks, type);
    expectEqual(dequantize(type, bytes, count, 't'), await numbersOf(numbers, type));
  });

  it('is decoded at any alignment, and over more than one chunk', async () => {
    const { bytes, count } = await tensorOf(blocks, type);
    const expected = await numbersOf(numbers, type);
    const times = 150;
    const many = new Uint8Array(times * bytes.length + 1);
    for (let i = 0; i < times; i++) many.set(bytes, 1 + i * bytes.length);
    const found = dequantize(type, many.subarray(1), times * count, 't');
    for (const i of [0, 41, 42, 43, 85, 127, 149])
      expectEqual(found.subarray(i * count, (i + 1) * count), expected);
  });

  it('is refused with too many or too few bytes', async () => {
    const { bytes, count } = await tensorOf(blocks, type);
    for (const other of [bytes.subarray(1), new Uint8Array(bytes.length + 1)])
      expect(() => dequantize(type, other, count, 't')).toThrow(ShapeError);
  });
});

describe.each(BLOCK_TYPES)('%s as codes', (type) => {
  it('gives the same numbers as scale · code + minimum in f32', async () => {
    const { bytes, count } = await tensorOf(blocks, type);
    const weights = unpackBlocks(type, bytes, count, 't');
    expectEqual(
      Float32Array.from({ length: count }, (_, i) => decoded(weights, i)),
      await numbersOf(numbers, type),
    );
  });

  it('is refused with a part of a block', () => {
    expect(() => unpackBlocks(type, new Uint8Array(0), 16, 't')).toThrow(
      `t: 16 weights of ${type} need blocks of `,
    );
  });
});

it.each<[GgufBlockType, string, number, boolean]>([
  ['Q4_0', 'q4', 32, true],
  ['Q4_1', 'q4', 32, true],
  ['Q4_K', 'q4', 32, true],
  ['Q5_0', 'q8', 32, false],
  ['Q5_1', 'q8', 32, true],
  ['Q5_K', 'q8', 32, true],
  ['Q8_0', 'q8', 32, false],
  ['Q6_K', 'q8', 16, false],
])('%s becomes %s with groups of %d', (type, kind, group, hasMinimums) => {
  const weights = unpackBlocks(
    type,
    new Uint8Array(2 * TENSOR_TYPES[type].bytes),
    2 * TENSOR_TYPES[type].weights,
    't',
  );
  const groups = (2 * TENSOR_TYPES[type].weights) / group;
  expect([weights.kind, weights.group, weights.scales.length]).toEqual([kind, group, groups]);
  expect(weights.minimums?.length).toBe(hasMinimums ? groups : undefined);
  expect(weights.codes.length).toBe((kind === 'q4' ? 1 : 2) * TENSOR_TYPES[type].weights);
});

/** The place of the scale and of the minimum in a block. */
const HALVES: readonly [type: GgufBlockType, at: number, what: string][] = [
  ['Q4_0', 0, 'scale'],
  ['Q4_1', 0, 'scale'],
  ['Q4_1', 2, 'minimum'],
  ['Q5_0', 0, 'scale'],
  ['Q5_1', 0, 'scale'],
  ['Q5_1', 2, 'minimum'],
  ['Q8_0', 0, 'scale'],
  ['Q4_K', 0, 'scale'],
  ['Q4_K', 2, 'minimum'],
  ['Q5_K', 0, 'scale'],
  ['Q5_K', 2, 'minimum'],
  ['Q6_K', 208, 'scale'],
];

describe.each(HALVES)('%s with half %d', (type, at, what) => {
  it.each([
    ['infinite', 0x7c00],
    ['-infinite', 0xfc00],
    ['NaN', 0x7e01],
  ])('is refused when it is %s, also with a factor of 0', (_, half) => {
    const { bytes: size, weights: count } = TENSOR_TYPES[type];
    for (const fill of [0, 1]) {
      const bytes = new Uint8Array(3 * size);
      bytes.subarray(size).fill(fill);
      bytes[2 * size + at] = half & 0xff;
      bytes[2 * size + at + 1] = half >> 8;
      const rule = new RegExp(`^blk\\.0\\.w: ${what} must be finite: (-?Infinity|NaN)$`);
      for (const read of [unpackBlocks, dequantize]) {
        expect(() => read(type, bytes, 3 * count, 'blk.0.w')).toThrow(rule);
        expect(() => read(type, bytes, 3 * count, 'blk.0.w')).toThrow(DataError);
      }
    }
  });
});
