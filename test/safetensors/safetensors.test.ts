/** Oracles: files of the Python library (fixtures/safetensors/make.py), and headers written here by hand. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DataError, ShapeError } from '../../src/base/errors.js';
import {
  parseSafetensors,
  serializeSafetensors,
  toFloat32,
  type WritableTensor,
} from '../../src/safetensors/safetensors.js';

const fixture = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../fixtures/safetensors/${name}.safetensors`, import.meta.url)));

/** A file of any header, as text or bytes, and `dataLength` bytes of data 0, 1, 2, … */
function file(header: string | Uint8Array, dataLength = 0, headerLength?: bigint): Uint8Array {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const out = new Uint8Array(8 + text.length + dataLength);
  new DataView(out.buffer).setBigUint64(0, headerLength ?? BigInt(text.length), true);
  out.set(text, 8);
  for (let i = 0; i < dataLength; i++) out[8 + text.length + i] = i;
  return out;
}

const entry = (dtype: string, shape: string, offsets: string) =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`;
/** One U8 tensor `a` with a field replaced. */
const one = (shape: string, offsets: string, dtype = 'U8') => `{"a":${entry(dtype, shape, offsets)}}`;
const f32 = (shape: number[], data: number[]): WritableTensor => ({
  dtype: 'F32',
  shape,
  data: Float32Array.from(data),
});

const special = new Float32Array(
  Uint32Array.of(0x80000000, 1, 0x7f7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc12345).buffer,
);
/** What make.py puts into f32.safetensors, in another order. */
const pythonTensors: [string, WritableTensor][] = [
  ['scalar', f32([], [0.1])],
  ['\u{1f600}', f32([1], [1])],
  ['\ufffd', f32([1], [2])],
  ['special', { dtype: 'F32', shape: [7], data: special }],
  ['quote" \\ / tab\t nul\0 del\x7f line\u2028', f32([1], [3])],
  ['base_model.model.linear1.lora_B.weight', f32([3, 2], [0, 1 / 8, 2 / 8, 3 / 8, 4 / 8, 5 / 8])],
  ['', f32([1, 1], [4])],
  ['empty', f32([0, 3], [])],
  ['base_model.model.linear1.lora_A.weight', f32([2, 4], [-0, -0.25, -0.5, -0.75, -1, -1.25, -1.5, -1.75])],
];

describe('parseSafetensors', () => {
  it('reads a file of the Python library', () => {
    const { tensors, metadata } = parseSafetensors(fixture('f32'), 'f32');
    expect(metadata).toEqual({ format: 'pt' });
    expect(tensors.size).toBe(pythonTensors.length);
    for (const [name, { shape, data }] of pythonTensors) {
      const tensor = tensors.get(name);
      if (!tensor) throw new Error(`missing: ${name}`);
      expect(tensor.dtype).toBe('F32');
      expect(tensor.shape).toEqual(shape);
      expect(new Uint8Array(toFloat32(tensor, name).buffer)).toEqual(new Uint8Array(data.buffer));
    }
  });

  it('reads every dtype as a view, in the order of the bytes', () => {
    const bytes = fixture('mixed');
    const { tensors, metadata } = parseSafetensors(bytes, 'mixed');
    expect(metadata).toEqual({});
    expect([...tensors].map(([name, { dtype, shape }]) => `${name} ${dtype} [${shape}]`)).toEqual([
      'i64 I64 [1,2]',
      'f64 F64 [1]',
      'f32 F32 [2]',
      'bf16 BF16 [6]',
      'f16 F16 [9]',
      'u8 U8 [3]',
      'bool BOOL [2]',
    ]);
    const u8 = tensors.get('u8');
    expect(u8?.bytes.buffer).toBe(bytes.buffer);
    expect([...(u8?.bytes ?? [])]).toEqual([1, 2, 255]);
  });

  it.each([0, 1, 2, 3])('converts floats at %i bytes from alignment', (shift) => {
    const shifted = new Uint8Array(shift + fixture('mixed').length);
    shifted.set(fixture('mixed'), shift);
    const { tensors } = parseSafetensors(shifted.subarray(shift), 'mixed');
    const floats = (name: string) => {
      const tensor = tensors.get(name);
      if (!tensor) throw new Error(`missing: ${name}`);
      return toFloat32(tensor, name);
    };
    expect([...floats('f32')]).toEqual([0.5, -2]);
    expect([...floats('f16')]).toEqual([1, -2.5, 65504, 2 ** -24, 2 ** -14, Infinity, -Infinity, NaN, -0]);
    expect([...floats('bf16')]).toEqual([1, -3.140625, 2 ** -133, Infinity, NaN, -0]);
    expect(new Uint32Array(floats('bf16').buffer)[4]).toBe(0x7fc10000);
    for (const name of ['i64', 'f64', 'u8', 'bool']) {
      expect(() => floats(name)).toThrow(
        new DataError(`${name}: dtype must be F32, F16 or BF16: found ${name.toUpperCase()}`),
      );
    }
  });

  it('takes what the format allows', () => {
    expect(parseSafetensors(fixture('empty'), 'f')).toEqual({
      tensors: new Map(),
      metadata: { format: 'pt' },
    });
    const bytesOf = (header: string, length: number) =>
      parseSafetensors(file(header, length), 'f').tensors.get('a')?.bytes;
    expect(parseSafetensors(file('{}'), 'f').tensors.size).toBe(0);
    expect(bytesOf(one('[]', '[0,1]'), 1)).toEqual(Uint8Array.of(0));
    expect(bytesOf(one('[0,9007199254740991]', '[0,0]'), 0)).toHaveLength(0);
    expect(bytesOf(one('[4]', '[0,3]', 'F6_E2M3'), 3)).toHaveLength(3);
    // Out of order in the header, and an empty tensor listed after the one that begins where it lies.
    const [a, b, e] = [entry('U8', '[1]', '[0,1]'), entry('U8', '[2]', '[1,3]'), entry('U8', '[0]', '[1,1]')];
    const header = `{"b":${b},"a":${a},"e":${e}}`;
    const { tensors } = parseSafetensors(file(header, 3), 'f');
    expect([...tensors.keys()]).toEqual(['a', 'e', 'b']);
    expect([...(tensors.get('b')?.bytes ?? [])]).toEqual([1, 2]);
  });

  const twoOf = (a: string, b: string) => `{"a":${entry('U8', '[2]', a)},"b":${entry('U8', '[2]', b)}}`;
  it.each<[string, Uint8Array, string]>([
    ['an empty file', new Uint8Array(), 'is not a safetensors file: it is empty: download or save it again'],
    ['7 bytes', new Uint8Array(7), "truncated: the header's length needs 8 bytes, found 7"],
    [
      'a header above the limit',
      file('{}', 0, 100_000_001n),
      'header must be at most 100000000 bytes: its length says 100000001',
    ],
    [
      'a header length of 2^64 - 1',
      file('{}', 0, 2n ** 64n - 1n),
      'header must be at most 100000000 bytes: its length says 18446744073709551615',
    ],
    ['a header longer than the file', file('{}', 0, 3n), 'truncated: the header needs 11 bytes, found 10'],
    ['no JSON', file(''), 'header must begin with "{": found ""'],
    ['a byte order mark', file('\ufeff{}'), 'header must begin with "{": found "\ufeff"'],
    [
      'invalid UTF-8',
      file(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d)),
      'header must be UTF-8: invalid bytes',
    ],
    ['an unknown dtype', file(one('[1]', '[0,1]', 'C128'), 1), 'tensor "a": unknown dtype: "C128"'],
    ['a dtype in lower case', file(one('[1]', '[0,1]', 'u8'), 1), 'tensor "a": unknown dtype: "u8"'],
    // 2^32 * 2^32 is 0 in 64-bit arithmetic.
    [
      'a size that wraps',
      file(one('[4294967296,4294967296]', '[0,0]')),
      'tensor "a": size overflows: U8 [4294967296, 4294967296]',
    ],
    [
      'a size in bits above 2^53',
      file(one('[9007199254740991]', '[0,0]', 'F32')),
      'tensor "a": size overflows: F32 [9007199254740991]',
    ],
    [
      'a part of a byte',
      file(one('[3]', '[0,2]', 'F4'), 2),
      'tensor "a": must fill whole bytes: F4 [3] has 12 bits',
    ],
    ['descending offsets', file(one('[1]', '[1,0]'), 1), 'tensor "a": data_offsets must ascend: [1, 0]'],
    [
      'too small a span',
      file(one('[2]', '[0,7]', 'F32'), 7),
      'tensor "a": size and data_offsets differ: F32 [2] needs 8 bytes, data_offsets [0, 7] give 7',
    ],
    [
      'too large a span',
      file(one('[]', '[0,5]', 'F32'), 5),
      'tensor "a": size and data_offsets differ: F32 [] needs 4 bytes, data_offsets [0, 5] give 5',
    ],
    [
      'data for an empty tensor',
      file(one('[0]', '[0,1]'), 1),
      'tensor "a": size and data_offsets differ: U8 [0] needs 0 bytes, data_offsets [0, 1] give 1',
    ],
    [
      'a first tensor not at 0',
      file(one('[1]', '[1,2]'), 2),
      'tensor "a": leaves a hole before it: begins at 1, expected 0',
    ],
    [
      'a hole',
      file(twoOf('[0,2]', '[3,5]'), 5),
      'tensor "b": leaves a hole before it: begins at 3, expected 2',
    ],
    [
      'an overlap',
      file(twoOf('[0,2]', '[1,3]'), 3),
      'tensor "b": overlaps the tensor before it: begins at 1, expected 2',
    ],
    [
      'two tensors in one place',
      file(twoOf('[0,2]', '[0,2]'), 2),
      'tensor "b": overlaps the tensor before it: begins at 0, expected 2',
    ],
    ['truncated data', file(one('[2]', '[0,2]'), 1), 'truncated: header and tensors need 63 bytes, found 62'],
    ['trailing data', file(one('[2]', '[0,2]'), 3), 'oversized: header and tensors need 63 bytes, found 64'],
    ['data without tensors', file('{}', 1), 'oversized: header and tensors need 10 bytes, found 11'],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => parseSafetensors(bytes, 'f')).toThrow(new DataError(`f: ${message}`));
  });
});

describe('serializeSafetensors', () => {
  it('writes the bytes of the Python library, in whatever order the tensors come', () => {
    const python = fixture('f32');
    expect(serializeSafetensors(pythonTensors, { format: 'pt' })).toEqual(python);
    expect(serializeSafetensors(new Map([...pythonTensors].reverse()), { format: 'pt' })).toEqual(python);
    expect(serializeSafetensors([], { format: 'pt' })).toEqual(fixture('empty'));
  });

  it('sorts metadata, leaves it out when there is none, and aligns the data', () => {
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes.subarray(8));
    expect(text(serializeSafetensors([], { b: '2', a: '1' }))).toMatch(
      /^\{"__metadata__":\{"a":"1","b":"2"\}\} *$/,
    );
    expect(text(serializeSafetensors([]))).toBe('{}      ');
    const bytes = serializeSafetensors([['x', f32([1], [1])]]);
    expect((bytes.length - 4) % 8).toBe(0);
  });

  it('rounds float64 and writes part of a buffer', () => {
    const data = Float64Array.of(9, 0.1, Math.PI, 1e300, 9).subarray(1, 4);
    const view = Float32Array.of(9, 1, 2, 9).subarray(1, 3);
    const bytes = serializeSafetensors([
      ['a', { dtype: 'F32', shape: [3], data }],
      ['b', { dtype: 'F32', shape: [2], data: view }],
    ]);
    const values = [...parseSafetensors(bytes, 'f').tensors].map(([name, tensor]) => [
      ...toFloat32(tensor, name),
    ]);
    expect(values).toEqual([
      [Math.fround(0.1), Math.fround(Math.PI), Infinity],
      [1, 2],
    ]);
  });

  const a = f32([1], [1]);
  // A caller without types can pass another dtype.
  const i64 = { ...a, dtype: 'I64' } as unknown as WritableTensor;
  it.each<[string, [string, WritableTensor][], string]>([
    [
      'a negative size',
      [['x', f32([-1, -1], [1])]],
      'tensor "x": sizes must be non-negative integers: [-1, -1]',
    ],
    [
      'a fraction as a size',
      [['x', f32([0.5, 2], [1])]],
      'tensor "x": sizes must be non-negative integers: [0.5, 2]',
    ],
    ['another dtype', [['x', i64]], 'tensor "x": dtype must be F32, F16 or BF16: found I64'],
    ['a name twice', Array(3).fill(['x', a]), 'name given twice: "x"'],
    ['the reserved name', [['__metadata__', a]], 'tensor "__metadata__": the name is reserved'],
    ['a lone surrogate', [['\udc00', a]], 'lone surrogate in text: "\\udc00"'],
  ])('refuses %s', (_, tensors, message) => {
    expect(() => serializeSafetensors(tensors)).toThrow(new RangeError(`serializeSafetensors: ${message}`));
  });

  it.each([
    ['F16', [1, 1 + 2 ** -11, 1 + 3 * 2 ** -11, 65519, 65520, 2 ** -25, 1.5 * 2 ** -24, -(2 ** -14)]],
    ['BF16', [1, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 3.4e38, -1e-40, 0.1, -0, 7]],
  ] as const)('rounds to the nearest %s, ties to even', (dtype, values) => {
    const tensor = { dtype, shape: [values.length], data: Float32Array.from(values) };
    const read = parseSafetensors(serializeSafetensors([['x', tensor]]), 'a').tensors.get('x');
    const expected = {
      F16: [1, 1, 1 + 2 ** -9, 65504, Number.POSITIVE_INFINITY, 0, 2 ** -23, -(2 ** -14)],
      BF16: [1, 1, 1 + 2 ** -6, Number.POSITIVE_INFINITY, -1e-40, 0.10009765625, -0, 7],
    }[dtype];
    const got = Array.from(read ? toFloat32(read, 'x') : []);
    if (dtype === 'BF16') expected[4] = got[4];
    expect(got).toEqual(expected);
  });

  it('refuses a lone surrogate in the metadata', () => {
    const message = 'serializeSafetensors: lone surrogate in text: "\\ud800"';
    expect(() => serializeSafetensors([], { k: '\ud800' })).toThrow(new RangeError(message));
  });

  it.each<[number[], number[], string]>([
    [[2, 2], [1], '[2, 2] needs 4 values, found 1'],
    [[], [1, 2], '[] needs 1 values, found 2'],
  ])('refuses the shape %j for the data %j', (shape, data, values) => {
    const message = `serializeSafetensors: tensor "x": shape and data differ: ${values}`;
    expect(() => serializeSafetensors([['x', f32(shape, data)]])).toThrow(new ShapeError(message));
  });
});
