/**
 * Parametrizations: a parameter of a module is replaced by a function of it. The original stays, under
 * `parametrizations.<name>.original`, and the functions beside it as `parametrizations.<name>.0`, `.1`, ….
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parametrize.register_parametrization.html
 */
import { noGrad } from '../autograd/record.js';
import { ShapeError } from '../base/errors.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import { Parameter, type Tensor } from '../tensor.js';
import { Layer, type Module } from './module.js';
import { requireUnused } from './use.js';

/** The original parameter and the functions that are applied to it, first to last. */
class ParametrizationList extends Layer {
  /** The functions; named `0`, `1`, … as fields. */
  readonly #steps: Layer[] = [];

  constructor(readonly original: Parameter) {
    super();
  }

  append(step: Layer): void {
    Object.assign(this, { [this.#steps.length]: step });
    this.#steps.push(step);
  }

  get steps(): readonly Layer[] {
    return this.#steps;
  }

  forward(original: Tensor): Tensor {
    return this.#steps.reduce((value, step) => step.forward(value), original);
  }
}

function listOf(module: Module, name: string): ParametrizationList | undefined {
  const lists: unknown = Reflect.get(module, 'parametrizations');
  if (typeof lists !== 'object' || lists === null) return undefined;
  const list: unknown = Reflect.get(lists, name);
  return list instanceof ParametrizationList ? list : undefined;
}

function requireList(what: string, module: Module, name: string): ParametrizationList {
  const list = listOf(module, name);
  if (!list) throw new RangeError(`${what}: ${name} is not parametrized`);
  return list;
}

/**
 * Makes `module[name]` the result of `parametrization.forward(original)`, computed again whenever it is read. On
 * a parameter that is already parametrized, the new function is applied after the others.
 * @param name  a field of `module` that holds a Parameter
 * @throws RangeError when it does not, ShapeError when the function changes the shape, Error while a call such as `fit` or
 *   `evaluate` uses the module
 */
export function registerParametrization(module: Module, name: string, parametrization: Layer): void {
  requireUnused('registerParametrization', [module], { subject: 'the module', beside: ['change'] });
  const before: unknown = Reflect.get(module, name);
  let list = listOf(module, name);
  if (!list && !(before instanceof Parameter)) {
    throw new RangeError(`registerParametrization: ${name} is not a parameter of the module`);
  }
  list ??= new ParametrizationList(before as Parameter); // just checked
  const { original } = list;
  const shape = noGrad(() => parametrization.forward(original).shape);
  if (shape.join() !== original.shape.join()) {
    throw new ShapeError(`registerParametrization: ${name} [${original.shape}] would become [${shape}]`);
  }
  list.append(parametrization);
  if (list.steps.length > 1) return;
  const installed = list;
  const others: unknown = Reflect.get(module, 'parametrizations');
  Reflect.set(module, 'parametrizations', { ...(others as object | undefined), [name]: installed });
  Object.defineProperty(module, name, {
    get: () => installed.forward(installed.original),
    configurable: true,
    enumerable: false,
  });
}

/** Options of `removeParametrizations`. */
export interface RemoveOptions {
  /** Whether to write the parametrized values into the original first. Default false. */
  readonly leaveParametrized?: boolean;
}

const NAMES: OptionNames<RemoveOptions> = { leaveParametrized: true };

/**
 * Makes `module[name]` the original parameter again.
 * @throws RangeError when it is not parametrized, ShapeError when the parametrized values have another shape, Error while a
 *   call such as `fit` or `evaluate` uses the module
 */
export function removeParametrizations(module: Module, name: string, options: RemoveOptions = {}): void {
  checkOptions('removeParametrizations', options, NAMES);
  const { original } = requireList('removeParametrizations', module, name);
  requireUnused('removeParametrizations', [module], { subject: 'the module', beside: ['change'] });
  if (options.leaveParametrized) {
    noGrad(() => {
      const value: Tensor = Reflect.get(module, name);
      if (value === original) return;
      if (value.shape.join() !== original.shape.join()) {
        throw new ShapeError(
          `removeParametrizations: ${name} [${original.shape}] would become [${value.shape}]`,
        );
      }
      original.device.run('copy', { out: original.storage, x: value.storage });
    });
  }
  Object.defineProperty(module, name, {
    value: original,
    writable: true,
    configurable: true,
    enumerable: true,
  });
  const lists: Record<string, unknown> = Reflect.get(module, 'parametrizations');
  delete lists[name];
  if (Object.keys(lists).length === 0) Reflect.deleteProperty(module, 'parametrizations');
}

/** The parameter behind a parametrized name. @throws RangeError when it is not parametrized */
export function originalParameter(module: Module, name: string): Parameter {
  return requireList('originalParameter', module, name).original;
}

/** The functions behind a name, first to last; none when it is not parametrized. */
export function parametrizationsOf(module: Module, name: string): readonly Layer[] {
  return listOf(module, name)?.steps ?? [];
}
