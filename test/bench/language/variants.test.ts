import { describe, expect, it } from 'vitest';
import type { Variant } from '../../../bench/language/variant.js';
import { availableVariants } from '../../../bench/language/variants.js';

const ALL: Variant[] = [
  { build: 'simd', precision: 'exact' },
  { build: 'simd', precision: 'fast' },
  { build: 'relaxed', precision: 'exact' },
  { build: 'relaxed', precision: 'fast' },
];

const onlySimd = (build: string) => {
  if (build !== 'simd') throw new Error('no Node');
};

describe('availableVariants', () => {
  it('has all where nothing is missing', () => {
    expect(availableVariants(ALL, () => 'node')).toEqual({ variants: ALL, leftOut: [] });
  });

  it('says once of a build why it is missing', () => {
    expect(availableVariants(ALL, onlySimd)).toEqual({
      variants: ALL.slice(0, 2),
      leftOut: ['lowrank relaxed: no Node'],
    });
  });

  it('says nothing of what was not asked for', () => {
    expect(availableVariants([ALL[1]], onlySimd)).toEqual({ variants: [ALL[1]], leftOut: [] });
  });
});
