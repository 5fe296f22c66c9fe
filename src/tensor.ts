/** Tensors: a shape over a storage of a device. What made a tensor, and its backward, is in autograd.ts. */
import type { Backend, DType, HostArray, Storage } from './backends/backend.js';
import { ShapeError } from './errors.js';

export type Shape = readonly number[];

/** What autograd.ts hangs on a tensor that an op made. */
export interface GraphNode {
  backward(root: Tensor, gradient: Tensor | undefined): void;
}

/** The memory of a tensor, kept apart from it so that it can be freed when the tensor is garbage. */
export interface Holding {
  device: Backend;
  storage: Storage | undefined;
  gradient: Storage | undefined;
  /** What an op's forward computed for its backward. */
  saved: readonly Storage[];
}

const forgotten = new FinalizationRegistry<Holding>(freeHolding);

/** @internal Frees what is still held; calling it again does nothing. */
export function freeHolding(holding: Holding): void {
  const { device, storage, gradient, saved } = holding;
  holding.storage = undefined;
  holding.gradient = undefined;
  holding.saved = [];
  if (storage) device.free(storage);
  if (gradient) device.free(gradient);
  for (const each of saved) device.free(each);
}

export class Tensor {
  readonly shape: Shape;
  /** Whether `backward()` computes a gradient for it. */
  requiresGrad = false;
  /** @internal the op that made it; undefined on a leaf */
  node: GraphNode | undefined;
  /** @internal */
  readonly holding: Holding;
  #hasGradient = false;
  #gradientView: Tensor | undefined;
  #releasedBy = '';

  /** Takes over `storage`, which has as many elements as `shape` says. */
  constructor(device: Backend, storage: Storage, shape: Shape) {
    const length = elementCount(shape);
    if (storage.length !== length) {
      throw new ShapeError(`Tensor: shape [${shape}] wants ${length} elements: got ${storage.length}`);
    }
    this.shape = shape;
    this.holding = { device, storage, gradient: undefined, saved: [] };
  }

  get device(): Backend {
    return this.holding.device;
  }

  get dtype(): DType {
    return this.storage.dtype;
  }

  /** Elements. */
  get length(): number {
    return elementCount(this.shape);
  }

  /** The device memory. @throws Error when it was released */
  get storage(): Storage {
    const { storage } = this.holding;
    if (!storage) throw new Error(`tensor [${this.shape}]: its memory was released by ${this.#releasedBy}`);
    return storage;
  }

  get isReleased(): boolean {
    return this.holding.storage === undefined;
  }

