/** Oracle: the format's description; files are put together field by field. */
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../../src/files/byteSource.js';
import { type OpenedGguf, openGguf } from '../../src/gguf/open.js';
import { joined } from '../fuzz/mutate.js';
import { array, entry, ids, type RawFile, rawFile, text, u8, u32, u64 } from './raw.js';
import { refusal } from './refusal.js';

const openRaw = (file: RawFile): Promise<OpenedGguf> => openGguf(bytesSource(rawFile(file)), 'f');

describe('openGguf', () => {
  it.each([2, 3])('reads version %d', async (version) => {
    const { version: found, tensors, metadata } = await openRaw({ version });
    expect([found, tensors.size, metadata.size]).toEqual([version, 0, 0]);
  });

  it('reads values of every type', async () => {
    const { metadata } = await openRaw({
      entries: [
        entry('u8', ids.u8, u8(200)),
        entry('i8', ids.i8, u8(200)),
        entry('u16', ids.u16, Uint8Array.of(1, 128)),
        entry('i16', ids.i16, Uint8Array.of(1, 128)),
        entry('u32', ids.u32, u32(2 ** 32 - 1)),
        entry('i32', ids.i32, u32(2 ** 32 - 1)),
        entry('f32', ids.f32, u32(0x3fc00000)),
        entry('bool', ids.bool, u8(1)),
        entry('string', ids.string, text('Ġa\ufeff')),
        entry('u64', ids.u64, u64(2 ** 53 - 1)),
        entry('large', ids.u64, u64(2n ** 53n)),
        entry('i64', ids.i64, u64(2n ** 64n - 5n)),
        entry('least', ids.i64, u64(2n ** 63n)),
        entry('f64', ids.f64, u64(0x3ff8000000000000n)),
      ],
    });
    expect(Object.fromEntries(metadata)).toEqual({
      ...{ u8: 200, i8: -56, u16: 32769, i16: -32767, u32: 2 ** 32 - 1, i32: -1, f32: 1.5, bool: true },
      ...{ string: 'Ġa\ufeff', u64: 2 ** 53 - 1, large: 2n ** 53n, i64: -5, least: -(2n ** 63n), f64: 1.5 },
    });
  });

  it('reads arrays of every type', async () => {
    const { metadata } = await openRaw({
      entries: [
        array('u8', ids.u8, 2, Uint8Array.of(1, 255)),
        array('i8', ids.i8, 2, Uint8Array.of(1, 255)),
        array('u16', ids.u16, 1, Uint8Array.of(1, 2)),
        array('i16', ids.i16, 1, Uint8Array.of(255, 255)),
        array('u32', ids.u32, 1, u32(7)),
        array('i32', ids.i32, 2, u32(7), u32(2 ** 32 - 2)),
        array('f32', ids.f32, 1, u32(0x3fc00000)),
        array('f64', ids.f64, 1, u64(0x3ff8000000000000n)),
        array('bool', ids.bool, 2, Uint8Array.of(0, 1)),
        array('u64', ids.u64, 2, u64(1), u64(2n ** 63n)),
        array('i64', ids.i64, 1, u64(2n ** 64n - 1n)),
        array('string', ids.string, 3, text('a'), text(''), text('😀')),
        array('none', ids.string, 0),
      ],
    });
    expect(Object.fromEntries(metadata)).toEqual({
      ...{ u8: Uint8Array.of(1, 255), i8: Int8Array.of(1, -1) },
      ...{
        u16: Uint16Array.of(513),
        i16: Int16Array.of(-1),
        u32: Uint32Array.of(7),
        i32: Int32Array.of(7, -2),
      },
      ...{ f32: Float32Array.of(1.5), f64: Float64Array.of(1.5), bool: [false, true] },
      ...{ u64: [1, 2n ** 63n], i64: [-1], string: ['a', '', '😀'], none: [] },
    });
  });

  it('reads tensors in any order of their bytes, with holes, and an alignment of their own', async () => {
    const { tensors } = await openRaw({
      entries: [entry('general.alignment', ids.u32, u32(8))],
      tensors: [
        { name: 'b', ne: [32, 3], type: 8, offset: 16 },
        { name: 'a', ne: [3], offset: 0 },
        { name: 'empty', ne: [0, 5], offset: 8 },
        { name: 'scalar', ne: [], offset: 136 },
        { name: 'deep', ne: [1, 2, 3, 4], type: 1, offset: 144 },
      ],
      alignment: 8,
      dataBytes: 192,
    });
    const found = await Promise.all(
      Array.from(tensors.values(), async ({ name, type, shape, byteLength, read }) => {
        const bytes = await read();
        expect(bytes.length).toBe(byteLength);
        return [name, type, shape, byteLength, bytes[0]];
      }),
    );
    expect(found).toEqual([
      ['b', 'Q8_0', [3, 32], 102, 16],
      ['a', 'F32', [3], 12, 0],
      ['empty', 'F32', [5, 0], 0, undefined],
      ['scalar', 'F32', [], 4, 136],
      ['deep', 'F16', [4, 3, 2, 1], 48, 144],
    ]);
  });

  it('takes one part for the whole model', async () => {
    await openRaw({ entries: [entry('split.count', ids.u16, Uint8Array.of(1, 0))] });
    await openRaw({ entries: [entry('split.count', ids.u16, Uint8Array.of(0, 0))] });
  });
});

