/** Runs a case of the kernel table on a device and on the reference, and says what differs. */
import type { Backend, HostArray, Storage } from '../../src/backends/backend.js';
import { isPackedType, PACKED, storageBytes } from '../../src/backends/elementTypes.js';
import { unpackWeights } from '../../src/backends/packedWeights.js';
import { ReferenceBackend } from '../../src/backends/reference/index.js';
import { bfloatToNumber, halfToNumber } from '../../src/base/halves.js';
import { Random } from '../../src/base/random.js';
import { errorBound, type Input, type KernelCase } from './kernelCases.js';

/** Elements around each storage that a kernel must not touch; a multiple of 256 bytes in every dtype. */
const GUARD = 256;
const guardValue = (dtype: Input['dtype']) => (dtype === 'f32' ? Number.NaN : 77);

type Inputs = ReturnType<KernelCase['inputs']>;

export interface Outcome {
  readonly outputs: Record<string, HostArray>;
  /** Names of storages around which something was written. */
  readonly damaged: string[];
}

/** The outputs of a case; each storage is a slice with guards on both sides. */
export async function runKernel(
  backend: Backend,
  kernel: KernelCase,
  inputs: Inputs,
  scalar: (value: number) => number = (value) => value,
): Promise<Outcome> {
  const parents: Record<string, Storage> = {};
  const storages: Record<string, Storage> = {};
  for (const [name, { dtype, data, rowLength }] of Object.entries(inputs)) {
    if (isPackedType(dtype)) {
      // Nothing writes packed weights, and they are not divided.
      const { group } = PACKED[dtype];
      parents[name] = backend.alloc(dtype, (data.length / storageBytes(dtype, group)) * group, rowLength);
      backend.write(parents[name], data);
      storages[name] = parents[name];
      continue;
    }
    const whole = new Float64Array(data.length + 2 * GUARD).fill(guardValue(dtype));
    whole.set(data, GUARD);
    parents[name] = backend.alloc(dtype, whole.length);
    backend.write(parents[name], whole);
    storages[name] = backend.slice(parents[name], GUARD, data.length);
  }
  kernel.run(backend, storages, scalar);
  const outputs: Record<string, HostArray> = {};
  const damaged: string[] = [];
  const whole = await Promise.all(Object.values(parents).map((parent) => backend.read(parent)));
  for (const [i, [name, { dtype, data, isOutput }]] of Object.entries(inputs).entries()) {
    if (parents[name] === storages[name]) {
      backend.free(parents[name]);
      continue;
    }
    const guards = [...whole[i].subarray(0, GUARD), ...whole[i].subarray(GUARD + data.length)];
    if (!guards.every((value) => Object.is(value, guardValue(dtype)))) damaged.push(name);
    if (isOutput) outputs[name] = whole[i].slice(GUARD, GUARD + data.length);
    backend.free(storages[name]);
    backend.free(parents[name]);
  }
  return { outputs, damaged };
}

/** Results of the reference, and the magnitudes that the allowed error is relative to. */
async function expectation(kernel: KernelCase, inputs: Inputs) {
  const reference = new ReferenceBackend();
  const { outputs } = await runKernel(reference, kernel, inputs);
  const before = Object.fromEntries(Object.entries(inputs).map(([name, { data }]) => [name, data]));
  if (kernel.magnitude) return { outputs, magnitudes: kernel.magnitude(before, outputs) };
  const absolute = Object.fromEntries(Object.entries(inputs).map(([name, of]) => [name, absolutes(of)]));
  return { outputs, magnitudes: (await runKernel(reference, kernel, absolute, Math.abs)).outputs };
}

/** Halves are given by their bits, of which the highest is the sign; packed weights become numbers. */
function absolutes(input: Input): Input {
  const { dtype, data } = input;
  if (isPackedType(dtype)) {
    const weights = unpackWeights(dtype, Uint8Array.from(data));
    return { ...input, dtype: 'f32', data: weights.map(Math.abs) };
  }
  const isHalf = dtype === 'bf16' || dtype === 'f16';
  return { ...input, data: Array.from(data, isHalf ? (bits) => bits & 0x7fff : Math.abs) };
}

/** NaN has many bits, one number each, so that any two are equal. */
const NUMBERS: Partial<Record<Input['dtype'], (bits: number) => number>> = {
  bf16: bfloatToNumber,
  f16: halfToNumber,
};

/** Cached results, which take longer than most kernels and serve every device and every test of a file. */
const inputsByCase = new Map<KernelCase, Inputs>();
const expectedByCase = new Map<KernelCase, ReturnType<typeof expectation>>();

/** The inputs of a case, by a seed that its name gives. */
export function inputsOf(kernel: KernelCase): Inputs {
  const known = inputsByCase.get(kernel);
  if (known) return known;
  const seed = Array.from(kernel.name).reduce((sum, c) => (Math.imul(sum, 31) + c.charCodeAt(0)) >>> 0, 7);
  const inputs = kernel.inputs(new Random(seed));
  inputsByCase.set(kernel, inputs);
  return inputs;
}

function expectedOf(kernel: KernelCase): ReturnType<typeof expectation> {
  const known = expectedByCase.get(kernel) ?? expectation(kernel, inputsOf(kernel));
  expectedByCase.set(kernel, known);
  return known;
}

/**
 * The differences of a device from the reference, in words; empty when there are none.
 * @param slack  factor of the table's bounds
 */
export async function differences(backend: Backend, kernel: KernelCase, slack = 1): Promise<string[]> {
  const inputs = inputsOf(kernel);
  const { outputs: expected, magnitudes } = await expectedOf(kernel);
  const { outputs, damaged } = await runKernel(backend, kernel, inputs);
  const found = damaged.map((name) => `written beside ${name}`);
  if (Object.keys(expected).length === 0) found.push('no output to compare');
  for (const [name, values] of Object.entries(expected)) {
    const { dtype } = inputs[name];
    const numberOf = NUMBERS[dtype] ?? ((value: number) => value);
    const bad = values.findIndex((value, i) => {
      const [a, b] = [numberOf(outputs[name][i]), numberOf(value)];
      if (Number.isNaN(b) || !Number.isFinite(b)) return !Object.is(a, b);
      return !(Math.abs(a - b) <= errorBound(dtype, slack * (magnitudes[name]?.[i] ?? 0)));
    });
    if (bad >= 0) found.push(`${name}[${bad}] is ${outputs[name][bad]}, expected ${values[bad]}`);
  }
  return found;
}

/** Faults of a case on a device, by its name: values, writes outside the outputs, memory that was not freed. */
export async function problemsOf(
  backend: Backend,
  cases: readonly KernelCase[],
  slack?: (kernel: KernelCase) => number,
): Promise<string[]> {
  const found: string[] = [];
  for (const kernel of cases) {
    const of = await differences(backend, kernel, slack?.(kernel));
    const { liveStorages } = backend.memory();
    if (liveStorages > 0) of.push(`${liveStorages} storages are left`);
    found.push(...of.map((problem) => `${kernel.name}: ${problem}`));
  }
  return found;
}
