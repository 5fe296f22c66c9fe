import { Linear } from '../nn/linear.js';
import { joinPath, type Module } from '../nn/module.js';
import { parametrizationsOf } from '../nn/parametrization.js';
import { Random } from '../random.js';
import {
  checkRank,
  type LoraConfig,
  type LoraFactorOptions,
  type ResolvedLoraConfig,
  resolveConfig,
} from './config.js';
import { LoraLinear } from './loraLinear.js';
import { LoraParametrization } from './loraParametrization.js';
import { hasBias, SwitchedBias } from './switchedBias.js';

/** An adapter on a model: what `applyLora` put there. */
export class LoraAdapter {
  #enabled = true;

  /** @internal */
  constructor(
    readonly model: Module,
    readonly config: ResolvedLoraConfig,
    /** By the path of the adapted Linear. */
    readonly layers: ReadonlyMap<string, LoraLinear | LoraParametrization>,
    /** Biases that train outside the adapted layers, by the path of their module. */
    readonly otherBiases: ReadonlyMap<string, SwitchedBias>,
  ) {}

  /** Off, the model is its base bit for bit. */
  get enabled(): boolean {
    return this.#enabled;
  }

  set enabled(enabled: boolean) {
    this.#enabled = enabled;
    for (const layer of this.layers.values()) layer.enabled = enabled;
    for (const bias of this.otherBiases.values()) bias.enabled = enabled;
  }
}

interface Target {
  readonly path: string;
  readonly layer: Linear;
  readonly parent: Module | undefined;
  readonly name: string;
}

/**
 * Freezes `model` and adapts the chosen Linear modules, in place: `y = x Wᵀ + b + s (x Aᵀ) Bᵀ` with
 * s = alpha / rank, A `[rank, inFeatures]` drawn from `seed`, B `[outFeatures, rank]` zero. Only A, B and the
 * biases that `config.bias` names require gradients afterwards.
 * @throws RangeError when nothing matches, the rank exceeds both sizes of a layer, or the model is adapted
 *   already; the model is unchanged then
 * @see https://arxiv.org/abs/2106.09685 and PEFT's LoraConfig
 */
export function applyLora(model: Module, config: LoraConfig = {}): LoraAdapter {
  const resolved = resolveConfig(config);
  const targets = findTargets(model, resolved);
  for (const { path, layer } of targets) checkRank(resolved.rank, layer, path);
  const options = { ...resolved, random: new Random(resolved.seed).split('lora') };

  model.requiresGrad(false);
  const layers = new Map(targets.map((target) => [target.path, install(target, options)]));
  const otherBiases = new Map<string, SwitchedBias>();
  const adapted = new Set<Module>(targets.map(({ layer }) => layer));
  for (const [path, module] of model.namedModules()) {
    if (resolved.bias === 'all' && !adapted.has(module) && hasBias(module)) {
      otherBiases.set(path, new SwitchedBias(module));
    }
  }
  return new LoraAdapter(model, resolved, layers, otherBiases);
}

function install(
  { layer, parent, name }: Target,
  options: LoraFactorOptions & ResolvedLoraConfig,
): LoraLinear | LoraParametrization {
  const adapted =
    options.method === 'layer'
      ? new LoraLinear(layer, options)
      : LoraParametrization.register(layer, options);
  if (adapted instanceof LoraLinear) parent?.replaceChild(name, adapted);
  if (options.bias !== 'none' && hasBias(layer)) adapted.switchedBias = new SwitchedBias(layer);
  return adapted;
}

function findTargets(model: Module, { method, targetModules }: ResolvedLoraConfig): Target[] {
  const linears = [...linearModules(model)];
  const matching = linears.filter(({ path }) => matches(path, targetModules));
  const there = linears.map(({ path }) => path || '(the model itself)').join(', ') || 'none';
  const unmatched = Array.isArray(targetModules)
    ? targetModules.filter((name: string) => !linears.some(({ path }) => matches(path, [name])))
    : [];
  if (unmatched.length > 0 || matching.length === 0) {
    const wanted = unmatched.length > 0 ? unmatched.join(', ') : String(targetModules);
    throw new RangeError(`applyLora: no Linear module matches ${wanted}: there are ${there}`);
  }
  for (const { path, parent } of matching) {
    if (method === 'layer' && !parent) {
      throw new RangeError(
        'applyLora: the model is itself the Linear: wrap it with new LoraLinear(…) instead',
      );
    }
    if (parent instanceof LoraLinear) throw new RangeError(`applyLora: ${path} is adapted already`);
  }
  return matching;
}

function* linearModules(model: Module): Generator<Target> {
  if (model instanceof Linear) yield { path: '', layer: model, parent: undefined, name: '' };
  for (const [parentPath, parent] of model.namedModules()) {
    for (const [name, child] of parent.namedChildren()) {
      const path = joinPath(parentPath, name);
      if (child instanceof Linear) {
        if (parametrizationsOf(child, 'weight').some((each) => each instanceof LoraParametrization)) {
          throw new RangeError(`applyLora: ${path} is adapted already`);
        }
        yield { path, layer: child, parent, name };
      }
    }
  }
}

function matches(path: string, targetModules: ResolvedLoraConfig['targetModules']): boolean {
  if (targetModules === 'all-linear') return true;
  if (targetModules instanceof RegExp) return targetModules.exec(path)?.[0] === path;
  return targetModules.some((name) => path === name || path.endsWith(`.${name}`));
}
