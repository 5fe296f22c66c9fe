/** Oracle: central differences in float64. */
import { describe, expect, it } from 'vitest';
import { noGrad } from '../../src/autograd/record.js';
import { elementCount, tensor } from '../../src/tensor.js';
import { reference } from '../support/devices.js';
import { type OpCase, opCases } from '../support/opCases.js';
import { cotangentOf, runOp } from '../support/runOp.js';

const EPSILON = 1e-5;
const RELATIVE_BOUND = 1e-6;
const MOST_INPUTS = 200;

function inputCount({ inputs }: OpCase): number {
  return Object.values(inputs).reduce((sum, { shape }) => sum + elementCount(shape), 0);
}

/** Σ out · cotangent, as a function of one input's element. */
async function objective(op: OpCase, name: string, index: number, shift: number): Promise<number> {
  const tensors = Object.fromEntries(
    Object.entries(op.inputs).map(([key, { shape, data }]) => {
      const values = data instanceof Int32Array ? data : Float64Array.from(data);
      if (key === name) values[index] += shift;
      return [key, tensor(reference, values, shape, data instanceof Int32Array ? 'i32' : 'f32')];
    }),
  );
  const out = noGrad(() => op.run(tensors, (value) => value));
  const values = await out.read();
  const cotangent = cotangentOf(values.length);
  for (const each of [...Object.values(tensors), out]) each.dispose();
  return Array.from(values).reduce((sum, value, i) => sum + value * cotangent[i], 0);
}

const small = opCases.filter((op) => inputCount(op) <= MOST_INPUTS);

describe('gradients against central differences', () => {
  it('has a small case of every op', () => {
    const ops = new Set(small.map(({ name }) => name.split(' ')[0]));
    expect([...new Set(opCases.map(({ name }) => name.split(' ')[0]))].filter((op) => !ops.has(op))).toEqual(
      [],
    );
  });

  it.each(small.map((op) => [op.name, op] as const))('%s', async (_, op) => {
    const results = await runOp(reference, op);
    for (const [name, { data }] of Object.entries(op.inputs)) {
      if (data instanceof Int32Array || op.frozen?.includes(name)) continue;
      const analytic = results.get(`d:${name}`) ?? [];
      expect(analytic.length).toBe(data.length);
      const numeric: number[] = [];
      for (let i = 0; i < data.length; i++) {
        const above = await objective(op, name, i, EPSILON);
        const below = await objective(op, name, i, -EPSILON);
        numeric.push((above - below) / (2 * EPSILON));
      }
      const largest = Math.max(...numeric.map(Math.abs));
      const error = Math.max(...numeric.map((value, i) => Math.abs(value - analytic[i])));
      expect(error, `d:${name}`).toBeLessThanOrEqual(RELATIVE_BOUND * largest);
    }
  });
});
