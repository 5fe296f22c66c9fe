/**
 * The numbers of the types of tensors and of metadata in a GGUF file. Blocks lie along a tensor's first dimension,
 * `in`; a block holds a fixed number of weights in a fixed number of bytes.
 * @see https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */

export type GgufFloatType = 'F32' | 'F16' | 'BF16';
export type GgufBlockType = 'Q4_0' | 'Q4_1' | 'Q5_0' | 'Q5_1' | 'Q8_0' | 'Q4_K' | 'Q5_K' | 'Q6_K';
export type GgufType = GgufFloatType | GgufBlockType;

export interface TypeLayout {
  /** The type's number in a file. */
  readonly id: number;
  /** Number of weights of a block. */
  readonly weights: number;
  /** Number of bytes of a block. */
  readonly bytes: number;
}

/** The supported types for reading and writing. */
export const TENSOR_TYPES: Readonly<Record<GgufType, TypeLayout>> = {
  F32: { id: 0, weights: 1, bytes: 4 },
  F16: { id: 1, weights: 1, bytes: 2 },
  BF16: { id: 30, weights: 1, bytes: 2 },
  Q4_0: { id: 2, weights: 32, bytes: 18 },
  Q4_1: { id: 3, weights: 32, bytes: 20 },
  Q5_0: { id: 6, weights: 32, bytes: 22 },
  Q5_1: { id: 7, weights: 32, bytes: 24 },
  Q8_0: { id: 8, weights: 32, bytes: 34 },
  Q4_K: { id: 12, weights: 256, bytes: 144 },
  Q5_K: { id: 13, weights: 256, bytes: 176 },
  Q6_K: { id: 14, weights: 256, bytes: 210 },
};

const TYPE_BY_ID: ReadonlyMap<number, GgufType> = new Map(
  Object.entries(TENSOR_TYPES).map(([name, { id }]) => [id, name as GgufType]),
);

/** Names of types that are not supported here, for errors. */
const UNREAD_TYPES: ReadonlyMap<number, string> = new Map([
  [4, 'Q4_2'],
  [5, 'Q4_3'],
  [9, 'Q8_1'],
  [10, 'Q2_K'],
  [11, 'Q3_K'],
  [15, 'Q8_K'],
  [16, 'IQ2_XXS'],
  [17, 'IQ2_XS'],
  [18, 'IQ3_XXS'],
  [19, 'IQ1_S'],
  [20, 'IQ4_NL'],
  [21, 'IQ3_S'],
  [22, 'IQ2_S'],
  [23, 'IQ4_XS'],
  [24, 'I8'],
  [25, 'I16'],
  [26, 'I32'],
  [27, 'I64'],
  [28, 'F64'],
  [29, 'IQ1_M'],
  [31, 'Q4_0_4_4'],
  [32, 'Q4_0_4_8'],
  [33, 'Q4_0_8_8'],
  [34, 'TQ1_0'],
  [35, 'TQ2_0'],
  [36, 'IQ4_NL_4_4'],
  [37, 'IQ4_NL_4_8'],
  [38, 'IQ4_NL_8_8'],
  [39, 'MXFP4'],
  [40, 'NVFP4'],
  [41, 'Q1_0'],
]);

export function typeOf(id: number): GgufType | undefined {
  return TYPE_BY_ID.get(id);
}

/** The name and number of an unsupported type, for an error: `Q2_K (10)`. */
export function describeType(id: number): string {
  const name = UNREAD_TYPES.get(id);
  return name === undefined ? `${id}` : `${name} (${id})`;
}

export type GgufNumberType = 'u8' | 'i8' | 'u16' | 'i16' | 'u32' | 'i32' | 'f32' | 'f64';
export type GgufScalarType = GgufNumberType | 'u64' | 'i64' | 'bool' | 'string';

/** The types of metadata, each at the index of its number. */
export const VALUE_TYPES: readonly (GgufScalarType | 'array')[] = [
  ...([
    'u8',
    'i8',
    'u16',
    'i16',
    'u32',
    'i32',
    'f32',
    'bool',
    'string',
    'array',
    'u64',
    'i64',
    'f64',
  ] as const),
];

/** Bytes of one value; for a string, those of its length, which is the minimum. */
export const VALUE_BYTES: Readonly<Record<GgufScalarType, number>> = {
  ...{ u8: 1, i8: 1, u16: 2, i16: 2, u32: 4, i32: 4, f32: 4, f64: 8 },
  ...{ u64: 8, i64: 8, bool: 1, string: 8 },
};

export const MAGIC = 0x46554747;
/** Alignment of tensors where `general.alignment` is not given. */
export const DEFAULT_ALIGNMENT = 32;
export const MAX_DIMENSIONS = 4;
/** Maximum bytes of a key, as the format defines it. */
export const MAX_KEY_BYTES = 2 ** 16 - 1;

/** Whether a file may align its tensors to this many bytes: the format requires multiples of 8, ggml powers of two. */
export function isAlignment(value: unknown): value is number {
  return typeof value === 'number' && value >= 8 && value < 2 ** 32 && Number.isInteger(Math.log2(value));
}

/** The next multiple of the alignment. */
export function aligned(position: number, alignment: number): number {
  return Math.ceil(position / alignment) * alignment;
}

/** Bytes of a tensor, or the rule that its shape breaks. */
export function byteLengthOf(type: GgufType, shape: readonly number[]): number | string {
  const { weights, bytes } = TENSOR_TYPES[type];
  // An empty dimension must not hide an overflow of the others.
  const elements = shape.reduce((product, size) => product * Math.max(size, 1), 1);
  if (!Number.isSafeInteger(elements * bytes)) return 'size overflows';
  if ((shape.at(-1) ?? 1) % weights !== 0) return `last dimension must be a multiple of ${weights}`;
  return shape.includes(0) ? 0 : (elements / weights) * bytes;
}
