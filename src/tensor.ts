/** Tensors: a shape over a storage of a device. The graph and its backward pass are in autograd/. */
import type { Backend, DType, HostArray, Storage } from './backends/backend.js';
import { isPackedType, PACKED, type PackedType, storageBytes } from './backends/elementTypes.js';
import { freeHolding, type Holding, own } from './backends/ownership.js';
import { unpackWeights } from './backends/packedWeights.js';
import { DeviceError, ShapeError } from './base/errors.js';
import { bfloatToNumber, halfToNumber } from './base/halves.js';
import { checkNumbers } from './files/bytes.js';

export type Shape = readonly number[];

/**
 * How products with a packed weight are computed: `exact` in f32; `fast` in integers, with activations rounded to 16 bits in
 * blocks of 32 (14 bits for both operands in the backward pass), at an error of about 1e-4 of the output, not 1e-7; `fastest`
 * like `fast`, but a single row, as in text generation, is rounded to 8 bits where the weight has 4, at an error of about 1e-2.
 */
export type Precision = 'exact' | 'fast' | 'fastest';

/** The graph node that autograd/graph.ts attaches to a tensor made by an op. */
export interface GraphNode {
  backward(root: Tensor, gradient: Tensor | undefined): void;
}

/** The counterpart for a tensor without a graph that graphs read. */
export interface Feed {
  /** The step of a training loop in which it was made. */
  readonly step: number;
  /** Tensors of the same kind that it was made from. */
  readonly sources: readonly WeakRef<Tensor>[];
  /** Ops whose backward may read it. */
  readers: number;
}

export class Tensor {
  readonly shape: Shape;
  #requiresGrad = false;
  /** @internal the op that made it; undefined on a leaf */
  node: GraphNode | undefined;
  /** @internal */
  feed: Feed | undefined;
  /** @internal Whether an op made it, so that another op may take over its memory. */
  isMade = false;
  /** @internal Whether something else reads its memory later: a backward, or a tensor that shares it. */
  isRead = false;
  /** @internal Whether an op took its memory over. */
  isMoved = false;
  /** @internal How products with it are computed, where it is packed. */
  precision: Precision = 'exact';
  /** @internal Computes the values again, to the same bits; set for cheap results of ops in a graph. */
  remake: ((out: Storage) => void) | undefined;
  #isSpared = false;
  /** @internal */
  readonly holding: Holding;
  #hasGradient = false;
  #gradientView: Tensor | undefined;
  /** The end of its memory: `released by …`, `taken over by …`. */
  #ended = '';
  #isOwned = false;
  #isKept = false;

  /** Takes over `storage`, whose length must be the number of elements of `shape`. */
  constructor(device: Backend, storage: Storage, shape: Shape) {
    const length = elementCount(shape);
    if (storage.length !== length) {
      throw new ShapeError(`Tensor: shape [${shape}] requires ${length} elements: got ${storage.length}`);
    }
    this.shape = shape;
    this.holding = { device, storage, gradient: undefined, saved: [], around: [] };
  }

  get device(): Backend {
    return this.holding.device;
  }

  get dtype(): DType {
    return this.storage.dtype;
  }

  /** Number of elements. */
  get length(): number {
    return elementCount(this.shape);
  }

  /** Whether `backward()` computes a gradient for it. @throws TypeError for a frozen weight of 16 bits or packed */
  get requiresGrad(): boolean {
    return this.#requiresGrad;
  }

  set requiresGrad(required: boolean) {
    if (required && isFrozenWeight(this)) {
      throw new TypeError(
        `requiresGrad: a weight of ${this.dtype} [${this.shape}] is not trained: load it as f32`,
      );
    }
    this.#requiresGrad = required;
  }

