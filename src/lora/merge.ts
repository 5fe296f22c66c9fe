/** Adds the active updates to the weights themselves, and removes them again. */
import { noGrad } from '../autograd/record.js';
import { isPackedType } from '../backends/elementTypes.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import { Random } from '../base/random.js';
import { evaluationModes, withModes } from '../nn/mode.js';
import { type Layer, type Module, modelParts, requireLayer, tensorNames } from '../nn/module.js';
import { changing } from '../nn/use.js';
import { isFrozenWeight, type Parameter, type Tensor, tensor } from '../tensor.js';
import { type Adaptation, adaptationOf, setAdaptation } from './adaptation.js';
import type { AdaptedLayer } from './adaptedLayer.js';

/** How much the rounding of a merge changed the outputs. */
export interface MergeReport {
  /** The largest |merged − unmerged| over the outputs, relative to the largest |output|. */
  readonly difference: number;
  /** The path of the layer with that difference; undefined where the outputs are those of the whole model. */
  readonly layer: string | undefined;
}

export interface MergeOptions {
  /** Input of the model, whose outputs are compared. Default: outputs of each layer, for a few random inputs. */
  readonly input?: Tensor;
}

const NAMES: OptionNames<MergeOptions> = { input: true };

/** Rows of random input for comparing a layer's outputs. */
const PROBES = 8;

/**
 * Adds the updates of the active adapters to the weights in place, so that a forward pass costs what the base costs.
 * The originals are kept for `unmerge`. Adapters cannot be trained or changed while they are merged. The call waits for an
 * `evaluate`, or another change, that has already begun, and one that begins meanwhile waits.
 * @throws RangeError for weights that are not f32, which would lose most of the update (`exportMerged` writes a merged language
 *   model), when a merged value is not finite or there is nothing to merge, Error when they are merged already, or `fit` or
 *   `withAdapterDisabled` uses the model; nothing is changed then
 */
export async function merge(model: Module, options: MergeOptions = {}): Promise<MergeReport> {
  checkOptions('merge', options, NAMES);
  return changing('merge', modelParts(model), () => mergeNow(model, options, false));
}

/** @param isForGood  keeps no originals */
async function mergeNow(model: Module, { input }: MergeOptions, isForGood: boolean): Promise<MergeReport> {
  const adaptation = adaptationOf(model, 'merge');
  if (adaptation.isMerged) throw new Error('merge: the adapters are merged already');
  await checkMerged(model, adaptation);
  const before = await outputs(model, adaptation, input);
  for (const layer of adaptation.layers.values()) {
    const merged = mergedValues(layer);
    layer.merge(merged, isForGood);
    for (const value of merged.values()) value.dispose();
  }
  return largestDifference(before, await outputs(model, adaptation, input));
}

/**
 * Checks the merged weights of each layer one at a time: those of two layers are never in memory together.
 * @throws RangeError for a value that is not finite, for a weight that two layers share, and where there is nothing to
 *   merge
 */
async function checkMerged(model: Module, { layers }: Adaptation): Promise<void> {
  const names = tensorNames(model);
  let count = 0;
  for (const [path, layer] of layers) {
    const merged = mergedValues(layer);
    try {
      for (const [parameter, value] of merged) {
        count += 1;
        if (isFrozenWeight(parameter))
          throw new RangeError(
            `merge: ${path || 'the weight'} is ${parameter.dtype}, which would lose most of the update: write a merged model with exportMerged, or load the weights as f32`,
          );
        const shared = names.get(parameter) ?? [''];
        if (shared.length > 1)
          throw new RangeError(`merge: ${shared.join(' and ')} are one tensor: both would change`);
        const bad = (await value.read()).findIndex((each) => !Number.isFinite(each));
        if (bad >= 0)
          throw new RangeError(`merge: ${path || 'the layer'}: the merged weight is not finite at ${bad}`);
      }
    } finally {
      for (const value of merged.values()) value.dispose();
    }
  }
  if (count === 0) throw new RangeError('merge: no adapter is active');
}

/** @internal The merged values of a layer, in new memory that the caller frees. */
export function mergedValues(layer: AdaptedLayer): Map<Parameter, Tensor> {
  let parameters: Parameter[] = [];
  const values = noGrad(() => {
    const merged = layer.mergedValues();
    parameters = [...merged.keys()];
    return [...merged.values()];
  });
  return new Map(parameters.map((parameter, i) => [parameter, values[i]]));
}

