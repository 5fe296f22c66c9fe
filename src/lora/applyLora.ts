import { Random } from '../base/random.js';
import { type Module, modelParts } from '../nn/module.js';
import { changing } from '../nn/use.js';
import type { LoraAdapter } from './adaptation.js';
import { type LoraConfig, resolveConfig } from './config.js';
import type { FactorValues } from './initialFactors.js';
import { checkName, initialValues, install } from './install.js';
import { findTargets, wholeParameters } from './targets.js';

/**
 * Freezes `model` and adapts the chosen modules, in place: `y = x Wᵀ + b + s (x Aᵀ) Bᵀ` with s = alpha / rank, A
 * `[rank, inFeatures]` drawn from `seed` and B `[outFeatures, rank]` zero, or as `config.init` says. Afterwards only A, B and what
 * else the config names require gradients. The first adapter of a model is active; one that is added to
 * others waits, frozen, for `setActiveAdapters`. The call waits for an `evaluate`, or another change, that has already begun.
 * @param name  name of the adapter, for models with several
 * @throws RangeError when nothing matches, the rank exceeds both sizes of a layer, the options cannot be combined or
 *   an adapter of this name exists already; Error while `fit` or `withAdapterDisabled` uses the model; the model is
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
    // Where no weight is read, there is nothing to wait for: the model is adapted before the call returns.
    return drawn.every(isDrawn) ? finish(drawn) : Promise.all(drawn).then(finish);
  });
}

function isDrawn(values: FactorValues | Promise<FactorValues>): values is FactorValues {
  return !(values instanceof Promise);
}
