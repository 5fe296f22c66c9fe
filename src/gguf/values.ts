/** Values of GGUF metadata. */
import type { HeaderBytes } from './headerBytes.js';
import { type GgufScalarType, VALUE_BYTES } from './types.js';

export type GgufNumbers =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** A single value; a bigint only where a number cannot hold the integer exactly. */
export type GgufScalar = number | bigint | boolean | string;
export type GgufArray = GgufNumbers | readonly string[] | readonly boolean[] | readonly (number | bigint)[];
export type GgufValue = GgufScalar | GgufArray;

type Read<T> = (view: DataView, at: number) => T;
type Plain = Exclude<GgufScalarType, 'string'>;

/** A 64-bit integer as a number where that is exact. */
const exact = (value: bigint): number | bigint => {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
};

const NUMBERS = {
  u8: { make: (count: number) => new Uint8Array(count), read: (view, at) => view.getUint8(at) },
  i8: { make: (count: number) => new Int8Array(count), read: (view, at) => view.getInt8(at) },
  u16: { make: (count: number) => new Uint16Array(count), read: (view, at) => view.getUint16(at, true) },
  i16: { make: (count: number) => new Int16Array(count), read: (view, at) => view.getInt16(at, true) },
  u32: { make: (count: number) => new Uint32Array(count), read: (view, at) => view.getUint32(at, true) },
  i32: { make: (count: number) => new Int32Array(count), read: (view, at) => view.getInt32(at, true) },
  f32: { make: (count: number) => new Float32Array(count), read: (view, at) => view.getFloat32(at, true) },
  f64: { make: (count: number) => new Float64Array(count), read: (view, at) => view.getFloat64(at, true) },
} satisfies Record<string, { make: (count: number) => GgufNumbers; read: Read<number> }>;

const INTEGERS: Readonly<Record<'u64' | 'i64', Read<number | bigint>>> = {
  u64: (view, at) => exact(view.getBigUint64(at, true)),
  i64: (view, at) => exact(view.getBigInt64(at, true)),
};

/** Reads one value from bytes in memory. @throws DataError for a truth value that is neither 0 nor 1 */
export function readNumber(bytes: HeaderBytes, type: Plain): number | bigint | boolean {
  if (type === 'bool') return readBoolean(bytes);
  const read: Read<number | bigint> = type === 'u64' || type === 'i64' ? INTEGERS[type] : NUMBERS[type].read;
  return bytes.take(VALUE_BYTES[type], read);
}

/** Reads `count` values from bytes in memory. */
export function readNumbers(bytes: HeaderBytes, type: Plain, count: number): GgufArray {
  if (type === 'bool') return Array.from({ length: count }, () => readBoolean(bytes));
  const size = VALUE_BYTES[type];
  if (type === 'u64' || type === 'i64')
    return Array.from({ length: count }, () => bytes.take(size, INTEGERS[type]));
  const { make, read } = NUMBERS[type];
  return bytes.take(size * count, (view, at) => {
    const values = make(count);
    for (let i = 0; i < count; i++) values[i] = read(view, at + size * i);
    return values;
  });
}

function readBoolean(bytes: HeaderBytes): boolean {
  const value = bytes.take(1, NUMBERS.u8.read);
  if (value > 1) throw bytes.error(`truth value must be 0 or 1: ${value}`);
  return value === 1;
}
