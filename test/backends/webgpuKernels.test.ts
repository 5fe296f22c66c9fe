/** Oracle: the reference device, for every kernel on WebGPU, with the bound of the kernel table. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DType, Storage } from '../../src/backends/backend.js';
import type { WebGpuBackend } from '../../src/backends/webgpu/index.js';
import { always } from '../../src/backends/webgpu/matmulPlan.js';
import type { Random } from '../../src/base/random.js';
import { casesOf, type Input, type KernelCase, kernelNames } from '../support/kernelCases.js';
import { inputsOf, problemsOf, runKernel } from '../support/runKernel.js';
import { hasWebGpu, webgpu } from '../support/webgpuDevice.js';

/**
 * Additional tolerance of exp and log on top of the table's bound. WGSL lets exp(x) be wrong by 3 + 2|x| units in
 * the last place, where the compiled kernels are within two.
 * @see https://www.w3.org/TR/WGSL/#concrete-float-accuracy
 */
const slackOf = ({ name }: KernelCase) =>
  /^(softmaxCrossEntropy|vocabularyLoss|attention)/.test(name) ? 8 : 1;

/** Number of cases, evenly spread, with the first and the last: a software adapter takes long for all, and all are compared once. */
function some<T>(cases: readonly T[], most: number): T[] {
  const count = Math.min(most, cases.length);
  return Array.from(
    { length: count },
    (_, i) => cases[Math.round((i * (cases.length - 1)) / Math.max(1, count - 1))],
  );
}

/** Cases of a kernel that are run more than once: all for most kernels, for attention those that differ most. */
const someOf = (name: string) => some(casesOf(name), name.startsWith('attention') ? 12 : 40);

/** At and around the edges of a tile of 64×64 and a step of 16, in every transposition. */
const TILE_EDGES = [
  [63, 15, 65],
  [64, 16, 64],
  [65, 17, 63],
  [1, 47, 65],
  [65, 32, 1],
  [130, 1, 67],
] as const;

const tileCases = TILE_EDGES.flatMap(([m, k, n]) =>
  [0, 1, 2, 3].map((bits): KernelCase => {
    const [transA, transB] = [bits >= 2, bits % 2 === 1];
    const made = (length: number, random: Random, isOutput = false): Input => {
      return { dtype: 'f32', isOutput, data: Float32Array.from({ length }, () => random.normal()) };
    };
    return {
      name: `matmul ${m}x${k}x${n} ${transA ? 'T' : 'N'}${transB ? 'T' : 'N'}`,
      inputs: (random) => ({
        a: made(m * k, random),
        b: made(k * n, random),
        bias: made(n, random),
        out: made(m * n, random, true),
      }),
      run: (backend, { out, a, b, bias }, scalar) =>
        backend.run('matmul', {
          out,
          a,
          b,
          m,
          k,
          n,
          transA,
          transB,
          alpha: scalar(0.5),
          beta: scalar(-2),
          bias,
        }),
    };
  }),
);

/** Cases of the table that the sharing kernels compute in a bearable time on a software adapter. */
const shapeOf = ({ name }: KernelCase) => name.split(' ')[1].split('x').map(Number);
const fewBlocks = casesOf('matmul').filter((kernel) => {
  const [m, , n] = shapeOf(kernel);
  return Math.ceil(m / 4) * Math.ceil(n / 4) <= 80;
});
const fewTiles = casesOf('matmul').filter((kernel) => {
  const [m, k, n] = shapeOf(kernel);
  return Math.ceil(m / 64) * Math.ceil(n / 64) * k <= 320;
});

async function expectParity(device: WebGpuBackend, cases: readonly KernelCase[]): Promise<void> {
  expect(cases.length).toBeGreaterThan(0);
  expect(await problemsOf(device, cases, slackOf)).toEqual([]);
}

async function expectSameBits(device: WebGpuBackend, cases: readonly KernelCase[]): Promise<void> {
  expect(cases.length).toBeGreaterThan(0);
  for (const kernel of cases) {
    const first = await runKernel(device, kernel, inputsOf(kernel));
    expect(await runKernel(device, kernel, inputsOf(kernel)), kernel.name).toEqual(first);
  }
}

describe.runIf(hasWebGpu)('kernels on webgpu', () => {
  let device: WebGpuBackend;
  beforeAll(async () => {
    device = await webgpu();
  });
  afterAll(() => device.dispose());

  it.each(kernelNames)('%s', (name) => expectParity(device, casesOf(name)));

  it('gives the same bits again', async () => {
    const names = kernelNames.filter((name) => name !== 'matmul');
    await expectSameBits(
      device,
      names.flatMap((name) => some(casesOf(name), 12)),
    );
  });
});

