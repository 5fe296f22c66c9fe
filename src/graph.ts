/**
 * The graph: which op made which tensor, and the way back through it. `backward()` calls the functions that ops
 * recorded in reverse order, and frees what the graph held and what it read. What else ops make is in autograd.ts.
 */
import type { Backend, Storage } from './backends/backend.js';
import { type Holding, own } from './backends/ownership.js';
import { ShapeError } from './errors.js';
import type { GraphNode, Shape, Tensor } from './tensor.js';

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
  /** What the backward reads beside the inputs, and gives no gradient. */
  readonly constants?: readonly (Tensor | undefined)[];
  readonly backward: BackwardFunction;
  /** For an op that needs less work when the gradient of its output is a product. */
  readonly productBackward?: ProductBackward | undefined;
  /** What the forward computed for the backward; freed with the graph. */
  readonly saved?: readonly Storage[];
}

const RELEASED = 'backward(): read it before, or run the forward pass again';
const READ = 'backward() of a graph that read it: keep() it to use it again';
const SUCCEEDED = 'the graph begun after its backward(): read it before';

let nodeCount = 0;
/** Nodes whose backward has run, or never can: their outputs are readable until the next graph is begun. */
let finished: Node[] = [];
/** Counts the steps of training loops. */
let step = 0;
/** Whether the step was said to begin, so that nothing made in it is from before the loop. */
let isAnnounced = false;
/** Whether it has a graph that had no backward yet. */
let hasGraph = false;

/** From now on a step of a training loop is computed: what ops made before it is not freed with its graphs. */
export function beginStep(): void {
  step++;
  isAnnounced = true;
  hasGraph = false;
}

/** What ops make from now on is not of the step before. */
export function endStep(): void {
  step++;
  isAnnounced = false;
}

/** Begins a step, unless it is in the middle of one, between a forward pass and its backward. */
export function beginStepIfNone(): void {
  if (!hasGraph) beginStep();
}

/**
 * The nodes of one connected graph and their memory. Its tensors reach the tape through their nodes, and it them; so
 * when none of the tensors is left, the tape is garbage and what `backward()` has not freed is.
 */
class Tape {
  nodes: Node[] = [];
  readonly #holdings: Holding[] = [];
  #successor: Tape | undefined;

  constructor() {
    own(this, this.#holdings);
  }

  /** The tape that this one was joined to, or itself. */
  get current(): Tape {
    return this.#successor ? this.#successor.current : this;
  }

  add(node: Node): void {
    this.nodes.push(node);
    this.#holdings.push(node.output.holding);
  }

  join(other: Tape): void {
    if (other === this) return;
    for (const node of other.nodes) this.add(node);
    other.#holdings.length = 0;
    other.nodes = [];
    other.#successor = this;
  }

  /** Lets go of nodes that were used, and gives those that needed them: they can have no backward any more. */
  finish(used: number): Node[] {
    const { nodes } = this;
    this.nodes = [];
    this.#holdings.length = 0;
    if (nodes.length === used) return [];
    const over: Node[] = [];
    for (const node of nodes.sort(byOrder)) {
      if (node.isUsed) continue;
      node.isOver = node.inputs.some((input) => nodeOf(input)?.isOver);
      if (node.isOver) over.push(node);
      else this.add(node);
    }
    return over;
  }
}

class Node implements GraphNode {
  readonly order = nodeCount++;
  readonly tape: Tape;
  /** Gradient of the output, while backward is on its way here. */
  dOut: Storage | undefined;
  isUsed = false;
  /** Its backward has run, or that of a node that it needs has. */
  isOver = false;
  /** Of the last walk over the graph that came here. */
  walk = 0;
  inputs: readonly Tensor[];
  readonly run: BackwardFunction;
  readonly runProduct: ProductBackward | undefined;
  /** Tensors without a graph that were made for this step, and that the backward may read. */
  readonly #reads: Tensor[] = [];

  constructor(
    readonly output: Tensor,
    { inputs, constants = [], backward, productBackward }: Recorded,
  ) {
    this.inputs = inputs;
    this.run = backward;
    this.runProduct = productBackward;
    for (const input of inputs) this.#read(input);
    for (const constant of constants) this.#read(constant);
    this.tape = tapeOf(inputs);
    this.tape.add(this);
  }

  #read(tensor: Tensor | undefined): void {
    if (tensor?.feed?.step !== step) return;
    tensor.feed.readers++;
    this.#reads.push(tensor);
  }

  backward(root: Tensor, gradient: Tensor | undefined): void {
    const nodes = useGraph(this, root);
    this.dOut = initialGradient(root, gradient);
    for (const node of nodes) {
      node.#propagate();
      node.end(node === this ? undefined : RELEASED);
    }
    finish(this, nodes);
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

  /** Gives back what its backward needed, and the output where it says by what. */
  end(by: string | undefined): void {
    this.inputs = [];
    for (const tensor of this.#reads.splice(0)) endReading(tensor);
    if (by !== undefined) this.output.release(by);
  }
}

/** Frees a tensor without a graph that no graph reads any more, and what it was made of. */
function endReading(tensor: Tensor): void {
  if (tensor.feed) tensor.feed.readers--;
  const tensors = [tensor];
  for (const each of tensors) {
    const { feed } = each;
    if (!feed || feed.readers > 0) continue;
    each.feed = undefined;
    each.release(READ);
    for (const source of feed.sources) {
      const made = source.deref();
      if (made) tensors.push(made);
    }
  }
}

function nodeOf(tensor: Tensor): Node | undefined {
  return tensor.node instanceof Node ? tensor.node : undefined;
}

function byOrder(a: Node, b: Node): number {
  return a.order - b.order;
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

/** Gives the output of an op its place in the graph. */
export function addToGraph(output: Tensor, op: Recorded): void {
  for (const node of finished) node.end(SUCCEEDED);
  finished = [];
  hasGraph = true;
  output.requiresGrad = true;
  output.node = new Node(output, op);
}

/** Lets the graphs of this step that read a tensor free it, and what it was made of; it has no graph itself. */
export function addToStep(output: Tensor, inputs: readonly Tensor[]): void {
  const sources = inputs.filter(({ feed }) => feed?.step === step).map((input) => new WeakRef(input));
  output.feed = { step, sources, readers: 0 };
}

/** Leaves what a `noGrad` returned to its caller: unless the step was said to begin, it may be from before the loop. */
export function keepFromUnannouncedStep(output: Tensor): void {
  if (!isAnnounced) output.feed = undefined;
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
  for (const each of nodes) {
    each.isUsed = true;
    each.isOver = true;
  }
  return nodes;
}

/** After a backward: what it led to, and what was made of that on the side, is readable until the next graph. */
function finish(root: Node, used: readonly Node[]): void {
  hasGraph = false;
  finished.push(root, ...root.tape.current.finish(used.length));
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
  const nodes = useGraph(node, root);
  for (const each of nodes) {
    for (const input of each.inputs) if (input.requiresGrad && !nodeOf(input)) input.gradientTarget();
    each.end(each === node ? undefined : RELEASED);
  }
  finish(node, nodes);
}

function initialGradient(root: Tensor, gradient: Tensor | undefined): Storage {
  if (!gradient && root.length !== 1) {
    throw new ShapeError(`backward: a tensor of shape [${root.shape}] needs a gradient argument`);
  }
  const dOut = root.device.alloc('f32', root.length);
  if (gradient) root.device.run('copy', { out: dOut, x: gradient.storage });
  else root.device.run('fill', { out: dOut, value: 1 });
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
