/**
 * A tree of modules with named parameters. A module's parameters, buffers and children are its own fields:
 * a `Parameter` is trained, any other `Tensor` is a buffer (saved, not trained), a `Module` is a child; all of them may also
 * lie in arrays, plain objects and Maps, within each other. Names are the paths of the fields, as PyTorch writes them:
 * `linear1.weight`, `layers.0.bias`. Fields whose names begin with `#` cannot be seen. A module or tensor that stands in
 * several places, such as a weight that two layers share, is one: it has the first of its names, is trained once and saved
 * once.
 */
import type { Backend } from '../backends/backend.js';
import { ShapeError } from '../base/errors.js';
import { isFrozenWeight, Parameter, type Shape, Tensor } from '../tensor.js';
import { fieldsOf } from './fields.js';
import { modeInPass } from './mode.js';
import { changing, reading, requireUnused } from './use.js';

/** The values of one tensor on the host. */
export interface HostTensor {
  readonly shape: Shape;
  /** Row-major. */
  readonly data: Float32Array | Float64Array;
}

/** Parameters and buffers by name. */
export type StateDict = Map<string, HostTensor>;

export abstract class Module {
  #training = true;
  /** @internal Tensors outside the module's state, as PyTorch's non-persistent buffers, such as a bias that is switched off. */
  readonly nonPersistent = new Set<Tensor>();

  /**
   * Whether this module is in training mode: false after `eval()`. In a forward pass of `fit` or `evaluate` it is the mode
   * of that pass.
   */
  get training(): boolean {
    return modeInPass(this) ?? this.#training;
  }

  set training(training: boolean) {
    this.#training = training;
  }

  /**
   * Child modules by field name, in the order of the fields.
   * @throws TypeError for a Set of modules, or a Map of them whose keys are not strings: they have no names
   */
  *namedChildren(): Generator<[name: string, child: Module]> {
    for (const { name, value } of fieldsOf(this, isPart)) if (value instanceof Module) yield [name, value];
  }

  /** This module and all below it, each once, by path; its own path is ''. */
  *namedModules(prefix = '', seen = new Set<Module>()): Generator<[path: string, module: Module]> {
    if (seen.has(this)) return;
    seen.add(this);
    yield [prefix, this];
    for (const [name, child] of this.namedChildren()) yield* child.namedModules(joinPath(prefix, name), seen);
  }

  /** Parameters and buffers of this module and all below it, each once, by path. */
  *namedTensors(): Generator<[path: string, tensor: Tensor]> {
    for (const [tensor, [first]] of tensorNames(this)) yield [first, tensor];
  }

  /** Parameters of this module and all below it, by path. */
  *namedParameters(): Generator<[path: string, parameter: Parameter]> {
    for (const [path, tensor] of this.namedTensors()) {
      if (tensor instanceof Parameter) yield [path, tensor];
    }
  }

  parameters(): Parameter[] {
    return Array.from(this.namedParameters(), ([, parameter]) => parameter);
  }

  /**
   * Puts `child` in the place of the child with this name.
   * @throws RangeError when there is none, Error while a call such as `fit` or `evaluate` uses the model
   */
  replaceChild(name: string, child: Module): void {
    requireUnused('replaceChild', [this], { beside: ['change'] });
    for (const field of fieldsOf(this, isPart)) {
      if (field.name !== name || !(field.value instanceof Module)) continue;
      field.replace(child);
      return;
    }
    throw new RangeError(`replaceChild: there is no child named ${name}`);
  }

  /** The layer that gives a language model's logits, which `all-linear` leaves out as in PEFT; undefined in other models. */
  get outputEmbedding(): Module | undefined {
    return undefined;
  }

  /** Puts this module and all below it in training mode. */
  train(mode = true): this {
    for (const [, module] of this.namedModules()) module.training = mode;
    return this;
  }

  /** Puts this module and all below it in evaluation mode. */
  eval(): this {
    return this.train(false);
  }

  /**
   * Sets whether the parameters of this module and all below it require gradients; false freezes them.
   * @throws Error while `fit` trains them
   */
  requiresGrad(required = true): this {
    requireUnused('requiresGrad', modelParts(this), { beside: ['read', 'change', 'switch'] });
    const parameters = this.parameters();
    // Before any other is changed.
    if (required) for (const each of parameters.filter(isFrozenWeight)) each.requiresGrad = true;
    for (const parameter of parameters) parameter.requiresGrad = required;
    return this;
  }

  /**
   * Copies of all parameters and buffers, by name, all from one moment: during a running `fit` they are those between two
   * iterations, and during a running `merge` those after it.
   */
  stateDict(): Promise<StateDict> {
    return reading('stateDict', modelParts(this), () => hostTensors(this.namedTensors()));
  }

