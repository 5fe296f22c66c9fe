/** Installs an adapter on a model: what `applyLora`, `loadAdapter` and `addWeightedAdapter` have in common. */

import { Random } from '../base/random.js';
import type { Module } from '../nn/module.js';
import { magnitudeOf } from '../ops/doraScale.js';
import { Adaptation, findAdaptation, LoraAdapter, setAdaptation } from './adaptation.js';
import type { AdaptedLayer } from './adaptedLayer.js';
import { baseParameter } from './baseParameter.js';
import { type ResolvedLoraConfig, scalingOf } from './config.js';
import { LoraFactors } from './factors.js';
import {
  beginsWithWeight,
  drawnFactors,
  embeddingFactors,
  type FactorValues,
  factorsOfWeight,
} from './initialFactors.js';
import { SwitchedParameter } from './switchedParameter.js';
import type { Target, WholeParameter } from './targets.js';

/** @throws RangeError for a name that is taken or that PEFT could not have */
export function checkName(model: Module, name: string): void {
  if (!/^[\w-]+$/.test(name))
    throw new RangeError(`applyLora: adapter names may contain only letters, digits, _ and -: ${name}`);
  const adaptation = findAdaptation(model);
  if (adaptation?.adapters.has(name)) throw new RangeError(`applyLora: adapter ${name} exists already`);
  adaptation?.checkUnmerged('adapters');
}

/** The initial values of a target's factors. @throws RangeError where the init does not suit it */
export function initialValues(
  target: Target,
  config: ResolvedLoraConfig,
  random: Random,
): FactorValues | Promise<FactorValues> {
  const { module, rank, alpha, inFeatures, outFeatures } = target;
  const { init, useRslora } = config;
  const shape = { rank, inFeatures, outFeatures };
  // As in PEFT, whatever the init.
  if (target.kind.takesIndices) return embeddingFactors(shape, random);
  if (!beginsWithWeight(init)) return drawnFactors(shape, init, random);
  if (rank > Math.min(inFeatures, outFeatures)) {
    throw new RangeError(
      `applyLora: init ${init} requires a rank of at most ${Math.min(inFeatures, outFeatures)}: ${rank}`,
    );
  }
  const weight = target.adapted?.baseWeight ?? baseParameter(module, 'weight');
  const scaling = scalingOf(rank, alpha, useRslora);
  return factorsOfWeight(weight, shape, init, scaling, random);
}

/** The parts of an adapter, ready to be put on a model. */
export interface AdapterParts {
  readonly targets: readonly Target[];
  /** The initial values of each target's factors; undefined where they are about to be written. */
  readonly values: readonly (FactorValues | undefined)[];
  readonly whole: readonly WholeParameter[];
}

/** Puts an adapter on a model. From here on only device allocation can fail. */
export function install(
  model: Module,
  name: string,
  config: ResolvedLoraConfig,
  { targets, values, whole }: AdapterParts,
): LoraAdapter {
  const before = findAdaptation(model);
  const adaptation = before ?? new Adaptation(model);
  if (!before) {
    model.requiresGrad(false);
    setAdaptation(model, adaptation);
  }
  for (const [i, target] of targets.entries()) {
    const layer = adaptation.layers.get(target.path) ?? adapt(target, config);
    adaptation.layers.set(target.path, layer);
    layer.adapters[name] = factorsFor(layer, target, config, values[i], i);
  }
  for (const { path, module, field } of whole) {
    const switched = adaptation.switched.get(path) ?? new SwitchedParameter(module, field);
    adaptation.switched.set(path, switched);
    switched.add(name);
  }
  const adapter = new LoraAdapter(model, name, config, adaptation);
  adaptation.adapters.set(name, adapter);
  if (adaptation.adapters.size === 1) adaptation.activate([name]);
  else for (const parameter of adapter.parameters()) parameter.requiresGrad = false;
  return adapter;
}

function adapt(target: Target, { method }: ResolvedLoraConfig): AdaptedLayer {
  if (method === 'parametrization' && target.parametrize) return target.parametrize();
  const wrapper = target.wrap();
  wrapper.train(target.module.training);
  target.parent?.replaceChild(target.name, wrapper);
  return wrapper;
}

function factorsFor(
  layer: AdaptedLayer,
  { rank, alpha }: Target,
  config: ResolvedLoraConfig,
  values: FactorValues | undefined,
  i: number,
): LoraFactors {
  const { useRslora, useDora, loraBias, init, seed } = config;
  const { inFeatures, outFeatures, baseWeight, columns } = layer;
  const { takesIndices } = layer.kind;
  const factors = new LoraFactors(baseWeight.device, {
    rank,
    alpha,
    inFeatures,
    outFeatures,
    useRslora,
    values,
    // PEFT applies no dropout to the indices of an embedding, and gives it no bias.
    dropout: takesIndices ? 0 : config.dropout,
    loraBias: loraBias && !takesIndices,
    fromWeight: beginsWithWeight(init),
    seed: new Random(seed).split(`dropout ${i}`).seed,
  });
  if (useDora) {
    factors.magnitude = magnitudeOf({ weight: baseWeight, updates: factors.products, columns });
  }
  return factors.train(layer.training);
}
