/** Bytes in the forms that callers pass: a buffer, or any view of one. */

/** A buffer, or a view of one, such as `Uint8Array`, `Buffer` or `DataView`. */
export type Bytes = ArrayBufferLike | ArrayBufferView;

/**
 * The bytes of a buffer or of the part that a view shows, without a copy.
 * @param what  name of the bytes in errors: `parseModel: the file`
 * @throws TypeError for anything else, which it describes
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
 * Bytes that are values themselves, such as pixels, without a copy: an array of floats is not accepted as its bytes.
 * @param what  name of the bytes in errors: `dataset: images`
 * @throws TypeError for anything else, which it describes
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
 * @param what  name of the numbers in errors: `tensor: values`
 * @throws TypeError for a buffer or anything else that has no elements
 */
export function checkNumbers(value: ArrayLike<number>, what: string): void {
  const hasElements = typeof value === 'object' && value !== null && Number.isInteger(value.length);
  if (!hasElements)
    throw new TypeError(`${what} must be numbers in an array or typed array: got ${kindOf(value)}`);
}

/** Whether a value is a buffer; one of another realm, such as an inline frame, is not an instance of this realm's classes. */
function isBuffer(value: unknown): value is ArrayBufferLike {
  return /^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(value));
}

/** A description of a value for an error. */
function kindOf(value: unknown): string {
  if (value === null || value === undefined) return `${value}`;
  if (typeof value !== 'object') return `a ${typeof value}`;
  if (Array.isArray(value)) return 'an array';
  const tag = Object.prototype.toString.call(value).slice('[object '.length, -1);
  return tag === 'Object' ? 'an object' : `a ${tag}`;
}