describe.runIf(hasWebGpu)('kernels on webgpu in grids of three workgroups across', () => {
  let device: WebGpuBackend;
  beforeAll(async () => {
    device = await webgpu({ maxGroups: 3 });
  });
  afterAll(() => device.dispose());

  it.each(kernelNames.filter((name) => name !== 'matmul'))('%s', (name) =>
    expectParity(device, someOf(name)),
  );
});

describe.runIf(hasWebGpu).each(['block', 'thin', 'tile'] as const)('matmul on webgpu by %s', (plan) => {
  let device: WebGpuBackend;
  beforeAll(async () => {
    device = await webgpu({ matmul: always[plan], maxGroups: plan === 'thin' ? 7 : 2 });
  });
  afterAll(() => device.dispose());

  it('at the edges of tiles', () => expectParity(device, tileCases));

  it('in the shapes of the table', () =>
    expectParity(device, some({ block: casesOf('matmul'), thin: fewBlocks, tile: fewTiles }[plan], 150)));

  it('keeps NaN to the row and the column that it stands in', async () => {
    const [m, k, n] = [5, 17, 6];
    const at = (rows: number, cols: number, row: number, col: number) =>
      Float32Array.from({ length: rows * cols }, (_, i) => (i === row * cols + col ? Number.NaN : 1));
    const storages = [at(m, k, 2, 0), at(k, n, 0, 3), at(m, n, 0, 0)].map((data) => {
      const storage = device.alloc('f32', data.length);
      device.write(storage, data);
      return storage;
    });
    const [a, b, out] = storages;
    device.run('matmul', { out, a, b, m, k, n });
    const expected = Array.from({ length: m * n }, (_, i) =>
      Math.floor(i / n) === 2 || i % n === 3 ? Number.NaN : k,
    );
    expect(Array.from(await device.read(out))).toEqual(expected);
    for (const storage of storages) device.free(storage);
  });

  it('the same bits again', async () => {
    // Every shape in one transposition, and every transposition.
    await expectSameBits(
      device,
      tileCases.filter((_, i) => i % 4 === Math.floor(i / 4) % 4),
    );
  });
});

