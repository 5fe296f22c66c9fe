/** Description of an op for the graph: its output and inputs, and how gradients pass from the one to the others. */
import type { Backend, Storage } from '../backends/backend.js';
import type { Shape, Tensor } from '../tensor.js';

/** A gradient as a product that is not multiplied out: `leftᵀ right`, with left `[rows, m]` and right `[rows, n]`. */
export interface GradientProduct {
  readonly left: Storage;
  readonly right: Storage;
  readonly rows: number;
}

/**
 * Offers one input of an op its gradient: `compute(dX, beta)` is called only when the gradient is needed, and
 * must compute `dX = beta * dX + gradient`. It is not called where the op that made the input accepts the `product`.
 */
export type GradientSink = (
  input: Tensor,
  compute: (dX: Storage, beta: 0 | 1) => void,
  product?: GradientProduct,
) => void;

/** Memory for `length` numbers that is freed when the op's backward returns. */
export type Scratch = (length: number) => Storage;

/** Passes `dOut` on unchanged, in its own memory where possible; the backward must not use it afterwards. */
export type PassOn = (input: Tensor) => void;

/** Adds to the gradients of an op's inputs, given the gradient `dOut` of its output. */
export type BackwardFunction = (dOut: Storage, grad: GradientSink, scratch: Scratch, passOn: PassOn) => void;

/** Adds to the gradients of an op's inputs, given a gradient that was not multiplied out. */
export type ProductBackward = (dOut: GradientProduct, grad: GradientSink, scratch: Scratch) => void;

export interface Recorded {
  readonly device: Backend;
  /** New memory, or that of an input that it takes over, as `takeStorage` gave it. */
  readonly out: Storage;
  readonly shape: Shape;
  readonly inputs: readonly Tensor[];
  /** Tensors that the backward reads besides the inputs, and that get no gradient. */
  readonly constants?: readonly (Tensor | undefined)[];
  /** Backward function. It may read inputs, constants and saved storages; never `out`, which a later op may take over. */
  readonly backward: BackwardFunction;
  /** Backward function for an op with less work when the gradient of its output is a product. */
  readonly productBackward?: ProductBackward | undefined;
  /**
   * Computes `out` again, from inputs and saved storages, to the same bits; given where that is cheap enough to replace
   * keeping it.
   */
  readonly remake?: (out: Storage) => void;
  /** Storages that the forward computed for the backward; freed with the graph. */
  readonly saved?: readonly Storage[];
}
