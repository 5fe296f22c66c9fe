/** The modules of a model that can be adapted, and those that a config chooses. */
import { joinPath, type Module, tensorNames } from '../nn/module.js';
import { parametrizationsOf } from '../nn/parametrization.js';
import { Tensor } from '../tensor.js';
import { type Adaptable, adaptable } from './adaptable.js';
import { AdaptedLayer } from './adaptedLayer.js';
import { baseParameter } from './baseParameter.js';
import type { ModuleNames, ResolvedLoraConfig } from './config.js';
import { LoraLayer } from './loraLayer.js';
import { isSavedWhole, ModuleMatcher, matchesNames, ownerAmong } from './matching.js';
import { PythonPattern } from './pythonPattern.js';

export interface AdaptablePlace extends Adaptable {
  readonly path: string;
  /** Undefined where the model is itself the module. */
  readonly parent: Module | undefined;
  /** Name of the module in its parent. */
  readonly name: string;
  /** The adapted layer, where there is an adapter already. */
  readonly adapted: AdaptedLayer | undefined;
}

export interface Target extends AdaptablePlace {
  readonly rank: number;
  readonly alpha: number;
}

/** Every module of the model as it is without adapters, by path. */
export function* baseModules(module: Module, prefix = ''): Generator<[path: string, module: Module]> {
  const base = module instanceof LoraLayer ? module.base : module;
  yield [prefix, base];
  for (const [name, child] of base.namedChildren()) {
    if (!name.startsWith('parametrizations.')) yield* baseModules(child, joinPath(prefix, name));
  }
}

/** Every layer that can be adapted. */
function* places(parent: Module, prefix = ''): Generator<AdaptablePlace> {
  const itself = prefix === '' ? adaptable(parent) : undefined;
  if (itself) yield { ...itself, path: '', parent: undefined, name: '', adapted: parametrizationOf(parent) };
  for (const [name, child] of parent.namedChildren()) {
    const path = joinPath(prefix, name);
    const wrapper = child instanceof LoraLayer ? child : undefined;
    const module = wrapper ? wrapper.base : child;
    const found = adaptable(module);
    if (found) yield { ...found, path, parent, name, adapted: wrapper ?? parametrizationOf(module) };
    else yield* places(child, path);
  }
}

function outputEmbedding({ outputEmbedding: layer }: Module): Module | undefined {
  return layer instanceof LoraLayer ? layer.base : layer;
}

function parametrizationOf(module: Module): AdaptedLayer | undefined {
  return parametrizationsOf(module, 'weight').find((each) => each instanceof AdaptedLayer);
}

/**
 * The modules of a model that a config chooses.
 * @throws RangeError when a name, an exclusion or a pattern matches nothing, a rank exceeds both sizes of its module, an
 *   alpha is 0, or the method does not suit a module; the model is unchanged
 * @param isNew  false for values that exist already: as in PEFT, their rank may exceed both sizes, and names, exclusions
 *   and patterns may be those of other models
 */
export function findTargets(model: Module, config: ResolvedLoraConfig, isNew = true): Target[] {
  const { targetModules, method } = config;
  const all = [...places(model)];
  const matcher = new ModuleMatcher(config);
  const head = targetModules === 'all-linear' ? outputEmbedding(model) : undefined;
  const chosen = all.filter(
    ({ path, kind, module }) => module !== head && matcher.isTarget(path, !kind.takesIndices),
  );
  const there = all.map(({ path }) => path || '(the model itself)').join(', ') || 'none';
  const names = typeof targetModules === 'string' || isPattern(targetModules) ? [] : targetModules;
  const unmatched = names.filter((name) => !all.some(({ path }) => matchesNames(path, [name])));
  if ((isNew && unmatched.length > 0) || chosen.length === 0) {
    const wanted = unmatched.length > 0 ? unmatched.join(', ') : String(targetModules) || 'an empty list';
    throw new RangeError(`applyLora: no Linear or Embedding module matches ${wanted}: there are ${there}`);
  }
  if (isNew) checkMatches(config, all, chosen);
  if (isNew && typeof targetModules !== 'string' && isPattern(targetModules)) checkUntied(model, chosen);
  checkApart(chosen);
  return chosen.map((place) => {
    const target = { ...place, ...matcher.numbersOf(place.path) };
    checkMethod(place, method);
    // A file may have a higher rank, such as one whose update was written with twice the rank.
    if (isNew) checkNumbers(target);
    return target;
  });
}

function isPattern(names: ModuleNames): names is RegExp | PythonPattern {
  return names instanceof RegExp || names instanceof PythonPattern;
}

function checkMethod(place: AdaptablePlace, method: ResolvedLoraConfig['method']): void {
  const { path, parent, adapted, parametrize } = place;
  if (method === 'layer' && !parent) {
    throw new RangeError(
      'applyLora: the model is itself the module to adapt: put it into another, such as Sequential',
    );
  }
  if (method === 'parametrization' && !parametrize) {
    throw new RangeError(`applyLora: ${path} is an Embedding, which requires the method layer`);
  }
  const wraps = adapted instanceof LoraLayer;
  if (adapted && wraps !== (method === 'layer')) {
    throw new RangeError(`applyLora: ${path} is adapted by the other method already`);
  }
}

