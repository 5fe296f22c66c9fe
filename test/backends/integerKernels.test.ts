/** Integer products: as the reference rounds them, with the same bits for any number of threads, and near the exact product. */
import { describe, expect, it } from 'vitest';
import type { Backend } from '../../src/backends/backend.js';
import { packWeights } from '../../src/backends/packedWeights.js';
import { DeviceError } from '../../src/base/errors.js';
import { Random } from '../../src/base/random.js';
import { reference, wasm, wasmBuilds } from '../support/devices.js';
import { integerCases } from '../support/integerCases.js';
import { PACKED_TYPES, randomPacked } from '../support/packedCases.js';
import { problemsOf } from '../support/runKernel.js';
import { hasWebGpu, webgpu } from '../support/webgpuDevice.js';

type PackedType = (typeof PACKED_TYPES)[number];

interface Product {
  readonly dtype: PackedType;
  readonly bytes: Uint8Array;
  readonly a: Float32Array;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transB: boolean;
}

function product(dtype: PackedType, [m, k, n]: readonly [number, number, number], transB: boolean): Product {
  const random = new Random(m + k + n);
  const { bytes } = packWeights(randomPacked(random, dtype, k * n));
  return { dtype, bytes, a: Float32Array.from({ length: m * k }, () => random.normal()), m, k, n, transB };
}

async function multiplied(
  device: Backend,
  kernel: 'matmul' | 'integerMatmul',
  { dtype, bytes, a, m, k, n, transB }: Product,
  coarse = false,
) {
  const out = device.alloc('f32', m * n);
  const [left, right] = [device.alloc('f32', m * k), device.alloc(dtype, k * n, transB ? k : n)];
  device.write(left, a);
  device.write(right, bytes);
  const all = { out, a: left, b: right, m, k, n, transB };
  if (kernel === 'matmul') device.run('matmul', all);
  else device.run('integerMatmul', { ...all, coarse });
  const values = await device.read(out);
  for (const each of [out, left, right]) device.free(each);
  return values;
}

const rootMeanSquare = (values: ArrayLike<number>) =>
  Math.sqrt(Array.from(values).reduce((sum, value) => sum + value * value, 0) / values.length);

describe.each(wasmBuilds.map((build) => [build]))('wasm %s', (build) => {
  it.each(PACKED_TYPES.map((dtype) => [dtype]))('is the reference for %s', async (dtype) => {
    const device = await wasm(build);
    const cases = integerCases.filter(({ name }) => name.includes(`by ${dtype},`));
    expect(cases.length).toBeGreaterThan(20);
    expect(await problemsOf(device, cases)).toEqual([]);
  });
});

describe.each(PACKED_TYPES.map((dtype) => [dtype]))('%s', (dtype) => {
  it('gives the same bits with three threads', async () => {
    const [one, three] = [await wasm('simd', 1), await wasm('simd', 3)];
    const shapes = [
      [40, 576, 1003, true],
      [70, 403, 608, false],
      [1, 1056, 1003, true],
      [600, 96, 70, true],
    ] as const;
    for (const [m, k, n, transB] of shapes) {
      const each = product(dtype, [m, k, n], transB);
      const [first, second] = [
        await multiplied(one, 'integerMatmul', each),
        await multiplied(three, 'integerMatmul', each),
      ];
      expect(Buffer.from(first.buffer).equals(Buffer.from(second.buffer)), `${m}×${k}×${n}`).toBe(true);
    }
    three.dispose();
  });

  it.each([
    [true, false, 1e-6, 1e-4],
    [false, false, 1e-5, 5e-4],
    [true, true, 1e-3, 2e-2],
  ])(
    'with transB %s, coarse %s is off by %d to %d of the size of the output',
    async (transB, coarse, least, most) => {
      const each = product(dtype, [33, 576, 96], transB);
      const exact = await multiplied(reference, 'matmul', each);
      const rounded = await multiplied(await wasm('simd'), 'integerMatmul', each, coarse);
      const error = rootMeanSquare(exact.map((value, i) => value - rounded[i])) / rootMeanSquare(exact);
      expect(error).toBeLessThan(most);
      // For exact products it would be about 1e-7.
      expect(error).toBeGreaterThan(least);
    },
  );

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('passes %d on to its row, and to no other', async (odd) => {
    for (const device of [reference, await wasm('simd')])
      for (const [m, transB] of [
        [1, true],
        [6, true],
        [6, false],
      ] as const) {
        const each = product(dtype, [m, 64, 64], transB);
        each.a[70 % each.a.length] = odd;
        const values = await multiplied(device, 'integerMatmul', each);
        const isOdd = (row: number) =>
          values.subarray(row * 64, row * 64 + 64).every((x) => !Number.isFinite(x));
        expect(Array.from({ length: m }, (_, row) => isOdd(row))).toEqual(
          Array.from({ length: m }, (_, row) => row === (m === 1 ? 0 : 1)),
        );
      }
  });
});

it('accepts only the packed types', async () => {
  const device = await wasm('simd');
  const floats = device.alloc('f32', 32);
  const run = () => device.run('integerMatmul', { out: floats, a: floats, b: floats, m: 1, k: 32, n: 1 });
  expect(run).toThrow('integerMatmul: b must be q4 or q8 or q8x16: got f32');
});

it.runIf(hasWebGpu)('is refused by webgpu', async () => {
  const device = await webgpu();
  const [floats, b] = [device.alloc('f32', 32), device.alloc('q8', 32)];
  const run = () =>
    device.run('integerMatmul', { out: floats, a: floats, b, m: 1, k: 32, n: 1, transB: true });
  expect(run).toThrow(DeviceError);
  expect(run).toThrow('webgpu: integer products are not available');
});
