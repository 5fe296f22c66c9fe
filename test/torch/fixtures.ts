/** Reads the fixtures. */
import { readFileSync } from 'node:fs';
import type { CurvesFixture, FixtureTensor, LayersFixture, OptimizersFixture } from './generator.js';

function readJson(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8'));
}

// The shapes are those that make_fixtures.py writes.
export const layers = readJson('layers') as LayersFixture;
export const optimizers = readJson('optimizers') as OptimizersFixture;
export const curves = readJson('curves') as CurvesFixture;

/** The largest |actual − expected|, relative to the largest |expected|, so that exact zeros count too. */
export function relativeError(actual: ArrayLike<number>, { data }: Pick<FixtureTensor, 'data'>): number {
  if (actual.length !== data.length) return Number.POSITIVE_INFINITY;
  const largest = Math.max(...data.map(Math.abs), Number.MIN_VALUE);
  return Math.max(...data.map((value, i) => Math.abs(actual[i] - value))) / largest;
}