  /**
   * Replaces the values of all parameters and buffers. A tensor that has several names may be given by any of them.
   * @throws ShapeError that names everything missing, unexpected or misshapen, Error while `fit`, `evaluate` or `merge`
   *   uses the model; nothing is changed then
   */
  loadStateDict(state: ReadonlyMap<string, HostTensor>): void {
    requireUnused('loadStateDict', modelParts(this), { beside: ['switch'] });
    const all = tensorNames(this);
    const known = new Set([...all.values()].flat());
    const problems: string[] = [];
    const values = new Map<Tensor, HostTensor>();
    for (const [tensor, names] of all) {
      const given = names.flatMap((name) => {
        const found = state.get(name);
        return found ? [{ name, found }] : [];
      });
      if (given.length === 0) problems.push(`missing ${names[0]}`);
      else values.set(tensor, given[0].found);
      for (const { name, found } of given) {
        const problem = misfit(name, found, tensor);
        if (problem) problems.push(problem);
        else if (!isSame(found, given[0].found))
          problems.push(`${given[0].name} and ${name} are one tensor here, but differ`);
      }
    }
    for (const name of state.keys()) if (!known.has(name)) problems.push(`unexpected ${name}`);
    if (problems.length > 0) throw new ShapeError(`loadStateDict: ${problems.join('; ')}`);
    for (const [tensor, { data }] of values) tensor.write(data);
  }

  /**
   * Moves everything to another device, bit for bit between devices of float32. Gradients are discarded. An
   * optimizer of these parameters must be moved with `optimizer.to(device)`, before or after. The call waits for a running
   * `evaluate`.
   * @throws DeviceError when a device is lost (to leave a lost device, use `loadStateDict` with a copy); Error while `fit`
   *   trains the model
   */
  to(device: Backend): Promise<this> {
    return changing('to', modelParts(this), async () => {
      for (const tensor of allTensors(this)) await tensor.to(device);
      return this;
    });
  }

  /** Frees the memory of all parameters, their gradients and buffers. @throws Error while another call uses the model */
  dispose(): void {
    requireUnused('dispose', modelParts(this));
    freeModule(this);
  }
}

/** A module that computes a function of one tensor. */
export abstract class Layer extends Module {
  abstract forward(x: Tensor): Tensor;
}

/** @throws TypeError for a module without a forward pass, whatever its type says */
export function requireLayer(call: string, model: Module): asserts model is Layer {
  if (typeof Reflect.get(model, 'forward') === 'function') return;
  throw new TypeError(`${call}: the model must be a Layer, which has forward(x)`);
}

const isPart = (value: unknown) => value instanceof Module || value instanceof Tensor;

/** Every parameter and buffer of a module and all below it, with all its names. */
export function tensorNames(model: Module): Map<Tensor, [first: string, ...others: string[]]> {
  const names = new Map<Tensor, [string, ...string[]]>();
  for (const [path, module] of everyPlace(model)) {
    for (const { name, value } of fieldsOf(module, isPart)) {
      if (!(value instanceof Tensor)) continue;
      const whole = joinPath(path, name);
      const before = names.get(value);
      if (before) before.push(whole);
      else names.set(value, [whole]);
    }
  }
  return names;
}

/** Like `namedModules`, but lists a module that stands in several places once for each of them. */
function* everyPlace(module: Module, path = ''): Generator<[path: string, module: Module]> {
  yield [path, module];
  for (const [name, child] of module.namedChildren()) yield* everyPlace(child, joinPath(path, name));
}

function misfit(name: string, given: HostTensor, tensor: Tensor): string | undefined {
  if (given.shape.join() !== tensor.shape.join() || given.data.length !== tensor.length) {
    return `${name} must be [${tensor.shape}]: got [${given.shape}]`;
  }
  if (isFrozenWeight(tensor)) return `${name} is ${tensor.dtype}, whose values come only from a file`;
  const isWrong = tensor.dtype === 'i32' && given.data.some((value) => (value | 0) !== value);
  return isWrong ? `${name} must hold 32-bit integers` : undefined;
}

function isSame({ data: a }: HostTensor, { data: b }: HostTensor): boolean {
  if (a === b) return true;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return a.length === b.length;
}

/** Tensors of a module and all below it, including those outside its state. */
function allTensors(model: Module): Set<Tensor> {
  const tensors = new Set(Array.from(model.namedTensors(), ([, tensor]) => tensor));
  for (const [, module] of model.namedModules())
    for (const tensor of module.nonPersistent) tensors.add(tensor);
  return tensors;
}

/** Frees what `dispose` frees, for a call that itself uses the model. */
export function freeModule(model: Module): void {
  for (const tensor of allTensors(model)) tensor.dispose();
}

/** The modules and tensors of a model, which a call that uses it holds. */
export function modelParts(model: Module): object[] {
  return [...Array.from(model.namedModules(), ([, module]) => module), ...allTensors(model)];
}

/** Copies of tensors by name, all from one moment: that of the call. */
export async function hostTensors(
  tensors: Iterable<readonly [name: string, tensor: Tensor]>,
): Promise<StateDict> {
  const reads = Array.from(tensors, async ([name, tensor]) => {
    // Parameters, buffers and states are f32, so they are read as one of the two float arrays.
    const data = (await tensor.read()) as Float32Array | Float64Array;
    return [name, { shape: tensor.shape, data }] as const;
  });
  return new Map(await Promise.all(reads));
}

/** `prefix.name`, or `name` at the root. */
export function joinPath(prefix: string, name: string): string {
  return prefix === '' ? name : `${prefix}.${name}`;
}
