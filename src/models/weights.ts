/** Loads weights from the bytes of a file into frozen tensors of a device, one at a time, in the requested element type. */
import { type Backend, type DType, storageBytes } from '../backends/backend.js';
import { packWeights } from '../backends/packedWeights.js';
import { DataError } from '../base/errors.js';
import { halvesOf, numberToBfloat } from '../base/halves.js';
import { dequantize, isBlockType, unpackBlocks } from '../gguf/blocks.js';
import type { Scratch } from '../gguf/packed.js';
import { quantize } from '../gguf/quantize.js';
import type { GgufBlockType, GgufType } from '../gguf/types.js';
import { Parameter, packedParameter } from '../tensor.js';
import type { WeightPlan } from './llamaWeights.js';

/** Element types to which weights can be converted when they are loaded. */
export const WEIGHTS = ['keep', 'f32', 'bf16', 'q8', 'q4'] as const;
export type WeightsOption = (typeof WEIGHTS)[number];

/** A tensor of a file, not read yet. */
export interface WeightSource {
  /** Name of the tensor in errors. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: GgufType;
  /** Reads the elements or blocks, row-major. */
  read(): Promise<Uint8Array>;
}

const KEPT: Readonly<Record<GgufType, DType>> = {
  F32: 'f32',
  F16: 'f16',
  BF16: 'bf16',
  Q4_0: 'q4',
  Q4_1: 'q4',
  Q4_K: 'q4',
  Q5_0: 'q8',
  Q5_1: 'q8',
  Q5_K: 'q8',
  Q8_0: 'q8',
  Q6_K: 'q8x16',
};

/** The rounding of ggml by which weights are quantised when they are loaded. */
const QUANTISED = { q8: 'Q8_0', q4: 'Q4_1' } as const satisfies Partial<Record<DType, GgufBlockType>>;
/** Number of weights in a group of these types. */
const GROUP = 32;
/** Bits of the exponent, all of which are set in infinities and NaN. */
const BFLOAT_EXPONENT = 0x7f80;

/**
 * The element type of a loaded weight. Vectors are f32. A matrix whose rows are not whole groups keeps its width, and
 * embedding and head go no lower than q8, unless the file has them so.
 */
export function targetType(type: GgufType, { shape, role }: WeightPlan, weights: WeightsOption): DType {
  if (role === 'vector') return 'f32';
  if (weights === 'f32' || weights === 'bf16') return weights;
  const kept = KEPT[type];
  if (weights === 'keep' || shape[1] % GROUP !== 0) return kept;
  const isPacked = isBlockType(type);
  if (role === 'table') return isPacked ? kept : 'q8';
  // Weights that have 8 bits already would only lose precision by rounding again.
  return weights === 'q8' && isPacked && kept !== 'q4' ? kept : weights;
}

/** Bytes that weights take on a device. */
export function plannedBytes(
  plan: ReadonlyMap<string, WeightPlan>,
  typeOf: (name: string) => GgufType,
  weights: WeightsOption,
): number {
  let sum = 0;
  for (const [name, each] of plan) {
    const length = each.shape.reduce((product, size) => product * size, 1);
    sum += storageBytes(targetType(typeOf(name), each, weights), length);
  }
  return sum;
}

/**
 * Reads one weight and puts it on the device, frozen.
 * @param scratch  memory for unpacking weights
 * @throws DataError for an element or a scale that is not finite, or a value that the type cannot hold
 */
export async function loadWeight(
  device: Backend,
  source: WeightSource,
  plan: WeightPlan,
  weights: WeightsOption,
  scratch?: Scratch,
): Promise<Parameter> {
  const { name, type } = source;
  const { shape } = plan;
  const bytes = await source.read();
  const count = shape.reduce((product, size) => product * size, 1);
  const target = targetType(type, plan, weights);
  if (target === KEPT[type] && isBlockType(type)) {
    const packed = packWeights(unpackBlocks(type, bytes, count, name, scratch));
    return packedParameter(device, packed.dtype, packed.bytes, shape);
  }
  const values = dequantize(type, bytes, count, name);
  checkFinite(values, name);
  if (target === 'q8' || target === 'q4') {
    const packed = packWeights(unpackBlocks(QUANTISED[target], quantised(values, target, name), count, name));
    return packedParameter(device, packed.dtype, packed.bytes, shape);
  }
  return frozen(device, shape, target, target === 'f32' ? values : bitsOf(target, source, { bytes, values }));
}

function checkFinite(values: Float32Array, name: string): void {
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue;
    throw new DataError(`${name}: must be finite: element ${i} is ${values[i]}`);
  }
}

function quantised(values: Float32Array, target: 'q8' | 'q4', name: string): Uint8Array {
  try {
    return quantize(values, QUANTISED[target]);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new DataError(`${name}: cannot be rounded to ${target}: ${error.message}`, { cause: error });
  }
}

/** Elements of 16 bits: those of the file unchanged, others rounded. */
function bitsOf(
  target: DType,
  { name, type }: WeightSource,
  { bytes, values }: { readonly bytes: Uint8Array; readonly values: Float32Array },
): Uint16Array {
  if (target === KEPT[type]) return halvesOf(bytes);
  // Uint16Array.from would first build a list of all values.
  const bits = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i++) bits[i] = finiteBfloat(values[i], name);
  return bits;
}

/** Refuses a value that would round to infinity, as the largest numbers of f32 do. */
function finiteBfloat(value: number, name: string): number {
  const bits = numberToBfloat(value);
  if ((bits & BFLOAT_EXPONENT) !== BFLOAT_EXPONENT) return bits;
  throw new DataError(`${name}: cannot be rounded to bf16: ${value}`);
}

function frozen(
  device: Backend,
  shape: readonly number[],
  dtype: DType,
  data: Float32Array | Uint16Array,
): Parameter {
  const storage = device.alloc(dtype, data.length);
  device.write(storage, data);
  const weight = new Parameter(device, storage, shape);
  weight.requiresGrad = false;
  return weight;
}
