import type { Module } from '../nn/module.js';
import type { Parameter } from '../tensor.js';

/** Parameters with a learning rate of their own, for an optimizer. */
export interface LoraPlusGroup {
  readonly parameters: readonly Parameter[];
  readonly learningRate: number;
}

/**
 * LoRA+: B learns `ratio` times as fast as everything else that trains.
 * @param learningRate  of A, biases and the rest
 * @param ratio         the paper suggests 16; default 16
 * @throws RangeError for a ratio that is not above 0
 * @see https://arxiv.org/abs/2402.12354
 */
export function loraPlusGroups(model: Module, learningRate: number, ratio = 16): LoraPlusGroup[] {
  if (!(ratio > 0 && Number.isFinite(ratio)))
    throw new RangeError(`loraPlusGroups: ratio must be above 0: ${ratio}`);
  const isB = (name: string) => /(^|\.)loraB$/.test(name);
  const trained = [...model.namedParameters()].filter(([, { requiresGrad }]) => requiresGrad);
  const group = (fast: boolean) =>
    trained.filter(([name]) => isB(name) === fast).map(([, parameter]) => parameter);
  return [
    { parameters: group(false), learningRate },
    { parameters: group(true), learningRate: ratio * learningRate },
  ].filter(({ parameters }) => parameters.length > 0);
}
