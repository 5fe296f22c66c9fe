import { beginStepIfNone, endStep } from '../autograd/step.js';
import type { Backend, Storage } from '../backends/backend.js';
import { ShapeError } from '../base/errors.js';
import { hostTensors, type StateDict } from '../nn/module.js';
import { changing, reading, requireUnused } from '../nn/use.js';
import { type Parameter, Tensor, zeros } from '../tensor.js';
import { FlatParameters } from './flat.js';
import { checkAtLeastZero, type Group, groupsOf, type OptimizerParameters } from './groups.js';

/** Length of the largest hyperparameter block. */
const HYPER_LENGTH = 8;

/**
 * Base class of all optimizers. Parameters are moved into one block of memory, with the optimizer's state in
 * blocks of the same layout; a step is one kernel call for each group when every parameter has a gradient, and otherwise one
 * per parameter that has one. A parameter without a gradient does not change, nor does its step count, as in PyTorch.
 * The hyperparameters of a step (learning rate, bias corrections) are written to device memory.
 */
export abstract class Optimizer {
  /** Learning rate of groups that have none of their own. May be changed between steps. */
  learningRate: number;
  /** Factor of every learning rate, for a custom schedule; `fit` multiplies its own schedule by it. */
  learningRateFactor = 1;
  /** @internal The schedule of the `fit` that is running; 1 outside. */
  scheduleFactor = 1;
  readonly parameters: readonly Parameter[];
  readonly #stateNames: readonly string[];
  readonly #stepCounts: number[];
  readonly #groups: readonly Group[];
  #memory: OptimizerMemory;
  #isDisposed = false;

  /**
   * @param name  name of the algorithm
   * @param parameters  parameters, of which those that currently require a gradient are trained
   * @param stateNames  names of the numbers kept for each value of a parameter, initially zero
   * @throws RangeError when none requires a gradient, one is listed twice, or a number is out of range; Error while `fit`
   *   trains one of them with another optimizer, which would lose them
   */
  constructor(
    readonly name: string,
    parameters: OptimizerParameters,
    learningRate: number,
    stateNames: readonly string[],
  ) {
    const { all, groups } = groupsOf(name, parameters);
    this.parameters = all;
    this.#groups = groups;
    if (this.parameters.length === 0) throw new RangeError(`${name}: no parameter requires a gradient`);
    checkAtLeastZero(name, { learningRate });
    requireUnused(name, this.parameters, { subject: 'a parameter', beside: ['read', 'switch'] });
    this.learningRate = learningRate;
    this.#stateNames = stateNames;
    this.#memory = allocate(this.parameters, stateNames, groups);
    this.#stepCounts = this.parameters.map(() => 0);
  }

  /** The hyperparameters of a parameter's `step`-th step, in the kernel's order. */
  protected abstract hyper(step: number, learningRate: number): number[];
  protected abstract apply(
    device: Backend,
    value: Storage,
    gradient: Storage,
    state: Readonly<Record<string, Storage>>,
    hyper: Storage,
  ): void;

  /**
   * Steps every parameter that has a gradient.
   * @throws Error when none has one, RangeError when the learning rate is negative or not finite
   */
  step(): void {
    endStep();
    if (this.prepareStep()) {
      this.applyStep();
      this.finishStep();
      return;
    }
    if (this.parameters.every(({ grad }) => !grad)) {
      throw new Error(
        `${this.name}: step: no parameter has a gradient: call backward() first, on a loss that depends on them`,
      );
    }
    for (const [i, parameter] of this.parameters.entries()) if (parameter.grad) this.#stepOne(i);
  }

