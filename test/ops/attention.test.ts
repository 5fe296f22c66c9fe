/** Oracle: attention as matrices in float64, with a mask of booleans and gradients by the rules for products. */
import { describe, expect, it } from 'vitest';
import type { Backend } from '../../src/backends/backend.js';
import { ReferenceBackend } from '../../src/backends/reference/index.js';
import { Random } from '../../src/base/random.js';
import { addResidual } from '../../src/ops/addResidual.js';
import { attention } from '../../src/ops/attention.js';
import { silu } from '../../src/ops/silu.js';
import { tensor } from '../../src/tensor.js';
import { PATTERN_NAMES, rangesOf } from '../support/attentionCases.js';
import { type AttentionInputs, type AttentionSizes, denseAttention } from '../support/denseAttention.js';
import { allDevices, reference } from '../support/devices.js';

const SIZES = { rows: 70, keys: 70, heads: 6, kvHeads: 2, dim: 12, scale: 1 / Math.sqrt(12) };

function inputsOf(sizes: AttentionSizes, pattern: string, size = 1): AttentionInputs {
  const { rows, keys, heads, kvHeads, dim } = sizes;
  const random = new Random(31);
  const normals = (length: number, factor = 1) =>
    Float32Array.from({ length }, () => factor * random.normal());
  return {
    q: normals(rows * heads * dim, size),
    k: normals(keys * kvHeads * dim),
    v: normals(keys * kvHeads * dim),
    dOut: normals(rows * heads * dim),
    ranges: rangesOf(pattern, rows, keys),
  };
}

/** The output and all gradients on a device. */
async function computed(device: Backend, inputs: AttentionInputs, sizes: AttentionSizes) {
  const { rows, keys, heads, kvHeads, dim } = sizes;
  const leaf = (data: ArrayLike<number>, length: number, count: number) => {
    const made = tensor(device, data, [length, count * dim]);
    made.requiresGrad = true;
    return made;
  };
  const q = leaf(inputs.q, rows, heads);
  const [k, v] = [inputs.k, inputs.v].map((data) => leaf(data, keys, kvHeads));
  const ranges = tensor(device, inputs.ranges, [rows, 4], 'i32');
  const out = attention(q, k, v, { ranges, heads, kvHeads });
  const values = await out.read();
  out.backward(tensor(device, inputs.dOut, [rows, heads * dim]));
  const [dQ, dK, dV] = await Promise.all([q, k, v].map(async ({ grad }) => (await grad?.read()) ?? []));
  return { out: values, dQ, dK, dV };
}

/** The largest difference, relative to the largest number that is expected. */
function errorOf(actual: ArrayLike<number>, expected: Float64Array): number {
  const largest = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const error = expected.reduce((most, x, i) => Math.max(most, Math.abs(actual[i] - x)), 0);
  return error === 0 ? 0 : error / largest;
}

describe.each(await allDevices())('attention on %s', (name, device) => {
  const isExact = name === 'reference';

  it.each(PATTERN_NAMES)('of %s rows is that of matrices, with its gradients', async (pattern) => {
    const inputs = inputsOf(SIZES, pattern);
    const actual = await computed(device, inputs, SIZES);
    for (const [key, expected] of Object.entries(denseAttention(inputs, SIZES))) {
      const error = errorOf(actual[key as keyof typeof actual], expected);
      expect(error, key).toBeLessThanOrEqual(isExact ? 1e-12 : 2e-6);
    }
  });

  it('of scores in the thousands stays finite and right', async () => {
    const inputs = inputsOf(SIZES, 'causal', 1000);
    const actual = await computed(device, inputs, SIZES);
    const { out } = denseAttention(inputs, SIZES);
    expect(errorOf(actual.out, out)).toBeLessThanOrEqual(isExact ? 1e-10 : 5e-3);
    for (const values of Object.values(actual)) expect(Array.from(values).every(Number.isFinite)).toBe(true);
  });

  it('gives 0 to rows that see nothing, and takes nothing from them', async () => {
    const inputs = inputsOf(SIZES, 'empty');
    for (const values of Object.values(await computed(device, inputs, SIZES)))
      expect(Array.from(values).every((value) => value === 0)).toBe(true);
    const padded = inputsOf(SIZES, 'padded');
    const { out, dQ } = await computed(device, padded, SIZES);
    for (const values of [out, dQ]) expect(Array.from(values.slice(-72)).every((x) => x === 0)).toBe(true);
  });

  it('reads one row over a cache, and nothing after what it sees', async () => {
    const { heads, kvHeads, dim } = SIZES;
    const whole = inputsOf(SIZES, 'causal');
    const { out } = denseAttention(whole, SIZES);
    const cache = (rows: ArrayLike<number>) => [...Array.from(rows), ...Array(50 * 24).fill(Number.NaN)];
    const [k, v] = [whole.k, whole.v].map((rows) => {
      const storage = device.alloc('f32', 120 * 24);
      device.write(storage, cache(rows));
      return storage;
    });
    const q = device.alloc('f32', heads * dim);
    device.write(q, Array.from(whole.q).slice(-heads * dim));
    const ranges = device.alloc('i32', 4);
    device.write(ranges, [0, 70, 0, 0]);
    const [row, stats] = [heads * dim, heads * 2].map((length) => device.alloc('f32', length));
    const sizes = { ...SIZES, rows: 1, keys: 120, kvHeads };
    device.run('attention', { out: row, stats, q, k, v, ranges, ...sizes });
    expect(errorOf(await device.read(row), out.slice(-heads * dim))).toBeLessThanOrEqual(2e-6);
  });
});