  /** The gradient that `backward()` accumulated, same shape; undefined before, and after `zeroGrad()`. */
  get grad(): Tensor | undefined {
    const { gradient } = this.holding;
    if (!this.#hasGradient || !gradient) return undefined;
    this.#gradientView ??= new Tensor(this.device, gradient, this.shape);
    return this.#gradientView;
  }

  /** Forgets the gradient; the next `backward()` starts anew in the same memory. */
  zeroGrad(): void {
    this.#hasGradient = false;
  }

  /**
   * Accumulates d(this)/d(leaf) into `grad` of every leaf that requires one, and gives the graph's memory
   * back: all but this tensor itself, which stays readable until the next graph is begun.
   * @param gradient  of the final result with respect to this tensor, same shape; needed unless this
   *   tensor has one element
   * @throws Error without a graph, or when the graph was used already
   * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html
   */
  backward(gradient?: Tensor): void {
    if (!this.node) {
      throw new Error(
        'backward: the tensor has no graph: none of its inputs requires a gradient, or it was made in noGrad()',
      );
    }
    this.node.backward(this, gradient);
  }

  /** A copy of the values in row-major order: Float32Array (Float64Array on `reference`), or Int32Array. */
  read(): Promise<HostArray> {
    return this.device.read(this.storage);
  }

  /** The value of a tensor of one element. */
  async item(): Promise<number> {
    if (this.length !== 1) throw new ShapeError(`item: the tensor must have one element: [${this.shape}]`);
    return (await this.read())[0];
  }

  /** Replaces all values, in place. @throws ShapeError unless `data` has as many elements */
  write(data: ArrayLike<number>): void {
    if (data.length !== this.length) {
      throw new ShapeError(`write: [${this.shape}] wants ${this.length} values: got ${data.length}`);
    }
    this.device.write(this.storage, data);
  }

  /** Gives the memory back now. Without it, memory goes back when the tensor is garbage. */
  dispose(): void {
    this.release('dispose()');
  }

  /** @internal */
  release(by: string): void {
    if (this.isReleased) return;
    this.#releasedBy = by;
    this.#hasGradient = false;
    freeHolding(this.holding);
  }

  /** @internal Lets the garbage collector free the memory: for tensors that no graph owns. */
  own(): this {
    forgotten.register(this, this.holding);
    return this;
  }

  /** @internal Moves a leaf, without its gradient, to another device. */
  async to(device: Backend): Promise<void> {
    if (device === this.device) return;
    const { dtype, length } = this;
    const values = await this.read();
    const storage = device.alloc(dtype, length);
    device.write(storage, values);
    this.zeroGrad();
    freeHolding(this.holding);
    this.holding.device = device;
    this.holding.storage = storage;
    this.#gradientView = undefined;
  }

  /** @internal Where to add a gradient of this leaf, and whether there is one already. */
  gradientTarget(): { storage: Storage; beta: 0 | 1 } {
    this.holding.gradient ??= this.device.alloc('f32', this.length);
    const beta = this.#hasGradient ? 1 : 0;
    this.#hasGradient = true;
    return { storage: this.holding.gradient, beta };
  }

  /** @internal Moves values and gradient into given memory, so that many tensors lie in one stretch. */
  rehome(storage: Storage, gradient: Storage): void {
    this.device.copy(storage, this.storage);
    if (this.#hasGradient && this.holding.gradient) this.device.copy(gradient, this.holding.gradient);
    freeHolding(this.holding);
    this.holding.storage = storage;
    this.holding.gradient = gradient;
    this.#gradientView = undefined;
  }
}

/** A tensor that a module trains: it requires a gradient unless it is frozen. */
export class Parameter extends Tensor {
  constructor(device: Backend, storage: Storage, shape: Shape) {
    super(device, storage, shape);
    this.requiresGrad = true;
    this.own();
  }
}

export function elementCount(shape: Shape): number {
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new ShapeError(`shape: sizes must be non-negative integers: [${shape}]`);
    }
    count *= size;
  }
  return count;
}

function upload(device: Backend, data: ArrayLike<number>, shape: Shape, dtype: DType): Storage {
  const length = elementCount(shape);
  if (data.length !== length) {
    throw new ShapeError(`tensor: shape [${shape}] wants ${length} values: got ${data.length}`);
  }
  const storage = device.alloc(dtype, length);
  device.write(storage, data);
  return storage;
}

/**
 * A tensor with the given values. It is yours: `write()` new values into it in a loop rather than making
 * many, or `dispose()` it; one that is forgotten goes back when the garbage collector finds it.
 * @param data   row-major values, as many as `shape` says
 * @param dtype  `f32`, or `i32` for class indices
 */
export function tensor(
  device: Backend,
  data: ArrayLike<number>,
  shape: Shape,
  dtype: 'f32' | 'i32' = 'f32',
): Tensor {
  return new Tensor(device, upload(device, data, shape, dtype), shape).own();
}

/** A tensor of zeros. */
export function zeros(device: Backend, shape: Shape, dtype: 'f32' | 'i32' = 'f32'): Tensor {
  const storage = device.alloc(dtype, elementCount(shape));
  device.fill(storage, 0);
  return new Tensor(device, storage, shape).own();
}

/** A trainable tensor with the given values; without any, the memory is undefined until it is written. */
export function parameter(device: Backend, data: ArrayLike<number> | undefined, shape: Shape): Parameter {
  const storage = data ? upload(device, data, shape, 'f32') : device.alloc('f32', elementCount(shape));
  return new Parameter(device, storage, shape);
}

/** A frozen or trainable copy of a tensor, in memory of its own. */
export function copyParameter(source: Tensor, requiresGrad: boolean): Parameter {
  const copy = parameter(source.device, undefined, source.shape);
  source.device.copy(copy.storage, source.storage);
  copy.requiresGrad = requiresGrad;
  return copy;
}
