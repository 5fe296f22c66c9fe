/** Oracles: rows computed by hand; the sum over labels in float64 loops; and the op itself, cut or typed otherwise. */
import { describe, expect, it, vi } from 'vitest';
import { noGrad } from '../../src/autograd/record.js';
import type { Backend } from '../../src/backends/backend.js';
import { isPackedType } from '../../src/backends/elementTypes.js';
import { packWeights } from '../../src/backends/packedWeights.js';
import { Random } from '../../src/base/random.js';
import {
  type LinearCrossEntropyOptions,
  linearCrossEntropy,
  linearCrossEntropyInChunks,
} from '../../src/ops/linearCrossEntropy.js';
import { silu } from '../../src/ops/silu.js';
import { packedParameter, parameter, type Shape, Tensor, tensor, zeros } from '../../src/tensor.js';
import { allDevices, reference, wasm } from '../support/devices.js';
import { toHalves } from '../support/kernelCases.js';
import { PACKED_TYPES, randomPacked } from '../support/packedCases.js';

/** What the loss is of, as plain numbers. */
interface Problem {
  readonly tokens: number;
  readonly width: number;
  readonly vocabulary: number;
  readonly hidden: ArrayLike<number>;
  readonly weight: ArrayLike<number>;
  readonly rows: readonly number[];
  readonly targets: readonly number[];
  readonly scale: number;
}

function problem(tokens: number, width: number, vocabulary: number, labels: number): Problem {
  const random = new Random(tokens * width + labels);
  const normals = (length: number, factor = 1) =>
    Float32Array.from({ length }, () => factor * random.normal());
  const below = (limit: number) => Math.floor(random.uniform() * limit);
  const each = (of: (i: number) => number) => Array.from({ length: labels }, (_, i) => of(i));
  return {
    tokens,
    width,
    vocabulary,
    hidden: normals(tokens * width),
    weight: normals(vocabulary * width, 2 / Math.sqrt(width)),
    rows: each((i) => (i % 7 === 3 ? -1 : below(tokens))),
    targets: each((i) => (i % 7 === 3 ? -1 : below(vocabulary))),
    scale: 2 ** -6,
  };
}

/** The definition, label by label, in float64. */
function expected({ tokens, width, vocabulary, hidden, weight, rows, targets, scale }: Problem) {
  const dHidden = new Float64Array(tokens * width);
  let loss = 0;
  for (const [i, target] of targets.entries()) {
    if (target < 0) continue;
    const logits = Array.from({ length: vocabulary }, (_, v) => {
      let sum = 0;
      for (let c = 0; c < width; c++) sum += hidden[rows[i] * width + c] * weight[v * width + c];
      return sum;
    });
    const sum = logits.reduce((total, z) => total + Math.exp(z), 0);
    loss += scale * (Math.log(sum) - logits[target]);
    for (const [v, z] of logits.entries()) {
      const d = scale * (Math.exp(z) / sum - (v === target ? 1 : 0));
      for (let c = 0; c < width; c++) dHidden[rows[i] * width + c] += d * weight[v * width + c];
    }
  }
  return { loss, dHidden };
}

const lists = (device: Backend, { rows, targets, scale }: Pick<Problem, 'rows' | 'targets' | 'scale'>) => ({
  rows: tensor(device, rows, [rows.length], 'i32'),
  targets: tensor(device, targets, [targets.length], 'i32'),
  scale: tensor(device, [scale], [1]),
});

/** Loss and gradient, of a weight that may be of another type. */
async function computed(device: Backend, of: Problem, chunkRows = 64, head?: Tensor) {
  const { tokens, width, vocabulary } = of;
  const hidden = parameter(device, of.hidden, [tokens, width]);
  hidden.requiresGrad = true;
  const weight = head ?? tensor(device, of.weight, [vocabulary, width]);
  const loss = linearCrossEntropyInChunks(hidden, weight, lists(device, of), chunkRows);
  expect(loss.shape).toEqual([]);
  const value = await loss.item();
  loss.backward();
  return { loss: value, dHidden: (await hidden.grad?.read()) ?? [] };
}

/** The largest difference, relative to the largest number that is expected. */
function errorOf(actual: ArrayLike<number>, right: ArrayLike<number>): number {
  const largest = Array.from(right).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  expect(actual.length).toBe(right.length);
  return Array.from(right).reduce((most, x, i) => Math.max(most, Math.abs(actual[i] - x)), 0) / largest;
}

/** A frozen weight of a type, and the f32 numbers that it stands for. */
async function typedWeight(
  device: Backend,
  dtype: 'bf16' | 'f16' | (typeof PACKED_TYPES)[number],
  [rows, cols]: Shape,
) {
  const random = new Random(9);
  const shape = [rows, cols];
  if (isPackedType(dtype)) {
    const { bytes } = packWeights(randomPacked(random, dtype, rows * cols));
    const weight = packedParameter(device, dtype, bytes, shape);
    return { weight, numbers: await weight.read() };
  }
  const numbers = Float32Array.from({ length: rows * cols }, () => random.normal() / 4);
  const storage = device.alloc(dtype, numbers.length);
  device.write(storage, toHalves(dtype, numbers));
  const weight = new Tensor(device, storage, shape).own();
  return { weight, numbers: await weight.read() };
}

