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
    expect(availableVariants(ALL, {}, () => 'node')).toEqual({ variants: ALL, leftOut: [] });
  });

  it('says once of each build and precision why it is missing', () => {
    expect(availableVariants(ALL, { fast: 'unknown option' }, onlySimd)).toEqual({
      variants: [ALL[0]],
      leftOut: ['lowrank relaxed: no Node', 'lowrank fast: unknown option'],
    });
  });

  it('says nothing of what was not asked for', () => {
    expect(availableVariants([ALL[0]], { fast: 'unknown option' }, onlySimd)).toEqual({
      variants: [ALL[0]],
      leftOut: [],
    });
  });
});