  /** The device memory. @throws Error when it was released */
  get storage(): Storage {
    const { storage } = this.holding;
    if (storage) return storage;
    if (!this.#isSpared) throw new Error(`tensor [${this.shape}]: its memory was ${this.#ended}`);
    const again = this.device.alloc('f32', this.length);
    this.holding.storage = again;
    this.#isSpared = false;
    this.remake?.(again);
    return again;
  }

  get isReleased(): boolean {
    return this.holding.storage === undefined && !this.#isSpared;
  }

  /** The gradient that `backward()` accumulated, same shape; undefined before, and after `zeroGrad()`. */
  get grad(): Tensor | undefined {
    const { gradient } = this.holding;
    if (!this.#hasGradient || !gradient) return undefined;
    this.#gradientView ??= new Tensor(this.device, gradient, this.shape);
    return this.#gradientView;
  }

  /** Forgets the gradient; the next `backward()` starts again in the same memory. */
  zeroGrad(): void {
    this.#hasGradient = false;
  }

  /**
   * Accumulates d(this)/d(leaf) into `grad` of every leaf that requires one, and frees the graph's memory,
   * except for this tensor, which stays readable until the next graph is begun.
   * @param gradient  gradient of the final result with respect to this tensor, same shape; required unless this
   *   tensor has one element
   * @throws Error without a graph, or when the graph was already used
   * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html
   */
  backward(gradient?: Tensor): void {
    if (!this.node) {
      throw new Error(
        'backward: the tensor has no graph: none of its inputs requires a gradient, or it was made in noGrad()',
      );
    }
    if (gradient) checkGradient(this, gradient);
    this.node.backward(this, gradient);
  }

  /** A copy of the values in row-major order: Float32Array (Float64Array on `reference`), or Int32Array. */
  read(): Promise<HostArray> {
    const { dtype } = this;
    const values = this.device.read(this.storage);
    if (isPackedType(dtype)) return values.then((bytes) => unpackWeights(dtype, bytes as Uint8Array));
    if (!isFrozenWeight(this)) return values;
    const numberOf = dtype === 'bf16' ? bfloatToNumber : halfToNumber;
    return values.then((bits) => new Float32Array(bits).map(numberOf));
  }

  /** The value of a tensor of one element. */
  async item(): Promise<number> {
    if (this.length !== 1) throw new ShapeError(`item: the tensor must have one element: [${this.shape}]`);
    return (await this.read())[0];
  }

  /**
   * Replaces all values, in place.
   * @throws ShapeError unless `data` has the same number of elements, RangeError for a value that the type cannot hold
   */
  write(data: ArrayLike<number>): void {
    checkNumbers(data, 'write: values');
    if (data.length !== this.length) {
      throw new ShapeError(`write: [${this.shape}] requires ${this.length} values: got ${data.length}`);
    }
    if (isFrozenWeight(this))
      throw new TypeError(`write: a weight of ${this.dtype} is loaded from a file, not written`);
    checkValues('write', data, this.dtype);
    this.device.write(this.storage, data);
  }

  /**
   * Keeps the memory, which would otherwise be freed by `backward()` of a graph that it belongs to or that reads it, or at the
   * end of the training step of `fit` or the `noGrad()` that it was made in. Afterwards it is a constant, and yours to `dispose()`.
   * @throws Error when it was released
   */
  keep(): this {
    if (this.storage) this.#isKept = true;
    return this.own();
  }

  /** Frees the memory now. Otherwise it is freed when the tensor is garbage-collected. */
  dispose(): void {
    this.#isKept = false;
    this.release('dispose()');
  }

  /** @internal Frees the memory until the values are needed, if they can be computed again then. */
  spare(): void {
    const { storage } = this.holding;
    if (!storage || !this.remake || this.#isKept) return;
    this.device.free(storage);
    this.holding.storage = undefined;
    this.#isSpared = true;
  }

  /** @internal Frees the memory; where that is kept, only what the graph had attached to it. */
  release(by: string): void {
    if (this.#isKept && !this.isReleased) {
      for (const storage of this.holding.saved) this.device.free(storage);
      this.holding.saved = [];
      this.node = undefined;
      this.remake = undefined;
      this.requiresGrad = false;
      return;
    }
    if (!this.isReleased) this.#ended = `released by ${by}`;
    this.#hasGradient = false;
    this.#isSpared = false;
    this.remake = undefined;
    freeHolding(this.holding);
  }

  /** @internal The reason why no op may take over the memory; undefined where one may. */
  get tie(): string | undefined {
    if (this.#isKept) return 'it is kept';
    if (!this.isMade) return 'no op made it';
    return this.isRead ? 'something else reads it later' : undefined;
  }

  /**
   * @internal Hands the memory over to the output of an op, `call`; this tensor has none afterwards.
   * @throws Error where something else needs the memory
   */
  takeStorage(call: string): Storage {
    const { storage, tie } = this;
    if (tie !== undefined) {
      throw new Error(
        `${call}: cannot take over the memory of a tensor [${this.shape}]: ${tie}; give it the result of an op that nothing else uses`,
      );
    }
    this.holding.storage = undefined;
    this.isMoved = true;
    this.#ended = `taken over by ${call}(): use what that returned`;
    return storage;
  }

  /** @internal Sets the storage of this leaf's gradient. @param beta  1 when it holds numbers to add to */
  setGradient(storage: Storage, beta: 0 | 1): void {
    this.holding.gradient = storage;
    this.#hasGradient = beta === 1;
  }

  /** @internal Whether a gradient was computed, or existed before. */
  get hasGradient(): boolean {
    return this.#hasGradient;
  }

  /** @internal Lets the garbage collector free the memory: for tensors that no graph owns. */
  own(): this {
    if (!this.#isOwned) own(this, [this.holding]);
    this.#isOwned = true;
    return this;
  }

  /** @internal Moves a leaf, without its gradient, to another device. */
  async to(device: Backend): Promise<void> {
    if (device === this.device) return;
    const { dtype, length } = this;
    const values = await this.device.read(this.storage);
    const storage = device.alloc(dtype, length, this.shape.at(-1));
    device.write(storage, values);
    this.zeroGrad();
    freeHolding(this.holding);
    this.holding.device = device;
    this.holding.storage = storage;
    this.#gradientView = undefined;
  }

  /** @internal Replaces its memory by other memory with the same number of elements, for example of another type. */
  replaceStorage(storage: Storage): void {
    freeHolding(this.holding);
    this.zeroGrad();
    this.#gradientView = undefined;
    this.holding.storage = storage;
  }

  /** @internal The storage for a gradient of this leaf, and whether it already holds one. */
  gradientTarget(): { storage: Storage; beta: 0 | 1 } {
    this.holding.gradient ??= this.device.alloc('f32', this.length);
    const beta = this.#hasGradient ? 1 : 0;
    this.#hasGradient = true;
    return { storage: this.holding.gradient, beta };
  }

  /**
   * @internal Moves values and gradient into given memory, so that many tensors lie in one block.
   * @param around  the blocks, which are freed with this tensor
   */
  rehome(storage: Storage, gradient: Storage, around: readonly Holding[]): void {
    this.device.run('copy', { out: storage, x: this.storage });
    if (this.#hasGradient && this.holding.gradient)
      this.device.run('copy', { out: gradient, x: this.holding.gradient });
    freeHolding(this.holding);
    this.holding.storage = storage;
    this.holding.gradient = gradient;
    this.holding.around = around;
    this.#gradientView = undefined;
  }
}

/** A tensor that a module trains: it requires a gradient unless it is frozen. */
export class Parameter extends Tensor {
  constructor(device: Backend, storage: Storage, shape: Shape) {
    super(device, storage, shape);
    this.requiresGrad = !isFrozenWeight(this);
    this.own();
  }
}

/** Whether a tensor is in one of the types that only frozen weights have: of 16 bits, or packed. */
export function isFrozenWeight({ dtype }: Tensor): boolean {
  return dtype === 'bf16' || dtype === 'f16' || isPackedType(dtype);
}

function checkGradient(root: Tensor, gradient: Tensor): void {
  const isSame = gradient.shape.join() === root.shape.join();
  if (!isSame && !(gradient.length === 1 && root.length === 1)) {
    throw new ShapeError(`backward: gradient [${gradient.shape}] for a tensor [${root.shape}]`);
  }
  if (gradient.dtype !== 'f32') throw new TypeError(`backward: gradient must be f32: got ${gradient.dtype}`);
  if (gradient.device === root.device) return;
  throw new DeviceError(`backward: tensors live on different devices: gradient on ${gradient.device.name}`);
}

export function elementCount(shape: Shape): number {
  if (!Array.isArray(shape)) throw new ShapeError(`shape: must be an array of sizes: ${shape}`);
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new ShapeError(`shape: sizes must be non-negative integers: [${shape}]`);
    }
    count *= size;
  }
  return count;
}

/** @throws TypeError for another type, for which a device would have no element size */
function checkType(what: string, dtype: DType): void {
  if (dtype !== 'f32' && dtype !== 'i32')
    throw new TypeError(`${what}: dtype must be f32 or i32: got ${dtype}`);
}

/** @throws RangeError for an i32 that is not a 32-bit integer, TypeError for a value that is not a number */
function checkValues(what: string, data: ArrayLike<number>, dtype: DType): void {
  const isTyped = ArrayBuffer.isView(data);
  if (isTyped && (dtype === 'f32' || data instanceof Int32Array)) return;
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    if (typeof value !== 'number') throw new TypeError(`${what}: value ${i} must be a number: got ${value}`);
    if (dtype === 'f32' || (value | 0) === value) continue;
    throw new RangeError(`${what}: value ${i} of an i32 tensor must be a 32-bit integer: ${value}`);
  }
}

function upload(device: Backend, data: ArrayLike<number>, shape: Shape, dtype: DType): Storage {
  const length = elementCount(shape);
  checkNumbers(data, 'tensor: values');
  if (data.length !== length) {
    throw new ShapeError(`tensor: shape [${shape}] requires ${length} values: got ${data.length}`);
  }
  checkType('tensor', dtype);
  checkValues('tensor', data, dtype);
  const storage = device.alloc(dtype, length);
  device.write(storage, data);
  return storage;
}

/**
 * A tensor with the given values. The caller owns it: in a loop, `write()` new values into it rather than making
 * many, or `dispose()` it; otherwise its memory is freed by the garbage collector.
 * @param data   row-major values, one for each element of `shape`
 * @param dtype  `f32`, or `i32` for class indices
 * @throws ShapeError unless `data` has that many values, RangeError for one that the type cannot hold
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
  checkType('zeros', dtype);
  const storage = device.alloc(dtype, elementCount(shape));
  device.run('fill', { out: storage, value: 0 });
  return new Tensor(device, storage, shape).own();
}

/** A trainable tensor with the given values; without any, the memory is undefined until it is written. */
export function parameter(device: Backend, data: ArrayLike<number> | undefined, shape: Shape): Parameter {
  const storage = data ? upload(device, data, shape, 'f32') : device.alloc('f32', elementCount(shape));
  return new Parameter(device, storage, shape);
}

/**
 * A frozen packed weight, such as the `weight` of a Linear or an Embedding.
 * @param bytes  the packed bytes, as `packWeights` gives them
 * @param shape  [rows, cols]; a row must be whole groups
 * @throws ShapeError where a row is not, or there are more or fewer bytes
 */
export function packedParameter(
  device: Backend,
  dtype: PackedType,
  bytes: Uint8Array,
  shape: Shape,
): Parameter {
  const length = elementCount(shape);
  const { group } = PACKED[dtype];
  if (shape.length !== 2 || shape[1] % group !== 0)
    throw new ShapeError(
      `packedParameter: ${dtype} must be [rows, cols], cols a multiple of ${group}: got [${shape}]`,
    );
  const needed = storageBytes(dtype, length);
  if (bytes.length !== needed)
    throw new ShapeError(`packedParameter: ${dtype} [${shape}] needs ${needed} bytes: got ${bytes.length}`);
  const storage = device.alloc(dtype, length, shape[1]);
  device.write(storage, bytes);
  return new Parameter(device, storage, shape);
}

/** A frozen or trainable copy of a tensor in f32, in its own memory. */
export function copyParameter(source: Tensor, requiresGrad: boolean): Parameter {
  const copy = parameter(source.device, undefined, source.shape);
  source.device.run('copy', { out: copy.storage, x: source.storage });
  copy.requiresGrad = requiresGrad;
  return copy;
}
