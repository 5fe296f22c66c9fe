/** Builds GGUF files field by field, including files that no writer writes. */
import { joined } from '../fuzz/mutate.js';

export const u8 = (value: number) => Uint8Array.of(value);

export function u32(value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, value, true);
  return new Uint8Array(view.buffer);
}

export function u64(value: number | bigint): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(value), true);
  return new Uint8Array(view.buffer);
}

export function text(value: string | Uint8Array): Uint8Array {
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  return joined(u64(bytes.length), bytes);
}

export const ids = {
  ...{ u8: 0, i8: 1, u16: 2, i16: 3, u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9 },
  ...{ u64: 10, i64: 11, f64: 12 },
};

export const entry = (key: string | Uint8Array, id: number, ...value: Uint8Array[]) =>
  joined(text(key), u32(id), ...value);

export const array = (key: string, id: number, count: number | bigint, ...values: Uint8Array[]) =>
  entry(key, ids.array, u32(id), u64(count), ...values);

export interface RawTensor {
  readonly name?: string | Uint8Array;
  /** Sizes of the dimensions, `in` first. */
  readonly ne?: readonly (number | bigint)[];
  readonly type?: number;
  readonly offset?: number | bigint;
}

export const tensorInfo = ({ name = 'a', ne = [2], type = 0, offset = 0 }: RawTensor) =>
  joined(text(name), u32(ne.length), ...ne.map(u64), u32(type), u64(offset));

export interface RawFile {
  readonly magic?: Uint8Array;
  readonly version?: number;
  readonly counts?: readonly (number | bigint)[];
  readonly entries?: readonly Uint8Array[];
  readonly tensors?: readonly RawTensor[];
  readonly dataBytes?: number;
  readonly alignment?: number;
}

/** A file with given parts; the others are valid. */
export function rawFile({
  magic = new TextEncoder().encode('GGUF'),
  version = 3,
  entries = [],
  tensors = [],
  counts = [tensors.length, entries.length],
  dataBytes = 0,
  alignment = 32,
}: RawFile): Uint8Array<ArrayBuffer> {
  const header = joined(magic, u32(version), ...counts.map(u64), ...entries, ...tensors.map(tensorInfo));
  const padding = (alignment - (header.length % alignment)) % alignment;
  const data = Uint8Array.from({ length: dataBytes }, (_, i) => i);
  return joined(header, new Uint8Array(padding), data);
}

/** Entries of every form, and tensors with data to the file's end. */
export const FULL: RawFile = {
  entries: [
    entry('general.alignment', ids.u32, u32(8)),
    entry('name', ids.string, text('Ġé')),
    entry('flag', ids.bool, u8(1)),
    entry('large', ids.u64, u64(2n ** 60n)),
    array('numbers', ids.i32, 3, u32(1), u32(2), u32(3)),
    array('tokens', ids.string, 2, text('a'), text('bc')),
  ],
  tensors: [
    { name: 'x', ne: [32, 2], type: 8, offset: 0 },
    { name: 'y', ne: [2], offset: 72 },
  ],
  alignment: 8,
  dataBytes: 80,
};