  /**
   * @internal Writes the hyperparameters of the next step to the device, if they are the same for all parameters: each has a
   * gradient, and all have taken the same number of steps.
   */
  prepareStep(): boolean {
    this.#checkUse();
    const isUniform = this.isInStep && this.parameters.every(({ grad }) => grad !== undefined);
    if (!isUniform) return false;
    for (const [i] of this.#groups.entries()) this.#writeHyper(i, this.#stepCounts[0] + 1);
    return true;
  }

  /** The settings that determine a step, by the names of their options, for a checkpoint to compare. */
  get settings(): Readonly<Record<string, number | boolean>> {
    return { learningRate: this.learningRate };
  }

  /** @internal Parameters in the order of their state, with a learning rate where their group has its own. */
  get places(): { readonly parameter: Parameter; readonly learningRate: number | undefined }[] {
    return this.parameters.map((parameter, i) => ({
      parameter,
      learningRate: this.#groups.find(({ end }) => i < end)?.learningRate,
    }));
  }

  /** @internal Number of steps that each parameter has taken. */
  get stepCounts(): readonly number[] {
    return [...this.#stepCounts];
  }

  /** @internal Whether all parameters have taken the same number of steps. */
  get isInStep(): boolean {
    const counts = this.#stepCounts;
    return counts.every((count) => count === counts[0]);
  }

  /** @internal Steps all parameters with the hyperparameters that `prepareStep` wrote. */
  applyStep(): void {
    const { device } = this.#memory.flat.values;
    for (const { values, gradients, state, hyper } of this.#memory.groups) {
      const parts = mapRecord(state, ({ storage }) => storage);
      this.apply(device, values.storage, gradients.storage, parts, hyper.storage);
    }
  }

  /**
   * Scales the gradient of all parameters together to a norm of at most `maxNorm`, by the factor
   * min(1, maxNorm / (‖g‖ + 1e-6)). Call it before `step()`.
   * @throws Error when a parameter has no gradient
   * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html
   */
  clipNorm(maxNorm: number): void {
    this.#checkUse();
    const { flat, norm } = this.#memory;
    if (this.parameters.some(({ grad }) => !grad)) {
      throw new Error('optimizer: clipNorm requires a gradient of every parameter: freeze those without');
    }
    const { device, storage } = flat.gradients;
    device.run('rowNorms', { out: norm.storage, x: storage, rows: 1, cols: storage.length });
    device.run('clipNorm', { x: storage, norm: norm.storage, maxNorm });
  }

  /** The norm of all gradients together, as the last `clipNorm` computed it. */
  async readNorm(): Promise<number> {
    const [norm] = await this.#memory.norm.read();
    return norm;
  }

  /** @internal Counts the step. */
  finishStep(): void {
    for (let i = 0; i < this.#stepCounts.length; i++) this.#stepCounts[i] += 1;
  }

  /** Discards all gradients. */
  zeroGrad(): void {
    beginStepIfNone();
    for (const parameter of this.parameters) parameter.zeroGrad();
  }

  /**
   * Copies of the state: `step` per parameter, and every part of the state under `<name>.<index>`, all from one moment:
   * during a running `fit` they are those between two iterations.
   */
  stateDict(): Promise<StateDict> {
    return reading('stateDict', this.#things, () => this.#readState(), 'the optimizer');
  }

  async #readState(): Promise<StateDict> {
    this.#checkOpen();
    const dict: StateDict = new Map();
    dict.set('step', { shape: [this.#stepCounts.length], data: Float64Array.from(this.#stepCounts) });
    const { flat, state } = this.#memory;
    const slices: [name: string, slice: Tensor][] = [];
    for (const [name, stretch] of Object.entries(state)) {
      for (const [i, { shape }] of this.parameters.entries()) {
        slices.push([`${name}.${i}`, new Tensor(stretch.device, flat.slice(stretch, i), shape)]);
      }
    }
    try {
      for (const [name, tensor] of await hostTensors(slices)) dict.set(name, tensor);
    } finally {
      for (const [, slice] of slices) slice.dispose();
    }
    return dict;
  }

  /** Restores the state of `stateDict`. @throws ShapeError naming everything that does not fit; nothing changes then */
  loadStateDict(dict: StateDict): void {
    this.#checkOpen();
    const { flat, state } = this.#memory;
    const expected = new Map<string, string>([['step', String(this.parameters.length)]]);
    for (const name of Object.keys(state)) {
      for (const [i, parameter] of this.parameters.entries())
        expected.set(`${name}.${i}`, parameter.shape.join());
    }
    const problems: string[] = [];
    for (const [name, shape] of expected) {
      const given = dict.get(name);
      if (!given) problems.push(`missing ${name}`);
      else if (given.shape.join() !== shape)
        problems.push(`${name} must be [${shape}]: got [${given.shape}]`);
    }
    for (const name of dict.keys()) if (!expected.has(name)) problems.push(`unexpected ${name}`);
    if (problems.length > 0) throw new ShapeError(`optimizer: loadStateDict: ${problems.join('; ')}`);
    for (let i = 0; i < this.parameters.length; i++) {
      this.#stepCounts[i] = dict.get('step')?.data[i] ?? 0;
      for (const [name, stretch] of Object.entries(state)) {
        const slice = flat.slice(stretch, i);
        stretch.device.write(slice, dict.get(`${name}.${i}`)?.data ?? []);
        stretch.device.free(slice);
      }
    }
  }

  /**
   * Moves the state to another device, and the parameters that are not on it yet, bit for bit between devices
   * of float32. Gradients are discarded. The call waits for a running `evaluate` of the model.
   * @throws DeviceError when a device is lost, Error while `fit` uses the optimizer
   */
  to(device: Backend): Promise<this> {
    return changing('to', this.#things, () => this.#move(device), 'the optimizer');
  }

  async #move(device: Backend): Promise<this> {
    const state = await this.#readState();
    const before = this.#memory;
    for (const parameter of this.parameters) await parameter.to(device);
    this.#memory = allocate(this.parameters, this.#stateNames, this.#groups);
    this.loadStateDict(state);
    free(before);
    return this;
  }

  /** The objects that a call using this optimizer holds. */
  get #things(): object[] {
    return [this, ...this.parameters];
  }

  /**
   * Frees the state; twice is harmless. The parameters keep their values, and their memory until they are disposed.
   * @throws Error while `fit` uses the optimizer
   */
  dispose(): void {
    requireUnused('dispose', [this], { subject: 'the optimizer' });
    this.#isDisposed = true;
    free(this.#memory);
  }

  /** @throws Error when it was disposed, or a parameter was or has moved */
  #checkUse(): void {
    this.#checkOpen();
    this.#memory.flat.checkHomes();
  }

  #checkOpen(): void {
    if (this.#isDisposed) throw new Error(`${this.name}: the optimizer was disposed: make a new one`);
  }

  #stepOne(i: number): void {
    const { flat, state, groups } = this.#memory;
    const { grad, device, storage } = this.parameters[i];
    if (!grad) return;
    this.#stepCounts[i] += 1;
    const group = this.#groups.findIndex(({ end }) => i < end);
    const { hyper } = groups[group];
    this.#writeHyper(group, this.#stepCounts[i]);
    const slices = mapRecord(state, (stretch) => flat.slice(stretch, i));
    this.apply(device, storage, grad.storage, slices, hyper.storage);
    for (const slice of Object.values(slices)) device.free(slice);
  }

  #writeHyper(group: number, step: number): void {
    const { hyper } = this.#memory.groups[group];
    const learningRate = this.#groups[group].learningRate ?? this.learningRate;
    const { learningRateFactor } = this;
    checkAtLeastZero(this.name, { learningRate, learningRateFactor });
    const factor = learningRateFactor * this.scheduleFactor;
    hyper.device.write(hyper.storage, this.hyper(step, learningRate * factor));
  }
}

/** An optimizer's memory on the device. */
interface OptimizerMemory {
  readonly flat: FlatParameters;
  /** State blocks, each with the length of the values. */
  readonly state: Readonly<Record<string, Tensor>>;
  readonly groups: readonly GroupMemory[];
  /** Norm of the gradient, where it is clipped. */
  readonly norm: Tensor;
}

/** A group's part of the blocks, and its hyperparameters. */
interface GroupMemory {
  readonly values: Tensor;
  readonly gradients: Tensor;
  readonly state: Readonly<Record<string, Tensor>>;
  readonly hyper: Tensor;
}

function allocate(
  parameters: readonly Parameter[],
  stateNames: readonly string[],
  groups: readonly Group[],
): OptimizerMemory {
  const flat = new FlatParameters(parameters);
  const { device } = flat.values;
  const state = Object.fromEntries(stateNames.map((name) => [name, flat.companion()]));
  const memories = groups.map(({ first, end }) => ({
    values: flat.run(flat.values, first, end),
    gradients: flat.run(flat.gradients, first, end),
    state: mapRecord(state, (stretch) => flat.run(stretch, first, end)),
    hyper: zeros(device, [HYPER_LENGTH]),
  }));
  return { flat, state, groups: memories, norm: zeros(device, [1]) };
}

function free({ flat, state, groups, norm }: OptimizerMemory): void {
  for (const { values, gradients, state: parts, hyper } of groups) {
    for (const tensor of [values, gradients, ...Object.values(parts), hyper]) tensor.dispose();
  }
  norm.dispose();
  flat.dispose();
  for (const stretch of Object.values(state)) stretch.dispose();
}

function mapRecord<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
