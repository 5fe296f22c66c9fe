/** The tensors of an adapter's file, compared with what an adapter of its config has on a model. */
import { DataError } from '../base/errors.js';
import type { HostTensor, Module } from '../nn/module.js';
import { parseSafetensors, toFloat32 } from '../safetensors/safetensors.js';
import type { Tensor } from '../tensor.js';
import { baseParameter } from './baseParameter.js';
import type { ResolvedLoraConfig } from './config.js';
import { beginsWithWeight } from './initialFactors.js';
import { PREFIX, wholeKey } from './peftNames.js';
import { baseTensors, checkRepeated } from './repeatedTensors.js';
import type { Target, WholeParameter } from './targets.js';

/** The parts of an adapter on a model, without its values. */
export interface Parts {
  readonly targets: readonly Target[];
  readonly whole: readonly WholeParameter[];
}

/** The shape of every tensor that an adapter of this config has on this model, by PEFT's name. */
function expectedShapes(
  config: ResolvedLoraConfig,
  { targets, whole }: Parts,
): Map<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  for (const { path, rank, inFeatures, outFeatures, kind } of targets) {
    const { names } = kind;
    shapes.set(`${PREFIX}${path}.${names.a}`, [rank, inFeatures]);
    shapes.set(`${PREFIX}${path}.${names.b}`, [outFeatures, rank]);
    if (config.useDora) shapes.set(`${PREFIX}${path}.${names.magnitude}`, [outFeatures]);
    if (config.loraBias && !kind.takesIndices) shapes.set(`${PREFIX}${path}.${names.bias}`, [outFeatures]);
  }
  const adapted = new Set(targets.map(({ path }) => path));
  for (const { path, module, field } of whole) {
    const { shape } = baseParameter(module, field);
    shapes.set(wholeKey(path, adapted), shape);
  }
  return shapes;
}

export interface ReadAdapter {
  /** The adapter's own tensors, by key. */
  readonly tensors: Map<string, HostTensor>;
  /** Notes for the user about what was left out or filled in. */
  readonly notes: readonly string[];
}

/** The values of an adapter's file. @throws DataError listing everything missing, unexpected or misshapen */
export async function readTensors(
  bytes: Uint8Array,
  name: string,
  model: Module,
  config: ResolvedLoraConfig,
  parts: Parts,
): Promise<ReadAdapter> {
  const { tensors } = parseSafetensors(bytes, name);
  const expected = expectedShapes(config, parts);
  const own = new Map<string, HostTensor>();
  const extra = new Map<string, HostTensor>();
  const problems: string[] = [];
  for (const [key, shape] of expected) {
    const found = tensors.get(key);
    if (found && found.shape.join() !== shape.join())
      problems.push(`${key} must be [${shape}]: got [${found.shape}]`);
  }
  for (const [key, tensor] of tensors) {
    const value = { shape: tensor.shape, data: toFloat32(tensor, `${name}: ${key}`) };
    (expected.has(key) ? own : extra).set(key, value);
  }
  const base = baseTensors(model);
  const biases = await missingBiases(config, parts, { own, extra }, base);
  for (const [key, value] of biases) own.set(key, value);
  const missing = [...expected.keys()].filter((key) => !own.has(key)).map((key) => `missing ${key}`);
  const repeated = await checkRepeated(extra, own, base, config.modulesToSave);
  problems.unshift(...missing);
  problems.push(...repeated.problems);
  for (const [key, { data }] of own) {
    const at = firstNotFinite(data);
    if (at >= 0) problems.push(`${key} must be finite: element ${at} is ${data[at]}`);
  }
  if (problems.length > 0) throw new DataError(`${name}: ${problems.join('; ')}`);
  const bias =
    "bias is lora_only, but the file has no biases, as some versions of PEFT wrote it: the base's are used";
  const notes = biases.size > 0 ? [bias, ...repeated.notes] : [...repeated.notes];
  if (changesNothing(own, config, parts)) notes.push('all of its updates are 0: it changes nothing');
  return { tensors: own, notes };
}

/** The tensor, checked before it is saved. @throws RangeError for one with an infinity or a NaN */
export function finite(key: string, tensor: HostTensor): HostTensor {
  const at = firstNotFinite(tensor.data);
  if (at < 0) return tensor;
  throw new RangeError(`saveAdapter: ${key} must be finite: element ${at} is ${tensor.data[at]}`);
}

/** The index of the first infinity or NaN; −1 where all numbers are finite. */
function firstNotFinite(data: HostTensor['data']): number {
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return i;
  return -1;
}

/** Whether each B is 0, and nothing else is trained: an adapter that was never trained, or whose values were lost. */
function changesNothing(
  tensors: ReadonlyMap<string, HostTensor>,
  { useDora, loraBias, init }: ResolvedLoraConfig,
  { targets, whole }: Parts,
): boolean {
  if (useDora || loraBias || whole.length > 0 || beginsWithWeight(init)) return false;
  const isZero = (value: number) => value === 0;
  return targets.every(({ path, kind }) =>
    tensors.get(`${PREFIX}${path}.${kind.names.b}`)?.data.every(isZero),
  );
}

/** The base's biases of the adapted layers, where the file has none of them: PEFT 0.18 omits them, and loads such files. */
async function missingBiases(
  { bias }: ResolvedLoraConfig,
  { targets, whole }: Parts,
  { own, extra }: Readonly<Record<'own' | 'extra', ReadonlyMap<string, HostTensor>>>,
  base: ReadonlyMap<string, Tensor>,
): Promise<ReadonlyMap<string, HostTensor>> {
  const found = new Map<string, HostTensor>();
  if (bias !== 'lora_only') return found;
  const adapted = new Set(targets.map(({ path }) => path));
  for (const { path } of whole) {
    const key = wholeKey(path, adapted);
    const tensor = base.get(path);
    if (!tensor || !/\.base_layer\.bias$/.test(key)) continue;
    // With its weight, as the layers of a vocabulary are written, it says nothing of the others.
    if (own.has(key) && extra.has(key.replace(/bias$/, 'weight'))) continue;
    if (own.has(key)) return new Map();
    found.set(key, { shape: tensor.shape, data: Float32Array.from(await tensor.read()) });
  }
  return found;
}
