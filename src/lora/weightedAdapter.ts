/** A new adapter from several others. */

import { checkOptions, type OptionNames } from '../base/options.js';
import { type Module, modelParts } from '../nn/module.js';
import { changing } from '../nn/use.js';
import { type Adaptation, adaptationOf, type LoraAdapter } from './adaptation.js';
import type { ResolvedLoraConfig } from './config.js';
import type { LoraFactors } from './factors.js';
import { type FactorShape, type FactorValues, lowRankApproximation } from './initialFactors.js';
import { checkName, install } from './install.js';
import { exactPattern } from './matching.js';
import { findTargets } from './targets.js';

export interface WeightedAdapterOptions {
  readonly adapters: readonly string[];
  /** Weights, one for each adapter; negative ones subtract. */
  readonly weights: readonly number[];
  /**
   * `linear` adds the factors themselves, which must have one rank in each layer: cheap and rough. `cat` sets them side by side: exact,
   * and the ranks add up. `svd` is the best approximation of the sum of the updates in a given rank. Default `svd`.
   */
  readonly combination?: 'linear' | 'cat' | 'svd';
  /** Rank for `svd`. Default: the largest of the adapters' ranks. */
  readonly rank?: number;
}

const NAMES: OptionNames<WeightedAdapterOptions> = {
  adapters: true,
  weights: true,
  combination: true,
  rank: true,
};

/** One adapter's factors in a layer, on the host, with w s for its weight w and its scaling s. */
interface Part extends FactorValues {
  readonly rank: number;
  readonly weight: number;
}

/**
 * Adds an adapter whose update is Σ wᵢ sᵢ BᵢAᵢ over other adapters of the model: `linear` A = Σ ±√|wᵢsᵢ| Aᵢ and
 * B = Σ √|wᵢsᵢ| Bᵢ; `cat` A = [wᵢsᵢAᵢ …], B = [Bᵢ …]; `svd` B A the nearest matrix of a rank. Its alpha is its rank.
 * @throws RangeError for names, weights or ranks that do not fit, and for adapters with DoRA, biases or whole modules; Error
 *   while `fit` or `withAdapterDisabled` uses the model
 * @see https://huggingface.co/docs/peft/package_reference/lora (`add_weighted_adapter`)
 */
export async function addWeightedAdapter(
  model: Module,
  name: string,
  given: WeightedAdapterOptions,
): Promise<LoraAdapter> {
  checkOptions('addWeightedAdapter', given, NAMES);
  // The caller's arrays may change while the factors are read.
  const options = { ...given, adapters: [...given.adapters], weights: [...given.weights] };
  return changing('addWeightedAdapter', modelParts(model), () => combined(model, name, options));
}

async function combined(model: Module, name: string, options: WeightedAdapterOptions): Promise<LoraAdapter> {
  const adaptation = adaptationOf(model, 'addWeightedAdapter');
  checkName(model, name);
  checkCombination(options);
  const sources = sourcesOf(adaptation, options);
  const paths = [...adaptation.layers.keys()].filter((path) =>
    sources.some(({ factors }) => factors.has(path)),
  );
  const rank = combinedRank(sources, options);
  const ranks = paths.map((path) => [path, combinedRankAt(sources, path, rank, options)] as const);
  const patterns = new Map(
    ranks.filter(([, own]) => own !== rank).map(([path, own]) => [exactPattern(path), own]),
  );
  const config: ResolvedLoraConfig = {
    ...sources[0].config,
    targetModules: paths,
    excludeModules: [],
    rank,
    alpha: rank,
    rankPattern: patterns,
    alphaPattern: patterns,
    useRslora: false,
    init: 'kaiming',
  };
  const chosen = findTargets(model, config, false).filter(({ path }) => paths.includes(path));
  const values: FactorValues[] = [];
  const targets = [];
  for (const target of chosen) {
    const layer = adaptation.layers.get(target.path);
    if (!layer) continue;
    const parts = await factorPartsOf(sources, target.path, options.weights);
    targets.push(target);
    values.push(
      combine(
        parts,
        { rank: target.rank, inFeatures: layer.inFeatures, outFeatures: layer.outFeatures },
        options,
      ),
    );
  }
  return install(model, name, config, { targets, values, whole: [] });
}

function checkCombination({ combination = 'svd', rank = 1, weights }: WeightedAdapterOptions): void {
  if (!['linear', 'cat', 'svd'].includes(combination)) {
    throw new RangeError(`addWeightedAdapter: combination must be one of linear, cat, svd: ${combination}`);
  }
  if (!Number.isInteger(rank) || rank < 1) {
    throw new RangeError(`addWeightedAdapter: rank must be a positive integer: ${rank}`);
  }
  if (weights.length > 0 && weights.every((weight) => weight === 0)) {
    throw new RangeError(`addWeightedAdapter: weights must not all be 0: ${weights.join(', ')}`);
  }
}

