/** The types of a storage's elements, how many bytes they take, and where a packed weight has its parts. */

/** Element types in the order of their numbers in kernels; the packed ones come last. */
export const ELEMENT_TYPES = ['f32', 'i32', 'u8', 'bf16', 'f16', 'q4', 'q8', 'q8x16'] as const;

/**
 * Element types: `f32` is float64 in the reference backend; a `bf16` or an `f16` is read and written as its bits, and a
 * packed type as the bytes of {@link PACKED}.
 */
export type DType = (typeof ELEMENT_TYPES)[number];

const BYTES_OF = { f32: 4, i32: 4, u8: 1, bf16: 2, f16: 2 } as const;

export interface PackedLayout {
  /** Number of weights that share a scale. */
  readonly group: 16 | 32;
  /** Number of bits of a code. */
  readonly bits: 4 | 8;
  readonly hasMinimums: boolean;
}

/**
 * Frozen weights as codes, with a scale and in most types a minimum for each group of them that follow one another in a row:
 * `weight = code · scale + minimum`, in f32. The storage of `count` weights has three parts, one after the other:
 *
 *     codes    [count] bytes, signed; of q4 [count / 2]: byte 16g + j has weight 32g + j in its lower 4 bits and weight
 *              32g + 16 + j in its upper ones, 0 to 15
 *     scales   [count / group] f32
 *     minimums [count / group] f32, not of q8x16
 *
 * q4 takes 6 bits per weight, q8 and q8x16 take 10. A row is a number of whole groups.
 */
export const PACKED = {
  q4: { group: 32, bits: 4, hasMinimums: true },
  q8: { group: 32, bits: 8, hasMinimums: true },
  q8x16: { group: 16, bits: 8, hasMinimums: false },
} as const satisfies Partial<Record<DType, PackedLayout>>;

export type PackedType = keyof typeof PACKED;

export function isPackedType(dtype: DType): dtype is PackedType {
  return dtype in PACKED;
}

/** Number of bytes of `length` elements. */
export function storageBytes(dtype: DType, length: number): number {
  if (!isPackedType(dtype)) return length * BYTES_OF[dtype];
  const { group, bits, hasMinimums } = PACKED[dtype];
  return (length * bits) / 8 + (length / group) * (hasMinimums ? 8 : 4);
}

/** @throws RangeError unless a storage can have this number of elements, and packed weights rows of this length */
export function checkLength(dtype: DType, length: number, rowLength = length): void {
  if (!Number.isSafeInteger(length) || length < 0) {
    throw new RangeError(`alloc: length must be a non-negative integer: ${length}`);
  }
  if (isPackedType(dtype) && length % PACKED[dtype].group !== 0) {
    throw new RangeError(`alloc: length of ${dtype} must be a multiple of ${PACKED[dtype].group}: ${length}`);
  }
  if (
    isPackedType(dtype) &&
    length > 0 &&
    (length % rowLength !== 0 || rowLength % PACKED[dtype].group !== 0)
  )
    throw new RangeError(`alloc: ${length} weights of ${dtype} are not whole rows of ${rowLength}`);
}

interface Elements {
  readonly dtype: DType;
  readonly length: number;
}

/** @throws RangeError for a window that is not inside, or into a packed weight, whose parts are stored separately */
export function checkSlice({ dtype, length: all }: Elements, offset: number, length: number): void {
  if (isPackedType(dtype)) throw new RangeError(`slice: a storage of ${dtype} cannot be divided: [${all}]`);
  if (offset < 0 || length < 0 || offset + length > all) {
    throw new RangeError(`slice: outside the storage: ${offset} + ${length} > ${all}`);
  }
}

/** @throws RangeError for more data than there are elements, and for anything but all bytes of a packed weight */
export function checkWrite({ dtype, length }: Elements, dataLength: number): void {
  if (isPackedType(dtype)) {
    const bytes = storageBytes(dtype, length);
    if (dataLength === bytes) return;
    throw new RangeError(`write: ${length} weights of ${dtype} are ${bytes} bytes: got ${dataLength}`);
  }
  if (dataLength > length)
    throw new RangeError(`write: data is longer than the storage: ${dataLength} > ${length}`);
}
