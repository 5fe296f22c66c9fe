import type { Module } from '../nn/module.js';
import { LoraFactors } from './factors.js';

export interface ParameterCount {
  /** Numbers in all parameters, adapters included. */
  readonly total: number;
  /** Numbers in parameters that require a gradient. */
  readonly trainable: number;
  /** Numbers in the model without its adapters. */
  readonly base: number;
  /** 100 · trainable / base: how much is trained, measured by the original model. */
  readonly trainablePercent: number;
}

/** Counts what a model has, and what of it is trained. */
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
