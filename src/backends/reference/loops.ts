/** Types and helpers of all kernels' loops. */
import type { ArgumentsOf, KERNELS, KernelName } from '../kernels.js';

/** The elements of a storage; float64 where the other backends have f32. */
export type Numbers = Float64Array | Int32Array | Uint8Array;

export type Reference = {
  readonly [Name in KernelName]: (args: ArgumentsOf<(typeof KERNELS)[Name], Numbers>) => void;
};

/** `beta * out[i]`, which reads nothing where beta is 0. */
export function scaled(beta: number, out: Numbers, i: number): number {
  return beta === 0 ? 0 : beta * out[i];
}
