/** Oracles: the bytes that PyPI's gguf writes, and the strict reader. */
import { describe, expect, it } from 'vitest';
import { ShapeError } from '../../src/base/errors.js';
import { bytesSource } from '../../src/files/byteSource.js';
import { type GgufTensor, openGguf } from '../../src/gguf/open.js';
import { type GgufType, TENSOR_TYPES } from '../../src/gguf/types.js';
import {
  ggufParts,
  type WritableGguf,
  type WritableGgufTensor,
  type WritableValue,
} from '../../src/gguf/write.js';
import { joined } from '../fuzz/mutate.js';
import { fixture, fixtureBytes } from './fixtures.js';

async function partsOf(file: WritableGguf): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = [];
  for await (const part of ggufParts(file)) parts.push(part);
  return parts;
}

const written = async (file: WritableGguf) => joined(...(await partsOf(file)));
const reopened = async (file: WritableGguf) => openGguf(bytesSource(await written(file)), 'f');

const asWritable = ({ name, shape, type, byteLength, read }: GgufTensor): WritableGgufTensor => ({
  ...{ name, shape, type, byteLength },
  bytes: read,
});

const tensor = (over: Partial<WritableGgufTensor> = {}): WritableGgufTensor => ({
  ...{ name: 'a', shape: [2], type: 'F32', byteLength: 8, bytes: new Uint8Array(8) },
  ...over,
});

/** The metadata of blocks.gguf. */
const METADATA: readonly (readonly [string, WritableValue])[] = [
  ['general.architecture', { type: 'string', value: 'llama' }],
  ['test.u8', { type: 'u8', value: 200 }],
  ['test.i8', { type: 'i8', value: -100 }],
  ['test.u16', { type: 'u16', value: 40000 }],
  ['test.i16', { type: 'i16', value: -20000 }],
  ['test.u32', { type: 'u32', value: 4000000000 }],
  ['test.i32', { type: 'i32', value: -2000000000 }],
  ['test.u64', { type: 'u64', value: 2n ** 63n }],
  ['test.i64', { type: 'i64', value: -5 }],
  ['test.f32', { type: 'f32', value: 0.5 }],
  ['test.f64', { type: 'f64', value: 0.1 }],
  ['test.bool', { type: 'bool', value: true }],
  ['test.string', { type: 'string', value: 'Ġé😀' }],
  ['test.strings', { type: 'string[]', value: ['a', '', 'Ġb'] }],
  ['test.ints', { type: 'i32[]', value: [1, -2, 3] }],
  ['test.floats', { type: 'f32[]', value: Float32Array.of(0.5, -1.5) }],
  ['test.bools', { type: 'bool[]', value: [true, false] }],
  ['test.bytes', { type: 'u8[]', value: Uint8Array.of(1, 2, 255) }],
];