/** @throws RangeError for a module that stands in two places, of which PEFT would adapt one */
function checkApart(chosen: readonly AdaptablePlace[]): void {
  const paths = new Map<Module, string>();
  for (const { path, module } of chosen) {
    const other = paths.get(module);
    if (other !== undefined)
      throw new RangeError(`applyLora: ${other} and ${path} are one module: it cannot be adapted`);
    paths.set(module, path);
  }
}

/**
 * Refuses weights that are both embedding and head: an update would change both, which a pattern for all layers rarely means.
 * @throws RangeError for a weight that stands in two places
 */
function checkUntied(model: Module, chosen: readonly AdaptablePlace[]): void {
  const names = tensorNames(model);
  for (const { path, module } of chosen) {
    const weight: unknown = Reflect.get(module, 'weight');
    const places = weight instanceof Tensor ? (names.get(weight) ?? []) : [];
    if (places.length < 2) continue;
    throw new RangeError(
      `applyLora: targetModules reaches ${path}, whose weight is ${places.join(' and ')}: name the module in a list to adapt it`,
    );
  }
}

/** @throws RangeError for an exclusion or a pattern that matches nothing, which cannot be intended */
function checkMatches(
  config: ResolvedLoraConfig,
  all: readonly AdaptablePlace[],
  chosen: readonly AdaptablePlace[],
): void {
  const { excludeModules, rankPattern, alphaPattern } = config;
  const pathsOf = (places: readonly AdaptablePlace[]) =>
    places.map(({ path }) => path || '(the model itself)').join(', ');
  const exclusions = isPattern(excludeModules) ? [excludeModules] : excludeModules.map((name) => [name]);
  const unmatched = exclusions.filter((each) => {
    const matcher = new ModuleMatcher({ ...config, excludeModules: each });
    return !all.some(({ path }) => matcher.excludes(path));
  });
  if (unmatched.length > 0) {
    throw new RangeError(
      `applyLora: excludeModules matches no Linear or Embedding module: ${unmatched.join(', ')}: there are ${pathsOf(all)}`,
    );
  }
  for (const [option, patterns] of Object.entries({ rankPattern, alphaPattern })) {
    const unused = [...patterns.keys()].filter((pattern) => {
      const matcher = new ModuleMatcher({ ...config, rank: 0, rankPattern: new Map([[pattern, 1]]) });
      return !chosen.some(({ path }) => matcher.numbersOf(path).rank === 1);
    });
    if (unused.length === 0) continue;
    throw new RangeError(
      `applyLora: ${option} matches no adapted module: ${unused.join(', ')}: there are ${pathsOf(chosen)}`,
    );
  }
}

/** @throws RangeError when the rank exceeds both sizes of the module, or the update would be 0 */
function checkNumbers({ path, inFeatures, outFeatures, rank, alpha }: Target): void {
  if (alpha === 0) {
    throw new RangeError(`lora: alpha must not be 0, or nothing would train: ${path || 'a layer'}`);
  }
  const largest = Math.max(inFeatures, outFeatures);
  if (rank <= largest) return;
  const where = `${path || 'a layer'} (${inFeatures} to ${outFeatures})`;
  throw new RangeError(`lora: rank must be an integer from 1 to ${largest} for ${where}: ${rank}`);
}

/** A parameter that trains as a whole. */
export interface WholeParameter {
  readonly path: string;
  readonly module: Module;
  readonly field: string;
}

/**
 * The biases and the parameters of whole modules that a config names.
 * @throws RangeError when a module to save does not exist, has no parameter, or has a module in it that is adapted
 * @param isNew  false for values that exist already, whose names may also be those of other models
 */
export function wholeParameters(
  model: Module,
  { bias, modulesToSave }: ResolvedLoraConfig,
  targets: readonly { readonly path: string }[],
  isNew = true,
): WholeParameter[] {
  const modules = [...baseModules(model)];
  const missing = modulesToSave.filter((name) => !modules.some(([path]) => isSavedWhole(path, [name])));
  if (isNew && missing.length > 0) {
    throw new RangeError(`applyLora: no module to save is named ${missing.join(', ')}`);
  }
  const isSaved = (path: string) => ownerAmong(path, modulesToSave) !== undefined;
  const both = targets.find(({ path }) => isSaved(path));
  if (both) throw new RangeError(`applyLora: ${both.path} cannot be both adapted and saved as a whole`);
  const found: WholeParameter[] = [];
  for (const [path, module] of modules) {
    for (const [name] of module.namedTensors()) {
      if (name.includes('.')) continue;
      const isBias =
        name === 'bias' && (bias === 'all' || (bias === 'lora_only' && targets.some((t) => t.path === path)));
      if (isSaved(path) || isBias) found.push({ path: joinPath(path, name), module, field: name });
    }
  }
  const empty = modulesToSave.filter((name) => !found.some(({ path }) => ownerAmong(path, [name])));
  if (isNew && empty.length > 0) {
    throw new RangeError(`applyLora: a module to save has no parameter to train: ${empty.join(', ')}`);
  }
  for (const { module, field } of found) baseParameter(module, field);
  return found;
}
