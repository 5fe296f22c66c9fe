/** Which lowrank is measured. */
import type { LoadLanguageModelOptions } from '../../src/models/load.js';

export const BUILDS = ['simd', 'relaxed'] as const;
export const PRECISIONS = ['exact', 'fast'] as const;

export interface Variant {
  readonly build: (typeof BUILDS)[number];
  readonly precision: (typeof PRECISIONS)[number];
}

/** As it is called in tables and goals. */
export function variantName({ build, precision }: Variant): string {
  return `lowrank ${build}, ${precision}`;
}

/** `exact` is what every version computes; `fast` is refused, with a sentence, by one that does not know it. */
export function precisionOptions(precision: Variant['precision']): LoadLanguageModelOptions {
  return (precision === 'exact' ? {} : { precision }) as LoadLanguageModelOptions;
}
