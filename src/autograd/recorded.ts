/** What an op tells the graph: its output and inputs, and how gradients go back from the one to the others. */
import type { Backend, Storage } from '../backends/backend.js';
import type { Shape, Tensor } from '../tensor.js';

/** A gradient as what it is the product of: `leftᵀ right`, with left `[rows, m]` and right `[rows, n]`. */
export interface GradientProduct {
  readonly left: Storage;
  readonly right: Storage;
  readonly rows: number;
}

/**
 * Offers one input of an op its gradient: `compute(dX, beta)` is called only when somebody needs it, and
 * must do `dX = beta * dX + gradient`. It is not called where the op that made the input takes the `product`.
 */
export type GradientSink = (
  input: Tensor,
  compute: (dX: Storage, beta: 0 | 1) => void,
  product?: GradientProduct,
) => void;

/** Memory for `length` numbers that is freed when the op's backward returns. */
export type Scratch = (length: number) => Storage;

/** Passes `dOut` on unchanged, in its own memory where that is possible: the last that a backward does with it. */
export type PassOn = (input: Tensor) => void;

/** Adds to the gradients of an op's inputs, given the gradient `dOut` of its output. */
export type BackwardFunction = (dOut: Storage, grad: GradientSink, scratch: Scratch, passOn: PassOn) => void;

/** The same for a gradient that was not multiplied out. */
export type ProductBackward = (dOut: GradientProduct, grad: GradientSink, scratch: Scratch) => void;

export interface Recorded {
  readonly device: Backend;
  /** New memory, or that of an input that it takes over, as `takeStorage` gave it. */
  readonly out: Storage;
  readonly shape: Shape;
  readonly inputs: readonly Tensor[];
  /** What the backward reads beside the inputs, and gives no gradient. */
  readonly constants?: readonly (Tensor | undefined)[];
  /** Reads inputs, constants and what was saved; never `out`, which a later op may take over. */
  readonly backward: BackwardFunction;
  /** For an op that needs less work when the gradient of its output is a product. */
  readonly productBackward?: ProductBackward | undefined;
  /**
   * Computes `out` again, from inputs and what was saved, to the same bits, where that is so cheap that it may be done in the
   * place of keeping it.
   */
  readonly remake?: (out: Storage) => void;
  /** What the forward computed for the backward; freed with the graph. */
  readonly saved?: readonly Storage[];
}
