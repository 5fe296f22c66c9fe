/** Bytes as callers have them: a buffer, or any view of one. */

/** A buffer, or a view of one, such as `Uint8Array`, `Buffer` or `DataView`. */
export type Bytes = ArrayBufferLike | ArrayBufferView;

/**
 * The bytes of a buffer or of the part that a view shows, without a copy.
 * @param what  an error calls them: `parseModel: the file`
 * @throws TypeError for anything else, saying what it is
 */
export function asBytes(value: Bytes, what: string): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (isBuffer(value)) return new Uint8Array(value);
  throw new TypeError(
    `${what} must be a Uint8Array, an ArrayBuffer or another view of one: got ${kindOf(value)}`,
  );
}

/**
 * Bytes that are values themselves, such as pixels, without a copy: floats are not taken for their bytes.
 * @param what  an error calls them: `dataset: images`
 * @throws TypeError for anything else, saying what it is
 */
export function asByteValues(value: Bytes, what: string): Uint8Array {
  const isBytes =
    value instanceof Uint8Array ||
    value instanceof Uint8ClampedArray ||
    value instanceof DataView ||
    isBuffer(value);
  if (isBytes) return asBytes(value, what);
  throw new TypeError(`${what} must be bytes, such as a Uint8Array: got ${kindOf(value)}`);
}

/**
 * Checks that numbers can be read one by one.
 * @param what  an error calls them: `tensor: values`
 * @throws TypeError for a buffer or anything else that has no elements
 */
export function checkNumbers(value: ArrayLike<number>, what: string): void {
  const hasElements = typeof value === 'object' && value !== null && Number.isInteger(value.length);
  if (!hasElements)
    throw new TypeError(`${what} must be numbers in an array or typed array: got ${kindOf(value)}`);
}

/** Buffers of other realms, such as those of a test's or an inline frame's, are not of this realm's classes. */
function isBuffer(value: unknown): value is ArrayBufferLike {
  return /^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(value));
}

/** What a value is, for an error. */
function kindOf(value: unknown): string {
  if (value === null || value === undefined) return `${value}`;
  if (typeof value !== 'object') return `a ${typeof value}`;
  if (Array.isArray(value)) return 'an array';
  const tag = Object.prototype.toString.call(value).slice('[object '.length, -1);
  return tag === 'Object' ? 'an object' : `a ${tag}`;
}