function sourcesOf(adaptation: Adaptation, { adapters, weights }: WeightedAdapterOptions): LoraAdapter[] {
  if (adapters.length === 0 || adapters.length !== weights.length) {
    throw new RangeError(
      `addWeightedAdapter: ${adapters.length} adapters require the same number of weights: ${weights.length}`,
    );
  }
  const bad = weights.find((weight) => !Number.isFinite(weight));
  if (bad !== undefined) throw new RangeError(`addWeightedAdapter: weights must be finite: ${bad}`);
  const sources = adapters.map((each) => adaptation.adapter(each, 'addWeightedAdapter'));
  for (const { name, factors, copies } of sources) {
    const isPlain = [...factors.values()].every(
      ({ magnitude, loraBias, initial }) => !magnitude && !loraBias && !initial,
    );
    if (!isPlain || copies.size > 0) {
      throw new RangeError(
        `addWeightedAdapter: ${name} is more than A and B: DoRA, biases, whole modules or pissa and olora`,
      );
    }
  }
  return sources;
}

function combinedRank(sources: readonly LoraAdapter[], options: WeightedAdapterOptions): number {
  const { combination = 'svd', rank } = options;
  const ranks = sources.map(({ factors }) => Math.max(...Array.from(factors.values(), (each) => each.rank)));
  if (combination === 'cat') return ranks.reduce((sum, each) => sum + each, 0);
  if (combination === 'svd') return rank ?? Math.max(...ranks);
  return ranks[0];
}

/** The rank in a layer: `linear` keeps the rank that its adapters have there. */
function combinedRankAt(
  sources: readonly LoraAdapter[],
  path: string,
  rank: number,
  { combination }: WeightedAdapterOptions,
): number {
  if (combination !== 'linear') return rank;
  const all = new Set(sources.flatMap(({ factors }) => factors.get(path)?.rank ?? []));
  if (all.size === 1) return [...all][0];
  throw new RangeError(`addWeightedAdapter: linear requires one rank in ${path}: ${[...all].join(', ')}`);
}

async function factorPartsOf(
  sources: readonly LoraAdapter[],
  path: string,
  weights: readonly number[],
): Promise<Part[]> {
  const parts: Part[] = [];
  for (const [i, { factors }] of sources.entries()) {
    const found: LoraFactors | undefined = factors.get(path);
    if (!found) continue;
    const [a, b] = [await found.loraA.read(), await found.loraB.read()];
    parts.push({
      a: Float32Array.from(a),
      b: Float32Array.from(b),
      rank: found.rank,
      weight: weights[i] * found.scaling,
    });
  }
  return parts;
}

function combine(parts: readonly Part[], shape: FactorShape, options: WeightedAdapterOptions): FactorValues {
  const { rank, inFeatures, outFeatures } = shape;
  const { combination = 'svd' } = options;
  if (combination === 'svd') return lowRankApproximation(sumOfUpdates(parts, shape), shape);
  const a = new Float32Array(rank * inFeatures);
  const b = new Float32Array(outFeatures * rank);
  let first = 0;
  for (const part of parts) {
    const root = Math.sqrt(Math.abs(part.weight));
    const [inA, inB] = combination === 'cat' ? [part.weight, 1] : [Math.sign(part.weight) * root, root];
    for (let r = 0; r < part.rank; r++) {
      for (let c = 0; c < inFeatures; c++)
        a[(first + r) * inFeatures + c] += inA * part.a[r * inFeatures + c];
      for (let o = 0; o < outFeatures; o++) b[o * rank + first + r] += inB * part.b[o * part.rank + r];
    }
    if (combination === 'cat') first += part.rank;
  }
  return { a, b };
}

/** Σ w s B A, [outFeatures, inFeatures]. */
function sumOfUpdates(parts: readonly Part[], { inFeatures, outFeatures }: FactorShape): Float64Array {
  const sum = new Float64Array(outFeatures * inFeatures);
  for (const { a, b, rank, weight } of parts) {
    for (let o = 0; o < outFeatures; o++) {
      for (let r = 0; r < rank; r++) {
        const factor = weight * b[o * rank + r];
        for (let c = 0; c < inFeatures; c++) sum[o * inFeatures + c] += factor * a[r * inFeatures + c];
      }
    }
  }
  return sum;
}