/** Outputs of the model, or of each of its layers, by path. */
async function outputs(
  model: Module,
  { layers }: Adaptation,
  input: Tensor | undefined,
): Promise<Map<string | undefined, ArrayLike<number>>> {
  const found = new Map<string | undefined, ArrayLike<number>>();
  const modes = evaluationModes(model);
  const pass = (of: Layer, x: Tensor) => noGrad(() => withModes(modes, () => of.forward(x)));
  if (input) {
    requireLayer('merge', model);
    const out = pass(model, input);
    found.set(undefined, await out.read());
    out.dispose();
    return found;
  }
  for (const [path, layer] of layers) {
    const probe = probeOf(layer);
    const out = pass(layer.computes, probe);
    found.set(path, await out.read());
    out.dispose();
    probe.dispose();
  }
  return found;
}

function probeOf(layer: AdaptedLayer): Tensor {
  const { inFeatures, baseWeight, kind } = layer;
  const random = new Random(inFeatures).split('probe');
  if (kind.takesIndices) {
    const indices = Int32Array.from({ length: PROBES }, () => Math.floor(random.uniform() * inFeatures));
    return tensor(baseWeight.device, indices, [PROBES], 'i32');
  }
  const values = Float32Array.from({ length: PROBES * inFeatures }, () => random.normal());
  return tensor(baseWeight.device, values, [PROBES, inFeatures]);
}

function largestDifference(
  before: ReadonlyMap<string | undefined, ArrayLike<number>>,
  after: ReadonlyMap<string | undefined, ArrayLike<number>>,
): MergeReport {
  let report: MergeReport = { difference: 0, layer: undefined };
  for (const [layer, values] of before) {
    const merged = after.get(layer) ?? [];
    let [difference, largest] = [0, 0];
    for (let i = 0; i < values.length; i++) {
      difference = Math.max(difference, Math.abs(values[i] - merged[i]));
      largest = Math.max(largest, Math.abs(values[i]));
    }
    const relative = largest === 0 ? difference : difference / largest;
    if (relative >= report.difference) report = { difference: relative, layer };
  }
  return report;
}

/**
 * Puts the weights back as they were before `merge`, bit for bit.
 * @throws Error when nothing is merged, or another call uses the model
 */
export function unmerge(model: Module): void {
  const adaptation = adaptationOf(model, 'unmerge');
  adaptation.checkUnused('unmerge');
  if (!adaptation.isMerged) throw new Error('unmerge: nothing is merged');
  for (const layer of adaptation.layers.values()) layer.unmerge();
}

/**
 * Merges the active adapters permanently and removes all adapters, which leaves plain, frozen modules; biases and
 * modules that an active adapter trained keep its values.
 * @throws as `merge` does
 */
export async function mergeAndUnload(model: Module, options: MergeOptions = {}): Promise<MergeReport> {
  checkOptions('mergeAndUnload', options, NAMES);
  return changing('mergeAndUnload', modelParts(model), async () => {
    const report = await mergeNow(model, options, true);
    const adaptation = adaptationOf(model, 'mergeAndUnload');
    for (const layer of adaptation.layers.values()) layer.unmerge(false);
    unload(model, adaptation, adaptation.active);
    return report;
  });
}

/**
 * Removes all adapters from the model, which is then the base again, bit for bit, with all its parameters frozen.
 * @throws Error while another call uses the model
 */
export function unloadAdapters(model: Module): void {
  const adaptation = adaptationOf(model, 'unloadAdapters');
  adaptation.checkUnused('unloadAdapters');
  if (adaptation.isMerged) unmerge(model);
  adaptation.activate([]);
  unload(model, adaptation, []);
}

function unload(model: Module, { layers, switched, adapters }: Adaptation, kept: readonly string[]): void {
  const parents = parentsOf(model);
  for (const layer of layers.values()) {
    const [parent, name] = parents.get(layer) ?? [undefined, ''];
    layer.takeOff(parent, name);
    for (const name of Object.keys(layer.adapters)) layer.remove(name);
    for (const tensor of layer.nonPersistent) tensor.dispose();
  }
  for (const each of switched.values()) {
    const copy = kept.map((name) => each.copyOf(name)).find((found) => found !== undefined);
    if (copy) keepValues(each.original, copy);
    each.use([]);
    for (const name of adapters.keys()) each.delete(name);
    each.module.nonPersistent.delete(each.original);
  }
  setAdaptation(model, undefined);
}

/** Moves trained values into the original; where that is packed, which nothing is rounded to, as f32. */
function keepValues(original: Parameter, copy: Parameter): void {
  const { device, dtype, length } = original;
  if (isPackedType(dtype)) original.replaceStorage(device.alloc('f32', length));
  device.run('copy', { out: original.storage, x: copy.storage });
}

/** The parent of each module, and its name there. */
function parentsOf(model: Module): Map<Module, readonly [parent: Module, name: string]> {
  const parents = new Map<Module, readonly [Module, string]>();
  for (const [, parent] of model.namedModules()) {
    for (const [name, child] of parent.namedChildren()) parents.set(child, [parent, name]);
  }
  return parents;
}
