/** Oracle: PyTorch's optimizers in float32, from make_fixtures.py. */
import { describe, expect, it } from 'vitest';
import { mul } from '../../src/ops/mul.js';
import { Adam, AdamW } from '../../src/optim/adam.js';
import type { Optimizer } from '../../src/optim/optimizer.js';
import { SGD } from '../../src/optim/sgd.js';
import { type Parameter, parameter, tensor } from '../../src/tensor.js';
import { allDevices } from '../support/devices.js';
import { optimizers, relativeError } from './fixtures.js';
import type { OptimizerCase } from './generator.js';

const MAKE: Record<OptimizerCase['optimizer'], (p: Parameter[], o: OptimizerCase['options']) => Optimizer> = {
  adam: (parameters, options) => new Adam(parameters, options),
  adamW: (parameters, options) => new AdamW(parameters, options),
  sgd: (parameters, options) => new SGD(parameters, options),
};

/** Gives a parameter this gradient through the graph: d(p · g)/dp = g. */
function setGradient(target: Parameter, gradient: readonly number[]): void {
  const { device, shape } = target;
  const factor = tensor(device, gradient, shape);
  const ones = tensor(device, new Float32Array(gradient.length).fill(1), shape);
  mul(target, factor).backward(ones);
  factor.dispose();
  ones.dispose();
}

describe.each(await allDevices())('optimizers on %s against PyTorch', (_, device) => {
  it.each(optimizers.cases.map((each) => [each.name, each] as const))('%s', async (__, each) => {
    const parameters = optimizers.parameters.map(({ shape, data }) => parameter(device, data, shape));
    const optimizer = MAKE[each.optimizer](parameters, each.options);
    const compared: number[] = [];
    for (const [step, gradients] of optimizers.gradients.entries()) {
      optimizer.zeroGrad();
      for (const [i, { data }] of gradients.entries()) setGradient(parameters[i], data);
      optimizer.step();
      const expected = each.expected.find((at) => at.step === step + 1);
      if (!expected) continue;
      for (const [i, value] of expected.parameters.entries()) {
        expect(relativeError(await parameters[i].read(), value), `step ${step + 1}`).toBeLessThanOrEqual(
          1e-6,
        );
      }
      compared.push(step + 1);
    }
    expect(compared).toEqual([1, 2, 10]);
    optimizer.dispose();
    for (const each of parameters) each.dispose();
  });
});
