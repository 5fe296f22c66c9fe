/** Oracle: PyTorch in float64, from make_fixtures.py. */
import { describe, expect, it } from 'vitest';
import { add } from '../../src/ops/add.js';
import { addLowRank } from '../../src/ops/addLowRank.js';
import { attention } from '../../src/ops/attention.js';
import { crossEntropy } from '../../src/ops/crossEntropy.js';
import { linear } from '../../src/ops/linear.js';
import { linearCrossEntropy } from '../../src/ops/linearCrossEntropy.js';
import { loraWeight } from '../../src/ops/loraWeight.js';
import { matmul } from '../../src/ops/matmul.js';
import { mul } from '../../src/ops/mul.js';
import { relu } from '../../src/ops/relu.js';
import { rmsNorm } from '../../src/ops/rmsNorm.js';
import { rope } from '../../src/ops/rope.js';
import { siluMul } from '../../src/ops/siluMul.js';
import { type Tensor, tensor } from '../../src/tensor.js';
import { allDevices } from '../support/devices.js';
import { layers, relativeError } from './fixtures.js';
import type { LayerCase, LayerOp } from './generator.js';

type Inputs = Record<string, Tensor>;

const RUN: Record<LayerOp, (inputs: Inputs, attributes: LayerCase['attributes']) => Tensor> = {
  linear: ({ x, weight, bias }) => linear(x, weight, bias),
  matmul: ({ a, b }, { transA = false, transB = false }) => matmul(a, b, { transA, transB }),
  addBias: ({ x, bias }) => add(x, bias),
  mul: ({ a, b }) => mul(a, b),
  relu: ({ x }) => relu(x),
  crossEntropy: ({ logits, targets }) => crossEntropy(logits, targets),
  linearCrossEntropy: ({ hidden, weight, rows, targets, scale }) =>
    linearCrossEntropy(hidden, weight, { rows, targets, scale }),
  attention: ({ q, k, v, ranges }, { heads = Number.NaN, kvHeads }) =>
    attention(q, k, v, { ranges, heads, kvHeads }),
  loraLinear: ({ x, weight, bias, loraA, loraB }, { scaling = Number.NaN }) =>
    addLowRank(linear(x, weight, bias), x, { loraA, loraB, scaling }),
  loraParametrization: ({ weight, loraA, loraB }, { scaling = Number.NaN }) =>
    loraWeight(weight, loraA, loraB, scaling),
  rmsNorm: ({ x, weight }, { eps = Number.NaN }) => rmsNorm(x, weight, eps),
  siluMul: ({ gate, up }) => siluMul(gate, up),
  rope: ({ x, cos, sin, positions }, { heads = Number.NaN }) => rope(x, { cos, sin, positions, heads }),
  network: (inputs) => crossEntropy(networkLogits(inputs), inputs.targets),
};

function networkLogits(inputs: Inputs): Tensor {
  const hidden = linear(inputs.x, inputs['linear1.weight'], inputs['linear1.bias']);
  return relu(linear(hidden, inputs['linear2.weight'], inputs['linear2.bias']));
}

/** `dLoraA` is the gradient of `loraA`, `d:linear1.weight` that of `linear1.weight`. */
function inputOf(gradient: string): string {
  if (gradient.startsWith('d:')) return gradient.slice(2);
  return gradient[1].toLowerCase() + gradient.slice(2);
}

/** Inputs of whole numbers. */
const INTEGERS = new Set(['targets', 'ranges', 'positions', 'rows']);

const isGradient = (name: string) => /^d(:|[A-Z])/.test(name);

describe.each(await allDevices())('layers on %s against PyTorch', (name, device) => {
  const bound = name === 'reference' ? 1e-12 : 2e-6;

  it.each(layers.cases.map((each) => [each.name, each] as const))(
    '%s',
    async (_, { op, inputs, attributes, expected }) => {
      const tensors = Object.fromEntries(
        Object.entries(inputs).map(([key, { shape, data }]) => [
          key,
          tensor(device, data, shape, INTEGERS.has(key) ? 'i32' : 'f32'),
        ]),
      );
      const { dOut, ...operands } = tensors;
      for (const key of Object.keys(expected)) {
        if (isGradient(key)) operands[inputOf(key)].requiresGrad = true;
      }
      const out = RUN[op](operands, attributes);
      const checked: string[] = [];
      for (const [key, value] of Object.entries(expected)) {
        if (isGradient(key)) continue;
        const actual = op === 'network' && key === 'logits' ? networkLogits(operands) : out;
        expect(relativeError(await actual.read(), value), key).toBeLessThanOrEqual(bound);
        checked.push(key);
      }
      out.backward(dOut);
      for (const [key, value] of Object.entries(expected)) {
        if (!isGradient(key)) continue;
        const { grad } = operands[inputOf(key)];
        expect(relativeError((await grad?.read()) ?? [], value), key).toBeLessThanOrEqual(bound);
        checked.push(key);
      }
      expect(checked.length).toBe(Object.keys(expected).length);
    },
  );
});
