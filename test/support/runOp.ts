/** Runs a case of the op table forward and backward on a device. */
import type { Backend } from '../../src/backends/backend.js';
import { ReferenceBackend } from '../../src/backends/reference/index.js';
import { Random } from '../../src/base/random.js';
import { elementCount, packedParameter, type Tensor, tensor } from '../../src/tensor.js';
import type { OpCase, Values } from './opCases.js';

/** A fixed random gradient of the output: with all ones, mistakes that cancel in a sum would pass. */
export function cotangentOf(length: number): Float64Array {
  const random = new Random(7);
  return Float64Array.from({ length }, () => Math.fround(random.normal()));
}

export function upload(device: Backend, { shape, data, packed }: Values): Tensor {
  if (packed) return packedParameter(device, packed.dtype, packed.bytes, shape);
  const isIndex = data instanceof Int32Array;
  const made = tensor(device, data, shape, isIndex ? 'i32' : 'f32');
  made.requiresGrad = !isIndex;
  return made;
}

/** `out` and the gradient of every float input by name, `d:x`. */
export type OpResult = Map<string, ArrayLike<number>>;

export async function runOp(device: Backend, op: OpCase, absolute = false): Promise<OpResult> {
  const { inputs, frozen = [], run } = op;
  const magnitude = (data: Values['data']) => (data instanceof Float32Array ? data.map(Math.abs) : data);
  const tensors = Object.fromEntries(
    Object.entries(inputs).map(([name, values]) => [
      name,
      upload(device, absolute ? { shape: values.shape, data: magnitude(values.data) } : values),
    ]),
  );
  for (const name of frozen) tensors[name].requiresGrad = false;
  const out = run(tensors, absolute ? Math.abs : (value) => value);
  const cotangent = cotangentOf(elementCount(out.shape));
  const dOut = tensor(device, absolute ? cotangent.map(Math.abs) : cotangent, out.shape);
  const results: OpResult = new Map([['out', await out.read()]]);
  out.backward(dOut);
  for (const [name, input] of Object.entries(tensors)) {
    if (input.grad) results.set(`d:${name}`, await input.grad.read());
    input.dispose();
  }
  dOut.dispose();
  out.dispose();
  return results;
}

const UNIT = 64 * 2 ** -24;

/** The first element that differs between a device and the reference, beyond 64·2⁻²⁴·Σ|a||b|; in words. */
export async function opDifference(device: Backend, op: OpCase): Promise<string | undefined> {
  const reference = new ReferenceBackend();
  const expected = await runOp(reference, op);
  const magnitudes = op.scale === undefined ? await runOp(reference, op, true) : undefined;
  const actual = await runOp(device, op);
  if ([...actual.keys()].join() !== [...expected.keys()].join()) return `gradients of ${[...actual.keys()]}`;
  for (const [name, values] of expected) {
    const got = actual.get(name) ?? [];
    if (got.length !== values.length) return `${name} has ${got.length} elements, not ${values.length}`;
    for (let i = 0; i < values.length; i++) {
      const bound = UNIT * (magnitudes?.get(name)?.[i] ?? op.scale ?? Number.NaN);
      if (Math.abs(got[i] - values[i]) <= bound) continue;
      return `${name}[${i}]: ${got[i]} for ${values[i]}, allowed ${bound}`;
    }
  }
  return undefined;
}