describe('ggufParts', () => {
  it('writes the bytes of PyPI gguf: every type of value and of tensor', async () => {
    const { tensors } = await fixture('blocks');
    const bytes = await written({ metadata: METADATA, tensors: Array.from(tensors.values(), asWritable) });
    const expected = fixtureBytes('blocks');
    expect(bytes.length).toBe(expected.length);
    expect(bytes.findIndex((byte, i) => byte !== expected[i])).toBe(-1);
  });

  it('writes files that can be read again', async () => {
    const { version, metadata } = await reopened({ metadata: METADATA, tensors: [] });
    expect(version).toBe(3);
    const values = METADATA.map(([key, { value }]) => [key, value]);
    const plain = Array.from(metadata, ([key, value]) => [
      key,
      ArrayBuffer.isView(value) ? [...value] : value,
    ]);
    expect(plain).toEqual(
      values.map(([key, value]) => [key, ArrayBuffer.isView(value) ? [...(value as Uint8Array)] : value]),
    );
  });

  it('writes arrays of 64 bits, and empty ones', async () => {
    const { metadata } = await reopened({
      metadata: [
        ['u', { type: 'u64[]', value: [0, 1n, 2n ** 64n - 1n] }],
        ['i', { type: 'i64[]', value: new BigInt64Array([-(2n ** 63n), 3n]) }],
        ['f', { type: 'f64[]', value: [0.1] }],
        ['none', { type: 'string[]', value: [] }],
      ],
      tensors: [],
    });
    const expected = { u: [0, 1, 2n ** 64n - 1n], i: [-(2n ** 63n), 3], f: Float64Array.of(0.1), none: [] };
    expect(Object.fromEntries(metadata)).toEqual(expected);
  });

  it.each([8, 32, 64, 4096])('aligns tensors to %d', async (alignment) => {
    const shapes = [[3], [], [0], [5, 4, 3, 2]];
    const tensors = shapes.map((shape, i): WritableGgufTensor => {
      const byteLength = 4 * shape.reduce((product, size) => product * size, 1);
      return tensor({ name: `t${i}`, shape, byteLength, bytes: new Uint8Array(byteLength).fill(i + 1) });
    });
    const parts = await partsOf({ metadata: METADATA, tensors, alignment });
    expect(joined(...parts).length % alignment).toBe(0);
    expect(parts.every(({ length }) => length > 0)).toBe(true);
    const { tensors: found, metadata } = await openGguf(bytesSource(joined(...parts)), 'f');
    expect(metadata.get('general.alignment')).toBe(alignment === 32 ? undefined : alignment);
    expect(Array.from(found.values(), ({ shape }) => shape)).toEqual(shapes);
    for (const { name, bytes } of tensors) expect(await found.get(name)?.read()).toEqual(bytes);
  });

  it.each(Object.keys(TENSOR_TYPES) as GgufType[])('writes tensors of %s', async (type) => {
    const { weights, bytes: size } = TENSOR_TYPES[type];
    const bytes = Uint8Array.from({ length: 6 * size }, (_, i) => i);
    const one = tensor({ shape: [2, 3 * weights], type, byteLength: bytes.length, bytes });
    const found = (await reopened({ metadata: [], tensors: [one] })).tensors.get('a');
    expect([found?.type, found?.shape, await found?.read()]).toEqual([type, [2, 3 * weights], bytes]);
  });

  it('requests a tensor only when it is written', async () => {
    const asked: string[] = [];
    const late = ['a', 'b'].map((name) => {
      const bytes = async () => {
        asked.push(name);
        return new Uint8Array(8);
      };
      return tensor({ name, bytes });
    });
    const found: [length: number, asked: number][] = [];
    for await (const { length } of ggufParts({ metadata: [], tensors: late }))
      found.push([length, asked.length]);
    expect(found).toEqual([
      [96, 0],
      [8, 1],
      [24, 1],
      [8, 2],
      [24, 2],
    ]);
  });

  it.each(['u8', 'u32', 'f64', 'bool', 'u64'] as const)(
    'writes more %s than its first memory holds',
    async (type) => {
      const value = Array.from({ length: 20_001 }, (_, i) => i % 2);
      const values = type === 'bool' ? value.map(Boolean) : value;
      const writable = { type: `${type}[]`, value: values } as WritableValue;
      const { metadata } = await reopened({ metadata: [['k', writable]], tensors: [] });
      expect(Array.from(metadata.get('k') as Uint8Array)).toEqual(values);
    },
  );

  it('writes 50,000 strings in no time', async () => {
    const value = Array.from({ length: 50_000 }, (_, i) => `Ġtoken${i}`);
    const begun = performance.now();
    const { metadata } = await reopened({ metadata: [['tokens', { type: 'string[]', value }]], tensors: [] });
    expect(metadata.get('tokens')).toEqual(value);
    expect(performance.now() - begun).toBeLessThan(3000);
  });
});

