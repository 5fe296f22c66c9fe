import { Linear } from '../nn/linear.js';
import { type Module, modelParts } from '../nn/module.js';
import { changing } from '../nn/use.js';
import { magnitudeOf } from '../ops/doraScale.js';
import { Random } from '../random.js';
import { Adaptation, findAdaptation, LoraAdapter, setAdaptation } from './adaptation.js';
import type { AdaptedLayer } from './adaptedLayer.js';
import { baseParameter } from './baseParameter.js';
import { type LoraConfig, type ResolvedLoraConfig, resolveConfig, scalingOf } from './config.js';
import { LoraFactors } from './factors.js';
import {
  beginsWithWeight,
  drawnFactors,
  embeddingFactors,
  type FactorValues,
  factorsOfWeight,
} from './initialFactors.js';
import { LoraEmbedding } from './loraEmbedding.js';
import { LoraLinear } from './loraLinear.js';
import { LoraParametrization } from './loraParametrization.js';
import { SwitchedParameter } from './switchedParameter.js';
import { findTargets, sizesOf, type Target, type WholeParameter, wholeParameters } from './targets.js';

/**
 * Freezes `model` and adapts the chosen modules, in place: `y = x Wᵀ + b + s (x Aᵀ) Bᵀ` with s = alpha / rank, A
 * `[rank, inFeatures]` drawn from `seed` and B `[outFeatures, rank]` zero, or as `config.init` says. Only A, B and what
 * else the config names require gradients afterwards. The first adapter of a model is active; one that is added to
 * others waits, frozen, for `setActiveAdapters`.
 * @param name  of the adapter, for models with several
 * An `evaluate`, or another change, that has begun before ends first.
 * @throws RangeError when nothing matches, the rank exceeds both sizes of a layer, the options do not go together or
 *   there is an adapter of this name already; Error while `fit` or `withAdapterDisabled` uses the model; the model is
 *   unchanged then
 * @see https://arxiv.org/abs/2106.09685 and PEFT's LoraConfig
 */
export async function applyLora(
  model: Module,
  config: LoraConfig = {},
  name = 'default',
): Promise<LoraAdapter> {
  const resolved = resolveConfig(config);
  return changing('applyLora', modelParts(model), () => {
    checkName(model, name);
    const targets = findTargets(model, resolved);
    const whole = wholeParameters(model, resolved, targets);
    const random = new Random(resolved.seed).split('lora');
    const drawn = targets.map((target) => initialValues(target, resolved, random));
    const finish = (values: readonly FactorValues[]) =>
      install(model, name, resolved, { targets, values, whole });
    // Nothing is waited for where no weight is read: the model is adapted before the call returns.
    return drawn.every(isDrawn) ? finish(drawn) : Promise.all(drawn).then(finish);
  });
}

function isDrawn(values: FactorValues | Promise<FactorValues>): values is FactorValues {
  return !(values instanceof Promise);
}

/** @throws RangeError for a name that is taken or that PEFT could not have */
export function checkName(model: Module, name: string): void {
  if (!/^[\w-]+$/.test(name))
    throw new RangeError(`applyLora: a name has letters, digits, _ and - alone: ${name}`);
  const adaptation = findAdaptation(model);
  if (adaptation?.adapters.has(name)) throw new RangeError(`applyLora: there is an adapter ${name} already`);
  adaptation?.checkUnmerged('adapters');
}

/** What the factors of a target begin with. @throws RangeError where the init does not suit it */
export function initialValues(
  target: Target,
  config: ResolvedLoraConfig,
  random: Random,
): FactorValues | Promise<FactorValues> {
  const { module, rank, alpha } = target;
  const { init, useRslora } = config;
  const [inFeatures, outFeatures] = sizesOf(module);
  const shape = { rank, inFeatures, outFeatures };
  // As in PEFT, whatever the init.
  if (!(module instanceof Linear)) return embeddingFactors(shape, random);
  if (!beginsWithWeight(init)) return drawnFactors(shape, init, random);
  if (rank > Math.min(inFeatures, outFeatures)) {
    throw new RangeError(
      `applyLora: init ${init} wants a rank of at most ${Math.min(inFeatures, outFeatures)}: ${rank}`,
    );
  }
  const weight = target.adapted?.baseWeight ?? baseParameter(module, 'weight');
  const scaling = scalingOf(rank, alpha, useRslora);
  return weight.read().then((values) => factorsOfWeight(values, shape, init, scaling));
}

/** What an adapter consists of, ready to be put on a model. */
export interface AdapterParts {
  readonly targets: readonly Target[];
  /** Of the factors of each target. */
  readonly values: readonly FactorValues[];
  readonly whole: readonly WholeParameter[];
}

/** Puts an adapter on a model. Nothing can fail any more but the device's memory. */
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
    const layer = adaptation.layers.get(target.path) ?? wrap(target, config);
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

function wrap({ module, parent, name }: Target, { method }: ResolvedLoraConfig): AdaptedLayer {
  if (method === 'parametrization' && module instanceof Linear) return LoraParametrization.register(module);
  const wrapper = module instanceof Linear ? new LoraLinear(module) : new LoraEmbedding(module);
  wrapper.train(module.training);
  parent?.replaceChild(name, wrapper);
  return wrapper;
}

function factorsFor(
  layer: AdaptedLayer,
  { rank, alpha }: Target,
  config: ResolvedLoraConfig,
  values: FactorValues,
  i: number,
): LoraFactors {
  const { useRslora, useDora, loraBias, init, seed } = config;
  const { inFeatures, outFeatures, baseWeight } = layer;
  const isLinear = !(layer instanceof LoraEmbedding);
  const factors = new LoraFactors(baseWeight.device, {
    rank,
    alpha,
    inFeatures,
    outFeatures,
    useRslora,
    values,
    // PEFT leaves the indices of an embedding alone, and gives it no bias.
    dropout: isLinear ? config.dropout : 0,
    loraBias: isLinear && loraBias,
    fromWeight: beginsWithWeight(init),
    seed: new Random(seed).split(`dropout ${i}`).seed,
  });
  if (useDora) {
    const columns = layer instanceof LoraEmbedding ? layer.columns : undefined;
    factors.magnitude = magnitudeOf({ weight: baseWeight, updates: factors.updates, columns });
  }
  return factors.train(layer.training);
}