describe.each(await allDevices())('linearCrossEntropy on %s', (name, device) => {
  const bound = name === 'reference' ? 1e-12 : 2e-6;

  it('of three tokens is what the hand computes', async () => {
    // Logits 0, 0, 0; ln 2, 0, 0; ln 3, ln 2, 0: the probabilities 1/3, 1/3, 1/3; 1/2, 1/4, 1/4; 1/2, 1/3, 1/6.
    const { loss, dHidden } = await computed(device, {
      tokens: 3,
      width: 2,
      vocabulary: 3,
      hidden: [0, 0, Math.LN2, 0, Math.log(3), Math.LN2],
      weight: [1, 0, 0, 1, 0, 0],
      rows: [0, 1, 2],
      targets: [2, 0, 1],
      scale: 0.5,
    });
    expect(loss).toBeCloseTo(0.5 * (2 * Math.log(3) + Math.LN2), 6);
    const gradient = [1 / 3, 1 / 3, -1 / 2, 1 / 4, 1 / 2, -2 / 3].map((d) => d / 2);
    expect(errorOf(dHidden, gradient)).toBeLessThan(1e-6);
  });

  it.each([
    [9, 8, 5, 3],
    [5, 3, 1000, 64],
    [40, 48, 255, 200],
  ])('of %d tokens × %d → %d, %d labels, is the sum over the labels', async (...sizes) => {
    const given = problem(...sizes);
    const right = expected(given);
    const { loss, dHidden } = await computed(device, given);
    expect(errorOf([loss], [right.loss])).toBeLessThanOrEqual(bound);
    expect(errorOf(dHidden, right.dHidden)).toBeLessThanOrEqual(bound);
  });

  it('does not depend on how many rows are taken at a time', async () => {
    const given = problem(40, 48, 255, 200);
    const [first, ...others] = await Promise.all(
      [64, 128, 192, 256].map((rows) => computed(device, given, rows)),
    );
    for (const other of others) {
      expect(errorOf([other.loss], [first.loss])).toBeLessThanOrEqual(1e-6);
      expect(errorOf(other.dHidden, first.dHidden)).toBeLessThanOrEqual(1e-6);
    }
  });

  it.each(['bf16', 'f16', ...PACKED_TYPES] as const)(
    'takes a weight of %s as the same numbers in f32',
    async (dtype) => {
      const given = problem(11, 64, 133, 70);
      const { weight, numbers } = await typedWeight(device, dtype, [133, 64]);
      const right = await computed(device, { ...given, weight: numbers });
      const { loss, dHidden } = await computed(device, given, 64, weight);
      expect(errorOf([loss], [right.loss])).toBeLessThanOrEqual(bound);
      expect(errorOf(dHidden, right.dHidden)).toBeLessThanOrEqual(bound);
    },
  );

  it('adds nothing for a target below 0, whatever its row', async () => {
    const given = problem(4, 3, 5, 6);
    const filled = {
      ...given,
      rows: [...given.rows, -1, 4, 2, -7],
      targets: [...given.targets, -1, -1, -100, -(2 ** 31)],
    };
    expect(await computed(device, filled)).toEqual(await computed(device, given));
    const none = await computed(device, { ...given, targets: given.targets.map(() => -1) });
    expect(none.loss).toBe(0);
    expect(Array.from(none.dHidden)).toEqual(new Array(12).fill(0));
  });

  it.each([
    ['a target beyond the vocabulary', { targets: [1, 5] }],
    ['a row that there is not', { rows: [0, 4] }],
  ])('makes the loss NaN for %s', async (_, wrong) => {
    const given = { ...problem(4, 3, 5, 2), rows: [0, 1], targets: [1, 2], ...wrong };
    expect((await computed(device, given)).loss).toBeNaN();
  });

  it('is finite and right where logits are huge', async () => {
    const { loss, dHidden } = await computed(device, {
      ...problem(2, 1, 3, 2),
      hidden: [1e4, -1e4],
      weight: [1, 0, -1],
      rows: [0, 1],
      targets: [2, 2],
      scale: 0.5,
    });
    expect(loss).toBe(1e4);
    expect(Array.from(dHidden, (d) => d + 0)).toEqual([1, 0]);
  });

  it('passes on its gradient to what made the hidden rows, times that of the loss', async () => {
    const given = problem(5, 3, 7, 9);
    const x = parameter(device, given.hidden, [5, 3]);
    x.requiresGrad = true;
    const weight = tensor(device, given.weight, [7, 3]);
    const gradients = [];
    for (const factor of [1, -2]) {
      const loss = linearCrossEntropy(silu(x), weight, lists(device, given));
      loss.backward(tensor(device, [factor], []));
      gradients.push(Array.from((await x.grad?.read()) ?? []));
    }
    // The second is added to the first.
    expect(gradients[1]).toEqual(gradients[0].map((d) => 0 - d));
    expect(gradients[0].some((d) => d !== 0)).toBe(true);
  });
});