describe('ggufParts refuses, before the first part,', () => {
  const key = (value: unknown, name = 'k') => ({
    metadata: [[name, value as WritableValue] as const],
    tensors: [],
  });
  const tensors = (...list: WritableGgufTensor[]): WritableGguf => ({ metadata: [], tensors: list });

  it.each<[string, WritableGguf, string]>([
    ['a negative u8', key({ type: 'u8', value: -1 }), 'key "k": must be a value of type u8: got -1'],
    ['an i8 of 128', key({ type: 'i8', value: 128 }), 'key "k": must be a value of type i8: got 128'],
    [
      'a u32 of 2^32',
      key({ type: 'u32', value: 2 ** 32 }),
      'key "k": must be a value of type u32: got 4294967296',
    ],
    ['an i32 of 0.5', key({ type: 'i32', value: 0.5 }), 'key "k": must be a value of type i32: got 0.5'],
    [
      'a u64 of 2^64',
      key({ type: 'u64', value: 2n ** 64n }),
      'key "k": must be a value of type u64: got 18446744073709551616',
    ],
    [
      'an i64 that is not a safe integer',
      key({ type: 'i64', value: 2 ** 53 }),
      'key "k": must be a value of type i64: got 9007199254740992',
    ],
    ['a number as bool', key({ type: 'bool', value: 1 }), 'key "k": must be a value of type bool: got 1'],
    ['text as f32', key({ type: 'f32', value: '1' }), 'key "k": must be a value of type f32: got "1"'],
    [
      'a number as string',
      key({ type: 'string[]', value: ['a', 1] }),
      'key "k": must be a value of type string: got 1',
    ],
    ['an unknown type', key({ type: 'u128', value: 1 }), 'key "k": unknown type: u128'],
    ['an array of arrays', key({ type: 'array[]', value: [] }), 'key "k": unknown type: array[]'],
    ['a lone surrogate', key({ type: 'string', value: '\ud800' }), 'key "k": lone surrogate: "\\ud800"'],
    [
      'a long key',
      key({ type: 'u8', value: 1 }, 'k'.repeat(65_536)),
      `key "${'k'.repeat(65_536)}": must be at most 65535 bytes: 65536`,
    ],
    [
      'an alignment as metadata',
      key({ type: 'u32', value: 8 }, 'general.alignment'),
      'key "general.alignment": is written automatically: pass alignment instead',
    ],
    [
      'a key twice',
      {
        metadata: [
          ['k', { type: 'u8', value: 1 }],
          ['k', { type: 'u8', value: 1 }],
        ],
        tensors: [],
      },
      'key "k": is given twice',
    ],
    [
      'an alignment of 12',
      { ...tensors(), alignment: 12 },
      'alignment must be a power of two, at least 8: got 12',
    ],
    [
      'an alignment of 2^32',
      { ...tensors(), alignment: 2 ** 32 },
      'alignment must be a power of two, at least 8: got 4294967296',
    ],
    ['a tensor twice', tensors(tensor(), tensor()), 'tensor "a": is given twice'],
    [
      'a long name',
      tensors(tensor({ name: 'ä'.repeat(32) })),
      `tensor "${'ä'.repeat(32)}": must be at most 63 bytes: 64`,
    ],
    [
      'an unknown type of tensor',
      tensors(tensor({ type: 'Q2_K' as GgufType })),
      'tensor "a": unknown type: Q2_K',
    ],
    [
      'a size of 0.5',
      tensors(tensor({ shape: [0.5] })),
      'tensor "a": sizes must be non-negative integers: F32 [0.5]',
    ],
  ])('%s', (_, file, message) => {
    expect(() => ggufParts(file)).toThrow(RangeError);
    expect(() => ggufParts(file)).toThrow(`ggufParts: ${message}`);
  });

  it.each<[string, Partial<WritableGgufTensor>, string]>([
    ['5 dimensions', { shape: [1, 1, 1, 2, 1] }, 'must have at most 4 dimensions: F32 [1, 1, 1, 2, 1]'],
    [
      'rows that are not whole blocks',
      { shape: [2, 16], type: 'Q8_0' },
      'last dimension must be a multiple of 32: Q8_0 [2, 16]',
    ],
    [
      'another byteLength',
      { byteLength: 12 },
      'shape and bytes differ: F32 [2] needs 8 bytes, byteLength is 12',
    ],
    ['other bytes', { bytes: new Uint8Array(12) }, 'byteLength and bytes differ: 8, got 12'],
  ])('%s', (_, over, message) => {
    expect(() => ggufParts(tensors(tensor(over)))).toThrow(ShapeError);
    expect(() => ggufParts(tensors(tensor(over)))).toThrow(`ggufParts: tensor "a": ${message}`);
  });

  it('or, when they come late, bytes of another length', async () => {
    const late = tensors(tensor({ bytes: async () => new Uint8Array(4) }));
    await expect(partsOf(late)).rejects.toThrow(ShapeError);
  });
});