describe('attention', () => {
  const made = (rows: number, cols: number) => tensor(reference, new Float32Array(rows * cols), [rows, cols]);
  const ranges = tensor(reference, new Int32Array(12), [3, 4], 'i32');
  const [q, k] = [made(3, 8), made(5, 4)];

  it.each<[string, () => unknown]>([
    ['attention: heads must be a positive integer: got 0', () => attention(q, k, k, { ranges, heads: 0 })],
    [
      'attention: kvHeads must be a positive integer: got 1.5',
      () => attention(q, k, k, { ranges, heads: 2, kvHeads: 1.5 }),
    ],
    [
      'attention: heads must be a multiple of kvHeads: 4, 3',
      () => attention(q, k, k, { ranges, heads: 4, kvHeads: 3 }),
    ],
    ['attention: q must be [rows, 3 · dim]: got [3,8]', () => attention(q, k, k, { ranges, heads: 3 })],
    ['attention: k must be [5,8]: got [5,4]', () => attention(q, k, k, { ranges, heads: 2 })],
    [
      'attention: v must be [5,4]: got [4,4]',
      () => attention(q, k, made(4, 4), { ranges, heads: 2, kvHeads: 1 }),
    ],
    [
      'attention: ranges must be [5,4]: got [3,4]',
      () => attention(made(5, 8), k, k, { ranges, heads: 2, kvHeads: 1 }),
    ],
    ['attention: ranges must be i32: got f32', () => attention(q, k, k, { ranges: q, heads: 2, kvHeads: 1 })],
    [
      'attention: scale must be a finite number: got NaN',
      () => attention(q, k, k, { ranges, heads: 2, kvHeads: 1, scale: Number.NaN }),
    ],
    [
      'attention: unknown option "mask": the options are ranges, heads, kvHeads, scale',
      () => attention(q, k, k, { ranges, heads: 2, mask: 1 } as never),
    ],
  ])('refuses %s', (message, run) => {
    expect(run).toThrow(message);
  });

  it('keeps its output for the backward pass', () => {
    const x = made(3, 8);
    x.requiresGrad = true;
    const out = attention(x, k, k, { ranges, heads: 2, kvHeads: 1 });
    expect(() => addResidual(silu(x), out)).toThrow('something else reads it later');
  });

  it('computes only the gradients that are needed', () => {
    const device = new ReferenceBackend();
    const calls: string[] = [];
    const run = device.run.bind(device);
    device.run = (kernel, args) => {
      if (kernel.startsWith('attention'))
        calls.push([kernel, ...Object.keys(args).filter((name) => /^d[QKV]$/.test(name))].join(' '));
      run(kernel, args);
    };
    const callsFor = (...trained: string[]) => {
      const [a, b, c] = ['q', 'k', 'v'].map((name) => {
        const leaf = tensor(device, new Float32Array(24), [3, 8]);
        leaf.requiresGrad = trained.includes(name);
        return leaf;
      });
      const seen = tensor(device, new Int32Array(12), [3, 4], 'i32');
      calls.length = 0;
      attention(a, b, c, { ranges: seen, heads: 2 }).backward(tensor(device, new Float32Array(24), [3, 8]));
      return calls.slice(1);
    };
    expect(callsFor('v')).toEqual(['attentionKeysBackward dV']);
    expect(callsFor('q')).toEqual(['attentionDots', 'attentionQueriesBackward dQ']);
    expect(callsFor('k')).toEqual(['attentionDots', 'attentionKeysBackward dK']);
    expect(callsFor('q', 'k', 'v')).toEqual([
      'attentionDots',
      'attentionQueriesBackward dQ',
      'attentionKeysBackward dK dV',
    ]);
  });
});
