/**
 * The graph: which op made which tensor, and the way back through it. An op calls `record` with its output
 * and a function that adds to the gradients of its inputs; `backward()` calls those functions in reverse
 * order and frees what the graph held.
 */
import type { Backend, Storage } from './backends/backend.js';
import { ShapeError } from './errors.js';
import { freeHolding, type GraphNode, type Holding, type Shape, Tensor } from './tensor.js';

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

/** Adds to the gradients of an op's inputs, given the gradient `dOut` of its output. */
export type BackwardFunction = (dOut: Storage, grad: GradientSink, scratch: Scratch) => void;

/** The same for a gradient that was not multiplied out. */
export type ProductBackward = (dOut: GradientProduct, grad: GradientSink, scratch: Scratch) => void;

export interface Recorded {
  readonly device: Backend;
  readonly out: Storage;
  readonly shape: Shape;
  readonly inputs: readonly Tensor[];
  readonly backward: BackwardFunction;
  /** For an op that needs less work when the gradient of its output is a product. */
  readonly productBackward?: ProductBackward | undefined;
  /** What the forward computed for the backward; freed with the graph. */
  readonly saved?: readonly Storage[];
}

let gradEnabled = true;
/** Tensors made since the innermost `noGrad` began; undefined outside. */
let scope: Tensor[] | undefined;
let nodeCount = 0;
/** Tensors whose backward has run: readable until the next graph is begun. */
let finishedRoots: Tensor[] = [];

/**
 * The memory of one connected graph. Its tensors reach the tape through their nodes, the tape only their
 * holdings; so when none of the tensors is left, the tape is garbage and what `backward()` has not freed is.
 */
class Tape {
  readonly holdings: Holding[] = [];
  #successor: Tape | undefined;

  static readonly #dropped = new FinalizationRegistry<Holding[]>((holdings) => holdings.forEach(freeHolding));

  constructor() {
    Tape.#dropped.register(this, this.holdings);
  }

  /** The tape that this one was joined to, or itself. */
  get current(): Tape {
    return this.#successor ? this.#successor.current : this;
  }

  join(other: Tape): void {
    if (other === this) return;
    for (const holding of other.holdings) this.holdings.push(holding);
    other.holdings.length = 0;
    other.#successor = this;
  }
}

class Node implements GraphNode {
  readonly order = nodeCount++;
  readonly tape: Tape;
  /** Gradient of the output, while backward is on its way here. */
  dOut: Storage | undefined;
  isUsed = false;
  /** Of the last walk over the graph that came here. */
  walk = 0;

  constructor(
    readonly output: Tensor,
    public inputs: readonly Tensor[],
    readonly run: BackwardFunction,
    readonly runProduct: ProductBackward | undefined,
  ) {
    this.tape = tapeOf(inputs);
    this.tape.holdings.push(output.holding);
  }

  backward(root: Tensor, gradient: Tensor | undefined): void {
    const nodes = useGraph(this, root);
    this.dOut = initialGradient(root, gradient);
    for (const node of nodes) {
      node.#propagate();
      node.release(root);
    }
    finishedRoots.push(root);
  }

  #propagate(): void {
    const { device } = this.output;
    if (!this.dOut) return;
    const temporary: Storage[] = [];
    const scratch: Scratch = (length) => {
      const storage = device.alloc('f32', length);
      temporary.push(storage);
      return storage;
    };
    const grad: GradientSink = (input, compute, product) => {
      const taker = product && nodeOf(input)?.runProduct;
      if (taker) taker(product, grad, scratch);
      else offerGradient(input, compute);
    };
    this.run(this.dOut, grad, scratch);
    for (const storage of temporary) device.free(storage);
    device.free(this.dOut);
    this.dOut = undefined;
  }

  /** Gives back what the backward of the nodes before it needed; the root itself stays readable. */
  release(root: Tensor): void {
    this.inputs = [];
    if (this.output !== root)
      this.output.release('backward(): read it before, or run the forward pass again');
  }
}

function nodeOf(tensor: Tensor): Node | undefined {
  return tensor.node instanceof Node ? tensor.node : undefined;
}

function tapeOf(inputs: readonly Tensor[]): Tape {
  let tape: Tape | undefined;
  for (const input of inputs) {
    const other = nodeOf(input)?.tape.current;
    if (other && tape) tape.join(other);
    tape ??= other;
  }
  return tape ?? new Tape();
}

let walks = 0;

/** All nodes that lead to `root`, last made first: each comes before the nodes that made its inputs. */
function reachable(root: Node): Node[] {
  walks++;
  const nodes = [root];
  root.walk = walks;
  for (let i = 0; i < nodes.length; i++) {
    for (const input of nodes[i].inputs) {
      const node = nodeOf(input);
      if (!node || node.walk === walks) continue;
      node.walk = walks;
      nodes.push(node);
    }
  }
  return nodes.sort((a, b) => b.order - a.order);
}

