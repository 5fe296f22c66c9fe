import type { Storage } from '../backends/backend.js';
import { ShapeError } from '../errors.js';
import type { StateDict } from '../nn/module.js';
import { type Parameter, type Tensor, tensor } from '../tensor.js';
import { FlatParameters } from './flat.js';

/**
 * What all optimizers share. Parameters are moved into one stretch of memory, with the optimizer's state in
 * stretches beside it; a step is one kernel call when every parameter has a gradient, and one per parameter
 * that has one otherwise. A parameter without a gradient is left alone, and its step count too, as PyTorch
 * does. The numbers of a step (learning rate, bias corrections) are written to device memory.
 */
export abstract class Optimizer {
  /** May be changed between steps. */
  learningRate: number;
  readonly parameters: readonly Parameter[];
  protected readonly flat: FlatParameters;
  readonly #hyper: Tensor;
  readonly #stepCounts: number[];

  /**
   * @param parameters  those that require a gradient now are trained
   * @throws RangeError when none requires a gradient, or a number is out of range
   */
  constructor(name: string, parameters: Iterable<Parameter>, learningRate: number) {
    this.parameters = Array.from(parameters).filter((parameter) => parameter.requiresGrad);
    if (this.parameters.length === 0) throw new RangeError(`${name}: no parameter requires a gradient`);
    checkAtLeastZero(name, { learningRate });
    this.learningRate = learningRate;
    this.flat = new FlatParameters(this.parameters);
    this.#hyper = tensor(this.flat.values.device, new Float32Array(8), [8]);
    this.#stepCounts = this.parameters.map(() => 0);
  }

  /** The stretches of state by name, each as long as the values. */
  protected abstract state(): Readonly<Record<string, Tensor>>;
  /** The numbers of a parameter's `step`-th step, in the kernel's order. */
  protected abstract hyper(step: number): number[];
  protected abstract apply(
    value: Storage,
    gradient: Storage,
    state: Readonly<Record<string, Storage>>,
    hyper: Storage,
  ): void;

  /** Steps every parameter that has a gradient. */
  step(): void {
    this.flat.checkHomes();
    const counts = this.#stepCounts;
    const ready = this.parameters.map((parameter) => parameter.grad !== undefined);
    if (ready.every((is, i) => is && counts[i] === counts[0])) {
      for (let i = 0; i < counts.length; i++) counts[i] += 1;
      this.#writeHyper(counts[0]);
      const { values, gradients } = this.flat;
      const state = mapRecord(this.state(), (stretch) => stretch.storage);
      this.apply(values.storage, gradients.storage, state, this.#hyper.storage);
    } else {
      for (let i = 0; i < counts.length; i++) if (ready[i]) this.#stepOne(i);
    }
  }

  /** Forgets all gradients. */
  zeroGrad(): void {
    for (const parameter of this.parameters) parameter.zeroGrad();
  }

  /** Copies of the state: `step` per parameter, and every stretch of state under `<name>.<index>`. */
  async stateDict(): Promise<StateDict> {
    const dict: StateDict = new Map();
    dict.set('step', { shape: [this.#stepCounts.length], data: Float64Array.from(this.#stepCounts) });
    for (const [name, stretch] of Object.entries(this.state())) {
      for (const [i, parameter] of this.parameters.entries()) {
        const slice = this.flat.slice(stretch, i);
        // State is f32, which reads as one of the two float arrays.
        const data = (await stretch.device.read(slice)) as Float32Array | Float64Array;
        stretch.device.free(slice);
        dict.set(`${name}.${i}`, { shape: parameter.shape, data });
      }
    }
    return dict;
  }

  /** Restores what `stateDict` gave. @throws ShapeError naming all that does not fit; nothing changes then */
  loadStateDict(dict: StateDict): void {
    const state = this.state();
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
        const slice = this.flat.slice(stretch, i);
        stretch.device.write(slice, dict.get(`${name}.${i}`)?.data ?? []);
        stretch.device.free(slice);
      }
    }
  }

  /** Frees the state. The parameters keep their values. */
  dispose(): void {
    this.#hyper.dispose();
    this.flat.dispose();
    for (const stretch of Object.values(this.state())) stretch.dispose();
  }

  #stepOne(i: number): void {
    const { flat, parameters } = this;
    const { grad, device, storage } = parameters[i];
    if (!grad) return;
    this.#stepCounts[i] += 1;
    this.#writeHyper(this.#stepCounts[i]);
    const state = mapRecord(this.state(), (stretch) => flat.slice(stretch, i));
    this.apply(storage, grad.storage, state, this.#hyper.storage);
    for (const slice of Object.values(state)) device.free(slice);
  }

  #writeHyper(step: number): void {
    const hyper = this.hyper(step);
    this.#hyper.device.write(this.#hyper.storage, hyper);
  }
}

/** @throws RangeError for a number that is negative or not finite */
export function checkAtLeastZero(name: string, numbers: Readonly<Record<string, number>>): void {
  for (const [what, value] of Object.entries(numbers)) {
    if (!(value >= 0 && Number.isFinite(value)))
      throw new RangeError(`${name}: ${what} must be at least 0: ${value}`);
  }
}

function mapRecord<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
