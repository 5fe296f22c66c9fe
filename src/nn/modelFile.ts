/** Models as safetensors files: one tensor for each parameter and buffer, under its name. */

import { DataError } from '../base/errors.js';
import { halvesOf } from '../base/halves.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import type { Bytes } from '../files/bytes.js';
import type { TensorSource } from '../safetensors/open.js';
import {
  parseSafetensors,
  serializeSafetensors,
  toFloat32,
  type WritableTensor,
} from '../safetensors/safetensors.js';
import type { Tensor } from '../tensor.js';
import { Embedding } from './embedding.js';
import { Linear } from './linear.js';
import { type Module, modelParts, type StateDict, tensorNames } from './module.js';
import { changing } from './use.js';

/**
 * The bytes of a model file, the same for the same values.
 * @param state  values as `stateDict()` gives them
 * @param metadata  texts by name that are stored in the file with them
 */
export function serializeModel(
  state: StateDict,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const tensors = new Map<string, WritableTensor>();
  for (const [name, tensor] of state) tensors.set(name, { dtype: 'F32', ...tensor });
  return serializeSafetensors(tensors, { ...metadata, format: 'pt' });
}

/**
 * Reads a model file with f32, f16 or bf16 tensors, for `loadStateDict()`.
 * @param name  name of the file in error messages
 * @throws DataError when the bytes are not such a file
 */
export function parseModel(bytes: Bytes, name: string): StateDict {
  const state: StateDict = new Map();
  for (const [key, tensor] of parseSafetensors(bytes, name).tensors) {
    state.set(key, { shape: tensor.shape, data: toFloat32(tensor, `${name}: ${key}`) });
  }
  return state;
}

export interface LoadTensorsOptions {
  /**
   * Treatment of 16-bit tensors: `keep` leaves the frozen weights of Linear and Embedding in the bf16 or f16 of the file, at
   * two bytes per number, and reads all else as f32; `widen` reads everything as f32. Default `widen`.
   */
  readonly halves?: 'keep' | 'widen';
  /** Called after each tensor with the bytes read so far and the total. */
  readonly onBytes?: (done: number, total: number) => void;
}

const NAMES: OptionNames<LoadTensorsOptions> = { halves: true, onBytes: true };

/** Maximum number of problems in one message. */
const MOST_LISTED = 20;

/**
 * Reads a model's weights from files, one tensor at a time, so that the host never holds the model. Names, shapes and types
 * are compared before the first of them is read. A tensor that has several names may be given by any of them.
 * @param tensors  as `openSafetensors` or `openModel` gives them
 * @throws DataError that names everything missing, unexpected or misshapen, when nothing has changed; for a value that is
 *   not finite or a file that cannot be read to its end, when some tensors have the new values. Error while another call
 *   uses the model
 */
export function loadTensors(
  model: Module,
  tensors: ReadonlyMap<string, TensorSource>,
  options: LoadTensorsOptions = {},
): Promise<void> {
  checkOptions('loadTensors', options, NAMES);
  const { halves = 'widen' } = options;
  if (halves !== 'keep' && halves !== 'widen')
    throw new RangeError(`loadTensors: halves must be keep or widen: ${halves}`);
  return changing('loadTensors', modelParts(model), async () => {
    const plan = planOf(model, tensors);
    const total = plan.reduce((sum, { source }) => sum + source.byteLength, 0);
    const mayBeHalves = halves === 'keep' ? weightsOf(model) : new Set<Tensor>();
    let done = 0;
    for (const { name, tensor, source, again } of plan) {
      const bytes = await source.read();
      const values = floatsOf(source, bytes, name);
      for (const each of again) {
        if (!isEqual(values, floatsOf(each, await each.read(), name)))
          throw new DataError(`loadTensors: ${name} is one tensor with another name, whose values differ`);
      }
      const bad = values.findIndex((value) => !Number.isFinite(value));
      if (bad >= 0) throw new DataError(`loadTensors: ${name} is not finite at ${bad}: ${values[bad]}`);
      put(tensor, values, mayBeHalves.has(tensor) ? bitsOf(source, bytes) : undefined);
      done += source.byteLength;
      options.onBytes?.(done, total);
    }
  });
}