/** The nodes of a graph whose one backward is now. @throws Error when it, or a part of it, was used already */
function useGraph(node: Node, root: Tensor): Node[] {
  if (root.isReleased || node.isUsed) {
    throw new Error('backward: the graph was used already: run the forward pass again');
  }
  const nodes = reachable(node);
  for (const { inputs } of nodes) {
    if (inputs.some((input) => nodeOf(input) && input.isReleased)) {
      throw new Error(
        'backward: a part of the graph was released by an earlier backward(): add the losses first',
      );
    }
  }
  for (const each of nodes) each.isUsed = true;
  return nodes;
}

/**
 * All that a backward pass depends on beside the values: of every input of every op, from the root on, the op that
 * made it, or the leaf and the memory of its gradient.
 */
export type GraphShape = readonly unknown[];

/** The shape of the graph that led to `root`. */
export function graphShape(root: Tensor): GraphShape {
  const node = nodeOf(root);
  const nodes = node ? reachable(node) : [];
  const shape: unknown[] = [root.length];
  for (const { inputs } of nodes) {
    shape.push(inputs.length);
    for (const input of inputs) {
      const from = nodeOf(input);
      if (from) shape.push(nodes.indexOf(from));
      else if (input.requiresGrad) shape.push(input, input.holding.gradient);
      else shape.push(undefined);
    }
  }
  return shape;
}

export function isSameGraph(a: GraphShape, b: GraphShape): boolean {
  return a.length === b.length && a.every((part, i) => part === b[i]);
}

/** Does all of `root.backward()` but the computing, for a step whose kernel calls a program makes. */
export function passBackward(root: Tensor): void {
  const node = nodeOf(root);
  if (!node) return;
  for (const each of useGraph(node, root)) {
    for (const input of each.inputs) if (input.requiresGrad && !nodeOf(input)) input.gradientTarget();
    each.release(root);
  }
  finishedRoots.push(root);
}

function initialGradient(root: Tensor, gradient: Tensor | undefined): Storage {
  if (!gradient && root.length !== 1) {
    throw new ShapeError(`backward: a tensor of shape [${root.shape}] needs a gradient argument`);
  }
  if (gradient && gradient.length !== root.length) {
    throw new ShapeError(`backward: gradient [${gradient.shape}] for a tensor [${root.shape}]`);
  }
  const dOut = root.device.alloc('f32', root.length);
  if (gradient) root.device.copy(dOut, gradient.storage);
  else root.device.fill(dOut, 1);
  return dOut;
}

const offerGradient: GradientSink = (input, compute) => {
  if (!input.requiresGrad) return;
  const node = nodeOf(input);
  if (!node) {
    const { storage, beta } = input.gradientTarget();
    compute(storage, beta);
  } else if (node.dOut) {
    compute(node.dOut, 1);
  } else {
    node.dOut = input.device.alloc('f32', input.length);
    compute(node.dOut, 0);
  }
};

/** Makes the output tensor of an op, with its place in the graph when an input requires a gradient. */
export function record(op: Recorded): Tensor {
  const { device, out, shape, inputs, saved = [] } = op;
  const tensor = new Tensor(device, out, shape);
  tensor.holding.saved = saved;
  if (gradEnabled && inputs.some((input) => input.requiresGrad)) {
    for (const root of finishedRoots) root.release('the graph begun after its backward(): read it before');
    finishedRoots = [];
    tensor.requiresGrad = true;
    tensor.node = new Node(tensor, inputs, op.backward, op.productBackward);
    return tensor;
  }
  for (const storage of saved) device.free(storage);
  tensor.holding.saved = [];
  if (scope) scope.push(tensor);
  else tensor.own();
  return tensor;
}

/**
 * Runs `body` without recording a graph. All that ops made inside is freed at the end, except the tensor, or
 * array of tensors, that `body` returns.
 * @throws TypeError when `body` is asynchronous: the mode would leak into what runs in between
 * @see https://docs.pytorch.org/docs/stable/generated/torch.no_grad.html
 */
export function noGrad<T>(body: () => T): T {
  const outer = { gradEnabled, scope };
  const made: Tensor[] = [];
  gradEnabled = false;
  scope = made;
  let kept: readonly unknown[] = [];
  try {
    const result = body();
    if (typeof Object(result).then === 'function')
      throw new TypeError('noGrad: the body must not be asynchronous');
    kept = Array.isArray(result) ? result : [result];
    return result;
  } finally {
    gradEnabled = outer.gradEnabled;
    scope = outer.scope;
    for (const tensor of made) {
      if (!kept.includes(tensor)) tensor.release('noGrad(): return it from the body to keep it');
      else if (scope) scope.push(tensor);
      else tensor.own();
    }
  }
}
