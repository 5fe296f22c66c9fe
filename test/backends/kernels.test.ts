/** Every kernel of every WebAssembly build against the reference, and what each must do with odd values. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/backends/backend.js';
import { allDevices, wasm, wasmBuilds } from '../support/devices.js';
import { casesOf, type Input, kernelCases, kernelNames } from '../support/kernelCases.js';
import { inputsOf, problemsOf, runKernel } from '../support/runKernel.js';

describe.each(wasmBuilds.map((build) => [build]))('wasm %s', (build) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await wasm(build);
  });

  it.each(kernelNames)('%s', async (name) => {
    expect(await problemsOf(backend, casesOf(name))).toEqual([]);
  });

  it('gives the same bits twice', async () => {
    const other = await wasm(build);
    for (const kernel of kernelCases) {
      const inputs = inputsOf(kernel);
      const [first, second] = [
        await runKernel(backend, kernel, inputs),
        await runKernel(other, kernel, inputs),
      ];
      for (const name of Object.keys(first.outputs)) {
        const [a, b] = [first, second].map(({ outputs }) => Buffer.from(outputs[name].buffer));
        expect(a.equals(b), `${kernel.name}: ${name}`).toBe(true);
      }
    }
  });
});

describe.each(await allDevices())('%s', (_, backend) => {
  const storage = (data: readonly number[], dtype: Input['dtype'] = 'f32') => {
    const made = backend.alloc(dtype, data.length);
    backend.write(made, data);
    return made;
  };
  const crossEntropy = async (logits: readonly number[], targets: readonly number[]) => {
    const loss = backend.alloc('f32', 1);
    const dLogits = backend.alloc('f32', logits.length);
    const cols = logits.length / targets.length;
    backend.run('softmaxCrossEntropy', {
      loss,
      dLogits,
      logits: storage(logits),
      targets: storage(targets, 'i32'),
      rows: targets.length,
      cols,
    });
    return { loss: (await backend.read(loss))[0], dLogits: Array.from(await backend.read(dLogits)) };
  };
  const count = async (logits: readonly number[], targets: readonly number[]) => {
    const cols = logits.length / targets.length;
    const counts = storage(new Array<number>(2 * cols).fill(0), 'i32');
    backend.run('countWrong', {
      counts,
      logits: storage(logits),
      targets: storage(targets, 'i32'),
      rows: targets.length,
      cols,
    });
    return Array.from(await backend.read(counts));
  };

  it('keeps the loss of huge logits finite', async () => {
    const right = await crossEntropy([1e4, -1e4, 0], [0]);
    expect(right).toEqual({ loss: 0, dLogits: [0, 0, 0] });
    const wrong = await crossEntropy([1e4, -1e4, 0, 1e4, -1e4, 0], [1, 1]);
    expect(wrong).toEqual({ loss: 2e4, dLogits: [0.5, -0.5, 0, 0.5, -0.5, 0] });
    const equal = await crossEntropy([1e4, 1e4], [1]);
    expect(equal.loss).toBeCloseTo(Math.LN2, 3);
    expect(equal.dLogits).toEqual([0.5, -0.5]);
  });

  it('gives the loss ln n for n equal logits, to the last bit of float32', async () => {
    for (let n = 2; n <= 60; n++) {
      const { loss } = await crossEntropy(new Array<number>(n).fill(0.25), [n - 1]);
      expect(Math.abs(loss / Math.log(n) - 1), `n = ${n}`).toBeLessThanOrEqual(2 ** -23);
    }
  });

  it('takes logits of -Infinity as probability 0', async () => {
    const { loss, dLogits } = await crossEntropy([1, Number.NEGATIVE_INFINITY, 1], [0]);
    expect(loss).toBeCloseTo(Math.LN2, 6);
    expect(dLogits).toEqual([-0.5, 0, 0.5]);
  });

  it.each([-1, 3, 1 << 30])('gives NaN for the target %d of 3 classes', async (target) => {
    const { loss, dLogits } = await crossEntropy([1, 2, 3, 4, 5, 6], [1, target]);
    expect(loss).toBeNaN();
    expect(dLogits.slice(0, 3).every(Number.isFinite)).toBe(true);
    expect(dLogits.slice(3)).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  });

  it('passes NaN logits on to the loss', async () => {
    const { loss, dLogits } = await crossEntropy([1, Number.NaN, 3], [0]);
    expect(loss).toBeNaN();
    expect(dLogits).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  });

  const vocabularyLoss = async (rows: readonly (readonly number[])[], targets: readonly number[]) => {
    const cols = rows[0].length;
    const [losses, logits] = [backend.alloc('f32', rows.length), storage(rows.flat())];
    const given = { targets: storage(targets, 'i32'), scale: storage([0.5]) };
    backend.run('vocabularyLoss', { losses, logits, ...given, rows: rows.length, cols });
    const [values, gradients] = [await backend.read(losses), await backend.read(logits)];
    return rows.map((_, r) => [values[r], ...gradients.slice(r * cols, (r + 1) * cols)].map((x) => x + 0));
  };

  it('keeps the losses of rows finite where logits are huge or −Infinity, and ignores invalid targets', async () => {
    const least = Number.NEGATIVE_INFINITY;
    const rows = [
      [1e4, -1e4, 0],
      [1e4, -1e4, 0],
      [3e38, 3e38, -3e38],
      [least, least, 7],
      [Number.NaN, 1, 2],
    ];
    expect(await vocabularyLoss(rows, [0, 1, -1, 2, -(2 ** 31)])).toEqual([
      [0, 0, 0, 0],
      [1e4, 0.5, -0.5, 0],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
    const [[loss, ...gradient]] = await vocabularyLoss([[1, least, 1, 1]], [0]);
    expect(loss).toBeCloseTo(Math.log(3) / 2, 6);
    for (const [c, d] of [-1 / 3, 0, 1 / 6, 1 / 6].entries()) expect(gradient[c]).toBeCloseTo(d, 6);
  });

  it('passes NaN, infinity and a target beyond the classes on to the loss of their row, and no other', async () => {
    const rows = [
      [1, 2, 3],
      [1, Number.NaN, 3],
      [1, 2, Number.NaN],
      [Number.POSITIVE_INFINITY, 2, 3],
      [1, 2, 3],
      [0, 0, 0],
    ];
    const results = await vocabularyLoss(rows, [1, 0, 2, 1, 3, 1]);
    const isWhole = results.map((each) => each.every(Number.isFinite));
    expect(isWhole).toEqual([true, false, false, false, false, true]);
    for (const each of results.slice(1, 5)) expect(each).toEqual(new Array(4).fill(Number.NaN));
  });

  it('counts the first of equal logits as the prediction', async () => {
    expect(await count([2, 5, 5], [1])).toEqual([0, 1, 0, 0, 0, 0]);
    expect(await count([2, 5, 5], [2])).toEqual([0, 0, 1, 0, 0, 1]);
  });

  it('counts NaN at the target as wrong, and no target outside the classes', async () => {
    expect(await count([Number.NaN, 1, 2], [0])).toEqual([1, 0, 0, 1, 0, 0]);
    expect(await count([1, Number.NaN, 0], [1])).toEqual([0, 1, 0, 0, 1, 0]);
    expect(await count([1, Number.NaN, 0], [0])).toEqual([1, 0, 0, 0, 0, 0]);
    expect(await count([1, 2, 3, 1, 2, 3], [-1, 3])).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('keeps NaN through relu, and stops gradients there', async () => {
    const x = [Number.NaN, -1, 2, 0, Number.NaN];
    const out = backend.alloc('f32', 5);
    backend.run('relu', { out, x: storage(x) });
    expect(Array.from(await backend.read(out), (value) => value + 0)).toEqual([
      Number.NaN,
      0,
      2,
      0,
      Number.NaN,
    ]);
    backend.run('reluBackward', { dX: out, x: storage(x), dOut: storage([1, 2, 3, 4, 5]) });
    expect(Array.from(await backend.read(out))).toEqual([0, 0, 3, 0, 0]);
  });

  it('makes all NaN where the norm to clip by is NaN, and does not change short gradients', async () => {
    const clipped = async (norm: number) => {
      const x = storage([1, -2, 3, 0, 5]);
      backend.run('clipNorm', { x, norm: storage([norm]), maxNorm: 1 });
      return Array.from(await backend.read(x));
    };
    expect(await clipped(Number.NaN)).toEqual(Array(5).fill(Number.NaN));
    expect(await clipped(0.5)).toEqual([1, -2, 3, 0, 5]);
    expect(await clipped(Number.POSITIVE_INFINITY)).toEqual([0, -0, 0, 0, 0]);
  });

  it('passes NaN on to norms', async () => {
    const out = backend.alloc('f32', 2);
    backend.run('rowNorms', { out, x: storage([3, 4, Number.NaN, 0]), rows: 2, cols: 2 });
    expect(Array.from(await backend.read(out))).toEqual([5, Number.NaN]);
    backend.run('rowNorms', {
      out,
      x: storage([3, Number.NaN]),
      rows: 1,
      cols: storage([3, Number.NaN]).length,
    });
    expect((await backend.read(out))[0]).toBeNaN();
  });

  it('adds rows with the same index one after the other', async () => {
    const table = storage([1e8, 0]);
    backend.run('addAt', {
      table,
      x: storage([-1e8, 1, 1, 2]),
      indices: storage([0, 0, 0, 1], 'i32'),
      rows: 4,
      cols: 1,
      rowStride: 1,
      colStride: 1,
      beta: 1,
    });
    expect(Array.from(await backend.read(table))).toEqual([2, 2]);
  });

  it('rotates by no row after the tables, where there are other numbers', async () => {
    const [wide, out] = [storage(new Array<number>(64).fill(0.5)), backend.alloc('f32', 16)];
    const table = backend.slice(wide, 0, 8);
    backend.run('rope', {
      out,
      x: storage(new Array<number>(16).fill(1)),
      cos: table,
      sin: table,
      positions: storage([3, 4, -1, 1 << 30], 'i32'),
      rows: 4,
      cols: 4,
      dim: 4,
    });
    const nans = new Array<number>(12).fill(Number.NaN);
    expect(Array.from(await backend.read(out))).toEqual([0, 0, 1, 1, ...nans]);
  });

  it('passes NaN on to the row that it stands in, and no other', async () => {
    const [out, scales] = [backend.alloc('f32', 4), backend.alloc('f32', 2)];
    const given = { x: storage([1, Number.NaN, 1, 1]), weight: storage([1, 2]), rows: 2, cols: 2 };
    backend.run('rmsNorm', { out, scales, ...given, eps: 0 });
    expect(Array.from(await backend.read(out))).toEqual([Number.NaN, Number.NaN, 1, 2]);
  });

  it('takes products without rows or columns', async () => {
    const [none, some] = [backend.alloc('f32', 0), storage([1, 2, 3, 4, 5, 6])];
    backend.run('matmul', { out: none, a: none, b: some, m: 0, k: 2, n: 3 });
    backend.run('matmul', { out: none, a: some, b: none, m: 3, k: 2, n: 0, transA: true });
    expect(await backend.read(none)).toHaveLength(0);
  });
});

describe('the debug build', () => {
  it('asserts what the others take for granted', async () => {
    const backend = await wasm('debug');
    const [out, labels, indices] = (['i32', 'u8', 'i32'] as const).map((dtype) => backend.alloc(dtype, 1));
    backend.write(indices, [-1]);
    expect(() => backend.run('gatherLabels', { out, labels, indices })).toThrow(
      'gather: an index is negative',
    );
  });
});
