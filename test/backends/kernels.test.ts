/** Every kernel of every WebAssembly build against the reference, and what each must do with odd values. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Backend, HostArray, Storage } from '../../src/backends/backend.js';
import { ReferenceBackend } from '../../src/backends/reference.js';
import { Random } from '../../src/random.js';
import { allDevices, wasm, wasmBuilds } from '../devices.js';
import { errorBound, type Input, type KernelCase, kernelCases, type Storages } from '../kernelCases.js';

/** Elements around each storage that a kernel must not touch; a multiple of 256 bytes in every dtype. */
const GUARD = 256;
const guardValue = (dtype: Input['dtype']) => (dtype === 'f32' ? Number.NaN : 77);

interface Outcome {
  readonly outputs: Record<string, HostArray>;
  /** Names of storages around which something was written. */
  readonly damaged: string[];
}

async function runCase(
  backend: Backend,
  kernel: KernelCase,
  inputs: Readonly<Record<string, Input>>,
  scalar: (value: number) => number = (value) => value,
): Promise<Outcome> {
  const parents: Record<string, Storage> = {};
  const storages: Record<string, Storage> = {};
  for (const [name, { dtype, data }] of Object.entries(inputs)) {
    parents[name] = backend.alloc(dtype, data.length + 2 * GUARD);
    backend.fill(parents[name], guardValue(dtype));
    storages[name] = backend.slice(parents[name], GUARD, data.length);
    backend.write(storages[name], data);
  }
  kernel.run(backend, storages as Storages, scalar);
  const outputs: Record<string, HostArray> = {};
  const damaged: string[] = [];
  for (const [name, { dtype, data, isOutput }] of Object.entries(inputs)) {
    const all = await backend.read(parents[name]);
    const guards = [...all.subarray(0, GUARD), ...all.subarray(GUARD + data.length)];
    if (!guards.every((value) => Object.is(value, guardValue(dtype)))) damaged.push(name);
    if (isOutput) outputs[name] = all.slice(GUARD, GUARD + data.length);
    backend.free(storages[name]);
    backend.free(parents[name]);
  }
  return { outputs, damaged };
}

/** What the reference gives, and how far from it each element may be. */
async function expectation(kernel: KernelCase, index: number) {
  const reference = new ReferenceBackend();
  const inputs = kernel.inputs(new Random(index));
  const { outputs } = await runCase(reference, kernel, inputs);
  const before = Object.fromEntries(Object.entries(inputs).map(([name, { data }]) => [name, data]));
  if (kernel.magnitude) return { inputs, outputs, magnitudes: kernel.magnitude(before, outputs) };
  const absolute = Object.fromEntries(
    Object.entries(inputs).map(([name, of]) => [name, { ...of, data: Array.from(of.data, Math.abs) }]),
  );
  return { inputs, outputs, magnitudes: (await runCase(reference, kernel, absolute, Math.abs)).outputs };
}

const expectations = new Map<number, ReturnType<typeof expectation>>();
function expectedOf(kernel: KernelCase, index: number): ReturnType<typeof expectation> {
  const known = expectations.get(index) ?? expectation(kernel, index);
  expectations.set(index, known);
  return known;
}

/** The first element that is NaN or too far off, in words. */
function firstError(
  name: string,
  dtype: Input['dtype'],
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  magnitude: ArrayLike<number>,
): string | undefined {
  for (let i = 0; i < expected.length; i++) {
    if (Number.isNaN(actual[i])) return `${name}[${i}] is NaN, expected ${expected[i]}`;
    const bound = errorBound(dtype, magnitude ? magnitude[i] : 0);
    const error = Math.abs(actual[i] - expected[i]);
    if (!(error <= bound)) return `${name}[${i}] is ${actual[i]}, expected ${expected[i]} ± ${bound}`;
  }
  return undefined;
}

describe.each(wasmBuilds.map((build) => [build]))('wasm %s', (build) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await wasm(build);
  });

  it.each(kernelCases.map((kernel, i) => [kernel.name, kernel, i] as const))('%s', async (_, kernel, i) => {
    const { inputs, outputs: expected, magnitudes } = await expectedOf(kernel, i);
    const { outputs, damaged } = await runCase(backend, kernel, inputs);
    expect(damaged).toEqual([]);
    expect(Object.keys(outputs).length).toBeGreaterThan(0);
    for (const name of Object.keys(outputs)) {
      const { dtype } = inputs[name];
      expect(firstError(name, dtype, outputs[name], expected[name], magnitudes[name])).toBeUndefined();
    }
    expect(backend.memory().liveStorages).toBe(0);
  });

  it('gives the same bits twice', async () => {
    const other = await wasm(build);
    for (const [i, kernel] of kernelCases.entries()) {
      const inputs = kernel.inputs(new Random(i));
      const [first, second] = [await runCase(backend, kernel, inputs), await runCase(other, kernel, inputs)];
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
    backend.softmaxCrossEntropy(
      loss,
      dLogits,
      storage(logits),
      storage(targets, 'i32'),
      targets.length,
      cols,
    );
    return { loss: (await backend.read(loss))[0], dLogits: Array.from(await backend.read(dLogits)) };
  };
  const count = async (logits: readonly number[], targets: readonly number[]) => {
    const cols = logits.length / targets.length;
    const counts = storage(new Array<number>(2 * cols).fill(0), 'i32');
    backend.countWrong(counts, storage(logits), storage(targets, 'i32'), targets.length, cols);
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
    backend.relu(out, storage(x));
    expect(Array.from(await backend.read(out), (value) => value + 0)).toEqual([
      Number.NaN,
      0,
      2,
      0,
      Number.NaN,
    ]);
    backend.reluBackward(out, storage(x), storage([1, 2, 3, 4, 5]), 0);
    expect(Array.from(await backend.read(out))).toEqual([0, 0, 3, 0, 0]);
  });

  it('takes products without rows or columns', async () => {
    const [none, some] = [backend.alloc('f32', 0), storage([1, 2, 3, 4, 5, 6])];
    backend.matmul(none, none, some, { m: 0, k: 2, n: 3 });
    backend.matmul(none, some, none, { m: 3, k: 2, n: 0, transA: true });
    expect(await backend.read(none)).toHaveLength(0);
  });
});