describe.runIf(hasWebGpu)('odd values on webgpu', () => {
  let device: WebGpuBackend;
  beforeAll(async () => {
    device = await webgpu();
  });
  afterAll(() => device.dispose());

  const storage = (data: readonly number[], dtype: DType = 'f32'): Storage => {
    const made = device.alloc(dtype, data.length);
    device.write(made, data);
    return made;
  };
  const values = async (of: Storage) => Array.from(await device.read(of));
  const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

  async function crossEntropy(logits: readonly number[], targets: readonly number[]) {
    const [loss, dLogits] = [device.alloc('f32', 1), device.alloc('f32', logits.length)];
    const rows = targets.length;
    const [x, t] = [storage(logits), storage(targets, 'i32')];
    device.run('softmaxCrossEntropy', {
      loss,
      dLogits,
      logits: x,
      targets: t,
      rows,
      cols: logits.length / rows,
    });
    return { loss: (await values(loss))[0], dLogits: await values(dLogits) };
  }

  it('relu keeps NaN, and gradients stop there', async () => {
    const x = [nan, -1, 2, 0, -0, infinity, -infinity, 1e-40];
    const out = device.alloc('f32', 8);
    device.run('relu', { out, x: storage(x) });
    expect(await values(out)).toEqual([nan, 0, 2, 0, 0, infinity, 0, Math.fround(1e-40)]);
    device.run('reluBackward', { dX: out, x: storage(x), dOut: storage([1, 2, 3, 4, 5, 6, 7, 8]) });
    expect(await values(out)).toEqual([0, 0, 3, 0, 0, 6, 0, 8]);
  });

  it('the loss of huge logits is finite, of −infinity is probability 0', async () => {
    expect(await crossEntropy([1e4, -1e4, 0], [0])).toEqual({ loss: 0, dLogits: [0, 0, 0] });
    const wrong = await crossEntropy([1e4, -1e4, 0, 1e4, -1e4, 0], [1, 1]);
    expect(wrong).toEqual({ loss: 2e4, dLogits: [0.5, -0.5, 0, 0.5, -0.5, 0] });
    const { loss, dLogits } = await crossEntropy([1, -infinity, 1], [0]);
    expect(loss).toBeCloseTo(Math.LN2, 6);
    expect(dLogits).toEqual([-0.5, 0, 0.5]);
  });

  it.each([-1, 3, 1 << 30])('the loss is NaN for the target %d of 3 classes', async (target) => {
    const { loss, dLogits } = await crossEntropy([1, 2, 3, 4, 5, 6], [1, target]);
    expect(loss).toBeNaN();
    expect(dLogits.slice(0, 3).every(Number.isFinite)).toBe(true);
    expect(dLogits.slice(3)).toEqual([nan, nan, nan]);
  });

  it.each([nan, infinity])('the loss is NaN where a logit is %d', async (value) => {
    expect(await crossEntropy([1, value, 3], [0])).toEqual({ loss: nan, dLogits: [nan, nan, nan] });
  });

  it('NaN is never the largest logit, but where it comes first', async () => {
    const count = async (logits: readonly number[], target: number) => {
      const counts = storage([0, 0, 0, 0, 0, 0], 'i32');
      device.run('countWrong', {
        counts,
        logits: storage(logits),
        targets: storage([target], 'i32'),
        rows: 1,
        cols: 3,
      });
      return values(counts);
    };
    expect(await count([2, 5, 5], 1)).toEqual([0, 1, 0, 0, 0, 0]);
    expect(await count([2, 5, 5], 2)).toEqual([0, 0, 1, 0, 0, 1]);
    expect(await count([nan, 1, 2], 0)).toEqual([1, 0, 0, 1, 0, 0]);
    expect(await count([nan, 1, 2], 2)).toEqual([0, 0, 1, 0, 0, 1]);
    expect(await count([1, nan, 0], 1)).toEqual([0, 1, 0, 0, 1, 0]);
    expect(await count([1, nan, 0], 0)).toEqual([1, 0, 0, 0, 0, 0]);
    expect(await count([1, 2, 3], 3)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('products without rows or columns do nothing, without k they are the bias', async () => {
    const [none, some] = [device.alloc('f32', 0), storage([1, 2, 3, 4, 5, 6])];
    device.run('matmul', { out: none, a: none, b: some, m: 0, k: 2, n: 3 });
    device.run('matmul', { out: none, a: some, b: none, m: 3, k: 2, n: 0, transA: true });
    expect(await values(none)).toEqual([]);
    device.run('matmul', { out: some, a: none, b: none, m: 2, k: 0, n: 3, bias: storage([7, 8, 9]) });
    expect(await values(some)).toEqual([7, 8, 9, 7, 8, 9]);
  });

  it('the mean loss of no rows is NaN, and its gradient is empty', async () => {
    const [loss, none] = [device.alloc('f32', 1), device.alloc('f32', 0)];
    device.run('softmaxCrossEntropy', {
      loss,
      dLogits: none,
      logits: none,
      targets: device.alloc('i32', 0),
      rows: 0,
      cols: 3,
    });
    expect(await values(loss)).toEqual([nan]);
  });

  it('a list takes what is appended, until it is full', async () => {
    const list = storage([0, nan, nan, nan]);
    for (const value of [5, 6, 7, 8]) device.run('append', { list, x: storage([value]) });
    expect(await values(list)).toEqual([3, 5, 6, 7]);
  });

  it('some bytes are written, filled and copied, and those beside them are not', async () => {
    const bytes = storage(new Array<number>(300).fill(9), 'u8');
    device.write(bytes, [1, 2, 3, 4, 5]);
    const last = device.slice(bytes, 256, 3);
    device.run('fill', { out: last, value: 7 });
    device.write(last, Uint8Array.of(6, 6));
    const all = await values(bytes);
    expect(all.slice(0, 7)).toEqual([1, 2, 3, 4, 5, 9, 9]);
    expect(all.slice(255, 261)).toEqual([9, 6, 6, 7, 9, 9]);
    device.run('copy', { out: last, x: storage([3, 2, 1], 'u8') });
    expect((await values(bytes)).slice(255, 261)).toEqual([9, 3, 2, 1, 9, 9]);
  });

  it('more than 65,535 workgroups', async () => {
    const length = 65_535 * 256 + 1;
    const [out, x] = [device.alloc('f32', length), device.alloc('f32', length)];
    device.run('fill', { out, value: 1 });
    device.run('fill', { out: x, value: 2 });
    device.run('axpby', { out, x, alpha: 0.5, beta: 1 });
    const read = await device.read(out);
    expect(read.every((value) => value === 2)).toBe(true);
    device.free(out);
    device.free(x);
  });
});
