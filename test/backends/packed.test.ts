/** Packed weights on every device. Oracle: the decoder of PyPI's gguf, on blocks of every type. */
import { describe, expect, it } from 'vitest';
import { ELEMENT_TYPES, PACKED, type PackedType, storageBytes } from '../../src/backends/elementTypes.js';
import { packWeights, unpackWeights } from '../../src/backends/packedWeights.js';
import { Random } from '../../src/base/random.js';
import { isBlockType, unpackBlocks } from '../../src/gguf/blocks.js';
import { unpackTo } from '../../src/gguf/packed.js';
import { type GgufType, TENSOR_TYPES } from '../../src/gguf/types.js';
import { fixture, numbersOf, tensorOf } from '../gguf/fixtures.js';
import { allDevices, wasm } from '../support/devices.js';
import { PACKED_TYPES, randomPacked } from '../support/packedCases.js';

const blocks = await fixture('blocks');
const numbers = await fixture('numbers');
const BLOCK_TYPES = (Object.keys(TENSOR_TYPES) as GgufType[]).filter(isBlockType);
const EXPECTED: Record<string, PackedType> = { Q4_0: 'q4', Q4_1: 'q4', Q4_K: 'q4', Q6_K: 'q8x16' };

describe('packed weights', () => {
  it('are the last of the element types, as the shaders take it', () => {
    expect(ELEMENT_TYPES.slice(-PACKED_TYPES.length)).toEqual(PACKED_TYPES);
  });

  it('take 6 or 10 bits each', () => {
    expect(PACKED_TYPES.map((dtype) => storageBytes(dtype, 96))).toEqual([72, 120, 120]);
  });

  it.each(PACKED_TYPES)('of %s are the numbers that gguf/ unpacks', (dtype) => {
    const weights = randomPacked(new Random(3), dtype, 96 * 5);
    const expected = new Float32Array(96 * 5);
    unpackTo(expected, 0, weights);
    const { dtype: packed, bytes } = packWeights(weights);
    expect(packed).toBe(dtype);
    expect(unpackWeights(dtype, bytes)).toEqual(expected);
  });

  it('with minimums come in groups of 32', () => {
    const weights = { ...randomPacked(new Random(1), 'q8x16', 32), minimums: new Float32Array(2) };
    expect(() => packWeights(weights)).toThrow('packWeights: groups of 16 have no minimums: got 2');
  });
});

describe.each(await allDevices())('%s', (_, device) => {
  it.each(BLOCK_TYPES)('has the numbers of %s', async (type) => {
    const { bytes: block, count } = await tensorOf(blocks, type);
    const { dtype, bytes } = packWeights(unpackBlocks(type, block, count, 't'));
    expect(dtype).toBe(EXPECTED[type] ?? 'q8');
    const [x, out] = [device.alloc(dtype, count), device.alloc('f32', count)];
    device.write(x, bytes);
    device.run('copy', { out, x });
    const expected = await numbersOf(numbers, type);
    const found = await device.read(out);
    expect(expected.findIndex((value, i) => found[i] !== value)).toBe(-1);
    for (const each of [x, out]) device.free(each);
  });

  it.each(PACKED_TYPES)('keeps %s as bytes, whole', async (dtype) => {
    const { group } = PACKED[dtype];
    const before = device.memory();
    const storage = device.alloc(dtype, 6 * group);
    const { bytes } = packWeights(randomPacked(new Random(7), dtype, 6 * group));
    device.write(storage, bytes);
    expect(await device.read(storage)).toEqual(bytes);
    expect(device.memory().liveBytes - before.liveBytes).toBe(bytes.length);
    const length = bytes.length;
    expect(() => device.write(storage, bytes.subarray(4))).toThrow(
      `write: ${6 * group} weights of ${dtype} are ${length} bytes: got ${length - 4}`,
    );
    expect(() => device.slice(storage, 0, group)).toThrow(
      `slice: a storage of ${dtype} cannot be divided: [${6 * group}]`,
    );
    expect(() => device.alloc(dtype, group + 8)).toThrow(
      `alloc: length of ${dtype} must be a multiple of ${group}: ${group + 8}`,
    );
    device.free(storage);
    expect(device.memory()).toEqual({ ...device.memory(), ...liveOf(before) });
  });

  it.each(PACKED_TYPES)('gives back %s in rows of any number, as it was written', async (dtype) => {
    const { group } = PACKED[dtype];
    for (const [rows, groups] of [
      [1, 5],
      [3, 2],
      [4, 3],
      [9, 1],
    ]) {
      const length = rows * groups * group;
      const storage = device.alloc(dtype, length, groups * group);
      const { bytes } = packWeights(randomPacked(new Random(rows), dtype, length));
      device.write(storage, bytes);
      expect(await device.read(storage), `${rows} rows`).toEqual(bytes);
      device.free(storage);
    }
  });

  it.each(PACKED_TYPES)('accepts %s only for weights', (dtype) => {
    const [packed, floats, halves] = [
      device.alloc(dtype, 32),
      device.alloc('f32', 32),
      device.alloc('f16', 32),
    ];
    const dims = { m: 1, k: 32, n: 1, transB: true };
    expect(() => device.run('copy', { out: packed, x: floats })).toThrow(/^copy: out must be f32 /);
    expect(() => device.run('copy', { out: packed, x: packed })).toThrow(/^copy: out must be f32 /);
    expect(() => device.run('copy', { out: halves, x: packed })).toThrow(
      `copy: out must be f32 for an x of ${dtype}: got f16`,
    );
    expect(() => device.run('matmul', { out: floats, a: packed, b: floats, ...dims })).toThrow(
      `matmul: a must be f32: got ${dtype}`,
    );
    expect(() => device.run('matmul', { out: packed, a: floats, b: floats, ...dims })).toThrow(
      `matmul: out must be f32: got ${dtype}`,
    );
    expect(() => device.run('relu', { out: floats, x: packed })).toThrow(`relu: x must be f32: got ${dtype}`);
    for (const each of [packed, floats, halves]) device.free(each);
  });
});

it.each(PACKED_TYPES)(
  'wasm refuses rows of %s that are no whole groups, or do not fill the storage',
  async (dtype) => {
    const device = await wasm();
    const { group } = PACKED[dtype];
    for (const [length, rowLength] of [
      [4 * group, 3 * group],
      [3 * group, 1.5 * group],
    ])
      expect(() => device.alloc(dtype, length, rowLength)).toThrow(
        `alloc: ${length} weights of ${dtype} are not whole rows of ${rowLength}`,
      );
    expect(device.memory().liveStorages).toBe(0);
  },
);

const liveOf = ({ liveBytes, liveStorages }: { liveBytes: number; liveStorages: number }) => ({
  liveBytes,
  liveStorages,
});