function floatsOf({ dtype, shape }: TensorSource, bytes: Uint8Array, name: string): Float32Array {
  return toFloat32({ dtype, shape: [...shape], bytes }, name);
}

/** Frozen weights that the kernels accept as halves: those that belong to a Linear or an Embedding in all their places. */
function weightsOf(model: Module): Set<Tensor> {
  const modules = new Map(model.namedModules());
  const isWeight = (name: string) => {
    const match = /^(?:(.*)\.)?weight$/.exec(name);
    const owner = match ? modules.get(match[1] ?? '') : undefined;
    return owner instanceof Linear || owner instanceof Embedding;
  };
  const found = [...tensorNames(model)].filter(
    ([tensor, names]) => !tensor.requiresGrad && names.every(isWeight),
  );
  return new Set(found.map(([tensor]) => tensor));
}

interface Bits {
  readonly dtype: 'bf16' | 'f16';
  readonly bits: Uint16Array;
}

/** Elements of 16 bits as they are; undefined for others. */
function bitsOf({ dtype }: TensorSource, bytes: Uint8Array): Bits | undefined {
  if (dtype !== 'BF16' && dtype !== 'F16') return undefined;
  return { dtype: dtype === 'BF16' ? 'bf16' : 'f16', bits: halvesOf(bytes) };
}

/** Puts values into a tensor, in memory of the type that it is to have. */
function put(tensor: Tensor, values: Float32Array, halves: Bits | undefined): void {
  const { device, length } = tensor;
  const dtype = halves?.dtype ?? 'f32';
  if (tensor.dtype !== dtype) tensor.replaceStorage(device.alloc(dtype, length));
  device.write(tensor.storage, halves?.bits ?? values);
}

function isEqual(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

interface Planned {
  readonly name: string;
  readonly tensor: Tensor;
  readonly source: TensorSource;
  /** The same tensor under its other names. */
  readonly again: readonly TensorSource[];
}

/** The plan of which tensor of the files goes where. @throws DataError where they do not fit */
function planOf(model: Module, tensors: ReadonlyMap<string, TensorSource>): Planned[] {
  const problems: string[] = [];
  const plan: Planned[] = [];
  const known = new Set<string>();
  for (const [tensor, names] of tensorNames(model)) {
    for (const name of names) known.add(name);
    const given = names.filter((name) => tensors.has(name));
    if (given.length === 0) problems.push(`missing ${names[0]}`);
    const sources = given.flatMap((name) => tensors.get(name) ?? []);
    const misfits = given.flatMap((name, i) => misfit(name, tensor, sources[i]) ?? []);
    problems.push(...misfits);
    const [name] = given;
    if (misfits.length === 0 && given.length > 0)
      plan.push({ name, tensor, source: sources[0], again: sources.slice(1) });
  }
  for (const name of tensors.keys()) if (!known.has(name)) problems.push(`unexpected ${name}`);
  if (problems.length === 0) return plan;
  const more = problems.length > MOST_LISTED ? `; and ${problems.length - MOST_LISTED} more` : '';
  throw new DataError(`loadTensors: ${problems.slice(0, MOST_LISTED).join('; ')}${more}`);
}

function misfit(name: string, { dtype, shape }: Tensor, source: TensorSource): string | undefined {
  if (source.shape.join() !== shape.join()) return `${name} must be [${shape}]: found [${source.shape}]`;
  if (dtype === 'i32') return `${name} is i32, which is not read from a file`;
  return FLOATS.includes(source.dtype)
    ? undefined
    : `${name} must be F32, F16 or BF16: found ${source.dtype}`;
}

const FLOATS = ['F32', 'F16', 'BF16'];