describe('linearCrossEntropy', () => {
  const given = problem(6, 4, 9, 300);
  const hiddenOf = (device: Backend, isTrained: boolean) => {
    const hidden = parameter(device, given.hidden, [6, 4]);
    hidden.requiresGrad = isTrained;
    return hidden;
  };
  const weight = tensor(reference, given.weight, [9, 4]);

  it.each([
    ['hidden is frozen', false, <T>(body: () => T) => body()],
    ['there is no graph', true, noGrad],
  ])('does no work for gradients where %s', (_, isTrained, inside) => {
    const run = vi.spyOn(reference, 'run');
    const loss = inside(() =>
      linearCrossEntropy(hiddenOf(reference, isTrained), weight, lists(reference, given)),
    );
    const called = run.mock.calls.map(([kernel]) => kernel);
    run.mockRestore();
    expect(loss.requiresGrad).toBe(false);
    expect([...new Set(called)]).toEqual(['take', 'matmul', 'vocabularyLoss', 'sumRows']);
    expect(called.filter((kernel) => kernel === 'matmul')).toHaveLength(3);
  });

  it('has logits of 128 rows, once for all labels, and gives back all but what backward needs', () => {
    const hidden = hiddenOf(reference, true);
    const options = lists(reference, given);
    const before = reference.memory().liveStorages;
    const alloc = vi.spyOn(reference, 'alloc');
    const loss = linearCrossEntropy(hidden, weight, options);
    const lengths = alloc.mock.calls.map(([, length]) => length);
    alloc.mockRestore();
    expect(lengths).toEqual([1, 6 * 4, 128 * 4, 128 * 9, 128]);
    expect(reference.memory().liveStorages).toBe(before + 2);
    loss.backward();
    loss.dispose();
    hidden.zeroGrad();
    // The gradient of hidden.
    expect(reference.memory().liveStorages).toBe(before + 1);
  });

  it('gives the same bits with one thread and with several', async () => {
    const large = problem(50, 64, 2051, 200);
    for (const dtype of [undefined, 'q8'] as const) {
      const results = [];
      for (const threads of [1, 2, 3]) {
        const device = await wasm('simd', threads);
        const head = dtype && (await typedWeight(device, dtype, [2051, 64])).weight;
        results.push(await computed(device, large, 128, head));
        device.dispose();
      }
      for (const result of results) expect(result).toEqual(results[0]);
    }
  });

  const integers = (length: number) => tensor(reference, new Int32Array(length), [length], 'i32');
  const zero = (...shape: number[]) => zeros(reference, shape);
  const trained = parameter(reference, new Float32Array(36), [9, 4]);
  trained.requiresGrad = true;
  const call = (over: { hidden?: Tensor; weight?: Tensor } & Partial<LinearCrossEntropyOptions>) => () => {
    const { hidden = zero(6, 4), weight: head = weight, ...rest } = over;
    return linearCrossEntropy(hidden, head, {
      rows: integers(3),
      targets: integers(3),
      scale: zero(1),
      ...rest,
    });
  };

  it.each<[string, () => unknown]>([
    ['linearCrossEntropy: hidden must be a matrix: got [24]', call({ hidden: zero(24) })],
    ['linearCrossEntropy: weight must be [9,5]: got [9,4]', call({ hidden: zero(6, 5) })],
    ['linearCrossEntropy: weight must be a matrix: got [4]', call({ weight: zero(4) })],
    ['linearCrossEntropy: rows must be i32: got f32', call({ rows: zero(3) })],
    ['linearCrossEntropy: targets must be i32: got f32', call({ targets: zero(3) })],
    ['linearCrossEntropy: targets must be [3]: got [4]', call({ targets: integers(4) })],
    ['linearCrossEntropy: there are no labels', call({ rows: integers(0), targets: integers(0) })],
    ['linearCrossEntropy: scale must have one element: got [2]', call({ scale: zero(2) })],
    ['linearCrossEntropy: scale must be f32: got i32', call({ scale: integers(1) })],
    [
      'linearCrossEntropy: weight must be frozen, it gets no gradient: [9,4] is trained',
      call({ weight: trained }),
    ],
    [
      'linearCrossEntropy: unknown option "labels": the options are rows, targets, scale',
      call({ labels: integers(3) } as never),
    ],
  ])('refuses: %s', (message, refused) => {
    expect(refused).toThrow(message);
  });

  it('measures with a trained weight outside of a graph', async () => {
    const loss = noGrad(call({ weight: trained, scale: tensor(reference, [1 / 3], []) }));
    expect(await (loss as Tensor).item()).toBeCloseTo(Math.log(9), 12);
  });
});
