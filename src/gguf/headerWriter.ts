/** Writes the fields of a GGUF header as bytes into growing memory. */
import { type GgufNumberType, type GgufScalarType, VALUE_BYTES, VALUE_TYPES } from './types.js';

/** A value with its type in the file: `{ type: 'u32', value: 5 }`, `{ type: 'string[]', value: ['a'] }`. */
export type WritableValue =
  | { readonly type: GgufNumberType; readonly value: number }
  | { readonly type: 'u64' | 'i64'; readonly value: number | bigint }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: `${GgufNumberType}[]`; readonly value: ArrayLike<number> }
  | { readonly type: 'u64[]' | 'i64[]'; readonly value: ArrayLike<number | bigint> }
  | { readonly type: 'bool[]'; readonly value: readonly boolean[] }
  | { readonly type: 'string[]'; readonly value: readonly string[] };

/** The least and the largest integer of each type. */
const RANGES: ReadonlyMap<string, readonly [bigint, bigint]> = new Map(
  [8n, 16n, 32n, 64n].flatMap((bits) => [
    [`u${bits}`, [0n, 2n ** bits - 1n]],
    [`i${bits}`, [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n]],
  ]),
);

const FIRST_BYTES = 4096;
const encoder = new TextEncoder();

export class HeaderWriter {
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  u32(value: number): void {
    const at = this.#grow(4);
    this.#view.setUint32(at, value, true);
  }

  u64(value: number | bigint): void {
    const at = this.#grow(8);
    this.#view.setBigUint64(at, BigInt(value), true);
  }

  /** Writes a length, then UTF-8. @throws RangeError for a lone surrogate, or more bytes than the limit */
  text(text: string, where: string, maxBytes = Number.POSITIVE_INFINITY): void {
    if (/\p{Surrogate}/u.test(text))
      throw new RangeError(`${where}: lone surrogate: ${JSON.stringify(text)}`);
    const bytes = encoder.encode(text);
    if (bytes.length > maxBytes)
      throw new RangeError(`${where}: must be at most ${maxBytes} bytes: ${bytes.length}`);
    this.u64(bytes.length);
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** Writes a type, then the value. @throws RangeError when it does not fit the type */
  value({ type, value }: WritableValue, where: string): void {
    const isArray = type.endsWith('[]');
    const each = (isArray ? type.slice(0, -2) : type) as GgufScalarType;
    const id = VALUE_TYPES.indexOf(each);
    if (!Object.hasOwn(VALUE_BYTES, each)) throw new RangeError(`${where}: unknown type: ${type}`);
    if (!isArray) {
      this.u32(id);
      this.#scalar(each, value, where);
      return;
    }
    const values = value as ArrayLike<unknown>;
    this.u32(VALUE_TYPES.indexOf('array'));
    this.u32(id);
    this.u64(values.length);
    for (let i = 0; i < values.length; i++) this.#scalar(each, values[i], where);
  }

  /** The written bytes, padded with zeros to `byteLength`. */
  bytes(byteLength = this.#length): Uint8Array {
    const bytes = new Uint8Array(byteLength);
    bytes.set(this.#bytes.subarray(0, this.#length));
    return bytes;
  }

  #scalar(type: GgufScalarType, value: unknown, where: string): void {
    if (type === 'string') {
      if (typeof value !== 'string') throw misfit(type, value, where);
      this.text(value, where);
    } else if (type === 'bool') {
      if (typeof value !== 'boolean') throw misfit(type, value, where);
      const at = this.#grow(1);
      this.#bytes[at] = value ? 1 : 0;
    } else if (type === 'f32' || type === 'f64') {
      if (typeof value !== 'number') throw misfit(type, value, where);
      const at = this.#grow(VALUE_BYTES[type]);
      if (type === 'f32') this.#view.setFloat32(at, value, true);
      else this.#view.setFloat64(at, value, true);
    } else this.#integer(type, value, where);
  }

  /** Writes an integer in two's complement, so that the lowest bytes are those of every narrower type. */
  #integer(type: GgufScalarType, value: unknown, where: string): void {
    const isInteger = typeof value === 'bigint' || Number.isSafeInteger(value);
    const integer = isInteger ? BigInt(value as number | bigint) : undefined;
    const [least, most] = RANGES.get(type) ?? [0n, 0n];
    if (integer === undefined || integer < least || integer > most) throw misfit(type, value, where);
    const bytes = VALUE_BYTES[type];
    const at = this.#grow(bytes);
    for (let i = 0; i < bytes; i++) this.#bytes[at + i] = Number((integer >> BigInt(8 * i)) & 0xffn);
  }

  /** Makes room, which may replace the memory. @returns the place where the room begins */
  #grow(length: number): number {
    const at = this.#length;
    this.#length += length;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
}

function misfit(type: string, value: unknown, where: string): RangeError {
  const found = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return new RangeError(`${where}: must be a value of type ${type}: got ${found}`);
}
