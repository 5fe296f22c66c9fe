/**
 * The form of a case of the kernel table, and of its inputs. It knows the Backend interface, but not kernels or the test
 * runner.
 */
import type { Backend, DType, Storage } from '../../src/backends/backend.js';
import type { Random } from '../../src/base/random.js';

/** 64 roundings of float32. */
const TOLERANCE = 64 * 2 ** -24;
const SMALLEST_NORMAL = 2 ** -126;

/**
 * Contents of a storage before the call: values, or a number of elements whose contents must not matter (NaN).
 */
export interface Input {
  readonly dtype: DType;
  readonly data: ArrayLike<number>;
  /** Number of packed weights in a row; absent where all are in one row. */
  readonly rowLength?: number;
  /** Compared with the reference after the call. */
  readonly isOutput: boolean;
}

type Inputs = Readonly<Record<string, Input>>;
export type Arrays = Readonly<Record<string, ArrayLike<number>>>;
export type Storages = Readonly<Record<string, Storage>>;

export interface KernelCase {
  readonly name: string;
  inputs(random: Random): Inputs;
  /** `scalar` passes on each number that has a sign: itself, or its absolute value. */
  run(backend: Backend, storages: Storages, scalar: (value: number) => number): void;
  /**
   * The magnitude per element of each output, of which the error may be {@link TOLERANCE}. Left out: what the
   * reference gives for the absolute values of all inputs and scalars, which is the sum of the magnitudes of
   * all terms.
   */
  readonly magnitude?: (before: Arrays, expected: Arrays) => Record<string, ArrayLike<number>>;
}

/** The largest error allowed, per element. Integers are exact. */
export function errorBound(dtype: DType, magnitude: number): number {
  return dtype === 'f32' ? TOLERANCE * Math.abs(magnitude) + SMALLEST_NORMAL : 0;
}

export const input = (data: ArrayLike<number>, dtype: DType = 'f32'): Input => ({
  dtype,
  data,
  isOutput: false,
});
export const inOut = (data: ArrayLike<number>, dtype: DType = 'f32'): Input => ({
  dtype,
  data,
  isOutput: true,
});
export const output = (length: number, dtype: DType = 'f32'): Input =>
  inOut(new Float64Array(length).fill(dtype === 'f32' ? Number.NaN : 99), dtype);

/** Normal numbers that float32 holds exactly. */
export const normals = (random: Random, length: number, scale = 1): Float32Array =>
  Float32Array.from({ length }, () => scale * random.normal());
export const integers = (random: Random, length: number, below: number): Int32Array =>
  Int32Array.from({ length }, () => Math.floor(random.uniform() * below));

export const LENGTHS = [0, 1, 2, 3, 4, 5, 7, 12, 15, 16, 17, 1000, 4099] as const;
export const ROWS_COLS = [
  [1, 1],
  [1, 10],
  [3, 2],
  [10, 10],
  [10, 3],
  [7, 17],
  [10, 128],
  [2, 784],
  [33, 63],
  [600, 5],
] as const;
