import type { Module } from '../nn/module.js';
import { LoraFactors } from './factors.js';

export interface ParameterCount {
  /** Number of elements of all parameters, adapters included. */
  readonly total: number;
  /** Number of elements of parameters that require a gradient. */
  readonly trainable: number;
  /** Number of elements of the model without its adapters. */
  readonly base: number;
  /** 100 · trainable / base: the trained share relative to the original model. */
  readonly trainablePercent: number;
}

/** Counts the parameters of a model, and those that are trained. */
export function countParameters(model: Module): ParameterCount {
  let total = 0;
  let trainable = 0;
  for (const parameter of model.parameters()) {
    total += parameter.length;
    if (parameter.requiresGrad) trainable += parameter.length;
  }
  let base = total;
  for (const [, module] of model.namedModules()) {
    if (!(module instanceof LoraFactors)) continue;
    for (const parameter of module.parameters()) base -= parameter.length;
  }
  return { total, trainable, base, trainablePercent: base === 0 ? 0 : (100 * trainable) / base };
}
