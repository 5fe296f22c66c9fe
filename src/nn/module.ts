/**
 * A tree of modules with named parameters. A module's parameters, buffers and children are its own fields:
 * a `Parameter` is trained, any other `Tensor` is a buffer (saved, not trained), a `Module` or an array or
 * plain object of them is a child. Names are the paths of the fields, as PyTorch writes them: `linear1.weight`, `layers.0.bias`.
 */
import type { Backend } from '../backends/backend.js';
import { ShapeError } from '../errors.js';
import { Parameter, type Shape, Tensor } from '../tensor.js';
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
  /** @internal Tensors that this module keeps beside its state, such as a bias that is switched off. */
  readonly kept = new Set<Tensor>();

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

  abstract forward(x: Tensor): Tensor;

  /** Child modules by field name, in the order of the fields. */
  *namedChildren(): Generator<[name: string, child: Module]> {
    for (const [name, value] of Object.entries(this)) {
      if (value instanceof Module) yield [name, value];
      else if (isContainer(value)) {
        for (const [key, item] of Object.entries(value))
          if (item instanceof Module) yield [`${name}.${key}`, item];
      }
    }
  }

  /** This module and all below it, by path; its own path is ''. */
  *namedModules(prefix = ''): Generator<[path: string, module: Module]> {
    yield [prefix, this];
    for (const [name, child] of this.namedChildren()) yield* child.namedModules(joinPath(prefix, name));
  }

  /** Parameters and buffers of this module and all below it, by path. */
  *namedTensors(): Generator<[path: string, tensor: Tensor]> {
    for (const [path, module] of this.namedModules()) {
      for (const [name, value] of Object.entries(module)) {
        if (value instanceof Tensor) yield [joinPath(path, name), value];
      }
    }
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
    const [field, key] = name.split('.');
    const container: unknown = key === undefined ? this : Reflect.get(this, field);
    if (
      typeof container !== 'object' ||
      container === null ||
      !(Reflect.get(container, key ?? field) instanceof Module)
    ) {
      throw new RangeError(`replaceChild: there is no child named ${name}`);
    }
    Reflect.set(container, key ?? field, child);
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
   * Says whether the parameters below require gradients; false freezes them.
   * @throws Error while `fit` trains them
   */
  requiresGrad(required = true): this {
    requireUnused('requiresGrad', modelParts(this), { beside: ['read', 'change', 'switch'] });
    for (const parameter of this.parameters()) parameter.requiresGrad = required;
    return this;
  }

  /**
   * Copies of all parameters and buffers, by name, all from one moment: beside a running `fit` they are those between two
   * iterations, and beside a running `merge` those after it.
   */
  stateDict(): Promise<StateDict> {
    return reading('stateDict', modelParts(this), () => hostTensors(this.namedTensors()));
  }

  /**
   * Replaces the values of all parameters and buffers.
   * @throws ShapeError that names everything missing, unexpected or misshapen, Error while `fit`, `evaluate` or `merge`
   *   uses the model; nothing is changed then
   */
  loadStateDict(state: ReadonlyMap<string, HostTensor>): void {
    requireUnused('loadStateDict', modelParts(this), { beside: ['switch'] });
    const own = new Map(this.namedTensors());
    const problems: string[] = [];
    for (const [name, tensor] of own) {
      const given = state.get(name);
      if (!given) problems.push(`missing ${name}`);
      else if (given.shape.join() !== tensor.shape.join() || given.data.length !== tensor.length) {
        problems.push(`${name} must be [${tensor.shape}]: got [${given.shape}]`);
      } else if (tensor.dtype === 'i32' && given.data.some((value) => (value | 0) !== value)) {
        problems.push(`${name} must hold 32-bit integers`);
      }
    }
    for (const name of state.keys()) if (!own.has(name)) problems.push(`unexpected ${name}`);
    if (problems.length > 0) throw new ShapeError(`loadStateDict: ${problems.join('; ')}`);
    for (const [name, { data }] of state) own.get(name)?.write(data);
  }

  /**
   * Moves everything to another device, bit for bit between devices of float32. Gradients are forgotten. An
   * optimizer of these parameters has to follow with `optimizer.to(device)`, before or after. A running `evaluate` ends
   * first.
   * @throws DeviceError when a device is lost; a lost device is left with `loadStateDict` from a copy. Error while `fit`
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

/** Tensors of a module and all below it, with those that are kept beside its state. */
function allTensors(model: Module): Set<Tensor> {
  const tensors = new Set(Array.from(model.namedTensors(), ([, tensor]) => tensor));
  for (const [, module] of model.namedModules()) for (const tensor of module.kept) tensors.add(tensor);
  return tensors;
}

/** Frees what `dispose` frees, for a call that uses the model itself. */
export function freeModule(model: Module): void {
  for (const tensor of allTensors(model)) tensor.dispose();
}

/** What a call that uses a model holds: its modules and tensors. */
export function modelParts(model: Module): object[] {
  return [...Array.from(model.namedModules(), ([, module]) => module), ...allTensors(model)];
}

/** Copies of tensors by name, all from one moment: that of the call. */
export async function hostTensors(
  tensors: Iterable<readonly [name: string, tensor: Tensor]>,
): Promise<StateDict> {
  const reads = Array.from(tensors, async ([name, tensor]) => {
    // Parameters, buffers and states are f32, which reads as one of the two float arrays.
    const data = (await tensor.read()) as Float32Array | Float64Array;
    return [name, { shape: tensor.shape, data }] as const;
  });
  return new Map(await Promise.all(reads));
}

function isContainer(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray(value) || [Object.prototype, null].includes(Object.getPrototypeOf(value));
}

/** `prefix.name`, or `name` at the root. */
export function joinPath(prefix: string, name: string): string {
  return prefix === '' ? name : `${prefix}.${name}`;
}
