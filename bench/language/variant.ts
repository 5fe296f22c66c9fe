/** The measured variants of lowrank. */
import { PRECISIONS } from '../../src/nn/precision.js';

export { PRECISIONS };
export const BUILDS = ['simd', 'relaxed'] as const;

export interface Variant {
  readonly build: (typeof BUILDS)[number];
  readonly precision: (typeof PRECISIONS)[number];
}

/** Name of a variant in tables and goals. */
export function variantName({ build, precision }: Variant): string {
  return `lowrank ${build}, ${precision}`;
}