describe('a file is refused', () => {
  const two = { dataBytes: 64, tensors: [{}, { name: 'b', offset: 32 }] };
  it.each<[string, RawFile | Uint8Array, string]>([
    ['that is empty', new Uint8Array(0), 'is not a GGUF file: it is empty: download or save it again'],
    [
      'of another kind',
      rawFile({ magic: Uint8Array.of(1, 2, 3, 4) }),
      'is not a GGUF file: begins with "\\u0001\\u0002\\u0003\\u0004"',
    ],
    ['of version 1', { version: 1 }, 'version: must be 2 or 3: 1'],
    ['of version 4', { version: 4 }, 'version: must be 2 or 3: 4'],
    ['of version 0', { version: 0 }, 'version: must be 2 or 3: 0'],
    [
      'that is big-endian',
      { version: 3 << 24 },
      'version: big-endian files are not supported: convert the file to little-endian (gguf-convert-endian)',
    ],
    [
      'with more tensors than it can hold',
      { counts: [2, 0] },
      'number of tensors: truncated: needs 48 bytes from byte 16, the file has 32',
    ],
    ['with too many tensors', { counts: [100_001, 0] }, 'number of tensors: must be at most 100000: 100001'],
    [
      'with 2^64 - 1 tensors',
      { counts: [2n ** 64n - 1n, 0] },
      'number of tensors: must be at most 100000: 18446744073709551615',
    ],
    [
      'with more entries than it can hold',
      { counts: [0, 2] },
      'number of metadata: truncated: needs 26 bytes from byte 24, the file has 32',
    ],
    [
      'with 2^64 - 1 entries',
      { counts: [0, 2n ** 64n - 1n] },
      'number of metadata: must be at most 100000: 18446744073709551615',
    ],
    [
      'with a key that is too long',
      { entries: [entry('k'.repeat(65_536), ids.u8, u8(0))] },
      'key 0 of the metadata: must be at most 65535 bytes: 65536',
    ],
    [
      'with a key beyond the end',
      { entries: [joined(u64(99), u64(0))] },
      'key 0 of the metadata: truncated: needs 99 bytes from byte 32, the file has 64',
    ],
    [
      'with a key of 2^64 - 1 bytes',
      { entries: [joined(u64(2n ** 64n - 1n), u64(0))] },
      'key 0 of the metadata: truncated: cannot hold 18446744073709551615 items in 64 bytes',
    ],
    [
      'with a key that is not UTF-8',
      { entries: [entry(Uint8Array.of(0xff), ids.u8, u8(0))] },
      'key 0 of the metadata: text must be UTF-8: bytes 32 to 33 are not',
    ],
    [
      'with a key twice',
      { entries: [entry('k', ids.u8, u8(0)), entry('k', ids.u8, u8(0))] },
      'key "k": appears twice',
    ],
    [
      'with a value of unknown type',
      { entries: [entry('k', 13, u64(0))] },
      'key "k": unknown type of value: 13',
    ],
    [
      'with a truth value of 2',
      { entries: [entry('k', ids.bool, u8(2))] },
      'key "k": truth value must be 0 or 1: 2',
    ],
    [
      'with a truth value of 255 in an array',
      { entries: [array('k', ids.bool, 2, u8(1), u8(255))] },
      'key "k": truth value must be 0 or 1: 255',
    ],
    [
      'with a text that is not UTF-8',
      { entries: [entry('k', ids.string, text(Uint8Array.of(0xe2, 0x82)))] },
      'key "k": text must be UTF-8: bytes 45 to 47 are not',
    ],
    [
      'with a surrogate in UTF-8',
      { entries: [array('k', ids.string, 1, text(Uint8Array.of(0xed, 0xa0, 0x80)))] },
      'key "k": text must be UTF-8: bytes 57 to 60 are not',
    ],
    [
      'with an array of unknown type',
      { entries: [array('k', 13, 0)] },
      'key "k": unknown type of an array\'s values: 13',
    ],
    [
      'with an array of arrays',
      { entries: [array('k', ids.array, 1, u32(0), u64(0))] },
      'key "k": arrays of arrays are not supported',
    ],
    [
      'with an array beyond the end',
      { entries: [array('k', ids.f64, 9)] },
      'key "k": truncated: needs 72 bytes from byte 49, the file has 64',
    ],
    [
      'with an array of 2^61 values',
      { entries: [array('k', ids.f64, 2n ** 61n)] },
      'key "k": truncated: cannot hold 2305843009213693952 items in 64 bytes',
    ],
    [
      'with strings beyond the end',
      { entries: [array('k', ids.string, 3, text('a'))] },
      'key "k": truncated: needs 24 bytes from byte 49, the file has 64',
    ],
    [
      'with an alignment of 12',
      { entries: [entry('general.alignment', ids.u32, u32(12))] },
      'general.alignment: must be a power of two, at least 8: 12',
    ],
    [
      'with an alignment of 4',
      { entries: [entry('general.alignment', ids.u32, u32(4))] },
      'general.alignment: must be a power of two, at least 8: 4',
    ],
    [
      'with an alignment of 24',
      { entries: [entry('general.alignment', ids.u32, u32(24))] },
      'general.alignment: must be a power of two, at least 8: 24',
    ],
    [
      'with an alignment of 0',
      { entries: [entry('general.alignment', ids.u32, u32(0))] },
      'general.alignment: must be a power of two, at least 8: 0',
    ],
    [
      'with an alignment of another type',
      { entries: [entry('general.alignment', ids.u64, u64(32))] },
      'key "general.alignment": type must be u32: u64',
    ],
    [
      'that is a part',
      { entries: [entry('split.count', ids.u16, Uint8Array.of(5, 0))] },
      'is one of 5 parts of a model, which are not supported: merge them with llama-gguf-split --merge',
    ],
    ['with a tensor twice', { ...two, tensors: [{}, { offset: 32 }] }, 'tensor "a": appears twice'],
    [
      'with a name that is not UTF-8',
      { tensors: [{ name: Uint8Array.of(0x80) }] },
      'name of tensor 0: text must be UTF-8: bytes 32 to 33 are not',
    ],
    [
      'with 5 dimensions',
      { tensors: [{ ne: [1, 1, 1, 1, 1] }], dataBytes: 4 },
      'tensor "a": must have at most 4 dimensions: 5',
    ],
    [
      'with a size of 2^53',
      { tensors: [{ ne: [2n ** 53n] }] },
      'tensor "a": size overflows: 9007199254740992',
    ],
    [
      'with too many elements',
      { tensors: [{ ne: [2 ** 30, 2 ** 30] }] },
      'tensor "a": size overflows: F32 [1073741824, 1073741824]',
    ],
    [
      'with too many elements but one size 0',
      { tensors: [{ ne: [2 ** 50, 0, 2 ** 50] }] },
      'tensor "a": size overflows: F32 [1125899906842624, 0, 1125899906842624]',
    ],
    [
      'with an offset of 2^53',
      { tensors: [{ offset: 2n ** 53n }] },
      'tensor "a": offset overflows: 9007199254740992',
    ],
    [
      'with rows that are not whole blocks',
      { tensors: [{ ne: [48, 2], type: 2 }], dataBytes: 99 },
      'tensor "a": last dimension must be a multiple of 32: Q4_0 [2, 48]',
    ],
    [
      'with rows that are not whole blocks of K',
      { tensors: [{ ne: [128, 2], type: 14 }], dataBytes: 999 },
      'tensor "a": last dimension must be a multiple of 256: Q6_K [2, 128]',
    ],
    [
      'with a scalar block',
      { tensors: [{ ne: [], type: 8 }], dataBytes: 99 },
      'tensor "a": last dimension must be a multiple of 32: Q8_0 []',
    ],
    [
      'with an offset that is not aligned',
      { tensors: [{ offset: 8 }], dataBytes: 99 },
      'tensor "a": offset must be a multiple of 32: 8',
    ],
    [
      'with overlapping tensors',
      { ...two, tensors: [{ ne: [9] }, { name: 'b', offset: 32 }] },
      'tensor "b": overlaps "a": begins at 128, expected 132 or later',
    ],
    [
      'with tensors at one place',
      { ...two, tensors: [{}, { name: 'b' }] },
      'tensor "b": overlaps "a": begins at 96, expected 104 or later',
    ],
    [
      'that ends within a tensor',
      { ...two, dataBytes: 39 },
      'tensor "b": truncated: bytes 128 to 136 are beyond the file\'s 135',
    ],
    [
      'that ends before a tensor',
      { ...two, dataBytes: 0 },
      'tensor "a": truncated: bytes 96 to 104 are beyond the file\'s 96',
    ],
    [
      'with an empty tensor beyond its end',
      { tensors: [{ ne: [0], offset: 64 }] },
      'tensor "a": truncated: bytes 128 to 128 are beyond the file\'s 64',
    ],
    [
      'with an unknown type of tensor',
      { tensors: [{ type: 99 }] },
      'tensor "a": this tensor type is not supported: 99, 1 of 1 tensors',
    ],
    [
      'with Q2_K',
      { tensors: [{ type: 10 }] },
      'tensor "a": this tensor type is not supported: Q2_K (10), 1 of 1 tensors',
    ],
    [
      'with Q3_K',
      { tensors: [{ type: 11 }] },
      'tensor "a": this tensor type is not supported: Q3_K (11), 1 of 1 tensors',
    ],
    [
      'with IQ4_XS',
      { tensors: [{ type: 23 }] },
      'tensor "a": this tensor type is not supported: IQ4_XS (23), 1 of 1 tensors',
    ],
    [
      'with TQ2_0',
      { tensors: [{ type: 35 }] },
      'tensor "a": this tensor type is not supported: TQ2_0 (35), 1 of 1 tensors',
    ],
  ])('%s', async (_, file, message) => {
    expect(await refusal(file)).toBe(`f: ${message}`);
  });
});
