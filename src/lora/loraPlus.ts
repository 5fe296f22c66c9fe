import type { Module } from '../nn/module.js';
import type { Parameter } from '../tensor.js';

/** Parameters with a learning rate of their own, for an optimizer. */
export interface LoraPlusGroup {
  readonly parameters: readonly Parameter[];
  readonly learningRate: number;
}

/**
 * LoRA+: B, and every parameter of one dimension such as a bias, learns `ratio` times as fast as everything else that
 * trains. That is PEFT's grouping, but that PEFT gives the factors of an Embedding a rate of their own.
 * @param learningRate  of A and the rest
 * @param ratio         the paper suggests 16; default 16
 * @throws RangeError for a ratio that is not above 0
 * @see https://arxiv.org/abs/2402.12354
 */
export function loraPlusGroups(model: Module, learningRate: number, ratio = 16): LoraPlusGroup[] {
  if (!(ratio > 0 && Number.isFinite(ratio)))
    throw new RangeError(`loraPlusGroups: ratio must be above 0: ${ratio}`);
  const isFast = (name: string, { shape }: Parameter) => /(^|\.)loraB$/.test(name) || shape.length === 1;
  const trained = [...model.namedParameters()].filter(([, { requiresGrad }]) => requiresGrad);
  const group = (fast: boolean) =>
    trained.filter(([name, each]) => isFast(name, each) === fast).map(([, parameter]) => parameter);
  return [
    { parameters: group(false), learningRate },
    { parameters: group(true), learningRate: ratio * learningRate },
  ].filter(({ parameters }) => parameters.length > 0);
}
