/**
 * The graph: which op made which tensor, and the backward pass through it. `backward()` calls the functions that ops
 * recorded in reverse order, and frees what the graph held and what it read. Other results of ops are in record.ts.
 */
import type { Storage } from '../backends/backend.js';
import { type Holding, own } from '../backends/ownership.js';
import { ShapeError } from '../base/errors.js';
import type { GraphNode, Tensor } from '../tensor.js';
import type {
  BackwardFunction,
  GradientSink,
  PassOn,
  ProductBackward,
  Recorded,
  Scratch,
} from './recorded.js';
import { beginReading, endReading, setHasGraph } from './step.js';

const RELEASED = 'backward(): read it before, or run the forward pass again';
const SUCCEEDED = 'the graph begun after its backward(): read it before';

let nodeCount = 0;
/** Nodes whose backward has run, or can never run: their outputs are readable until the next graph is begun. */
let finished: Node[] = [];

/**
 * The nodes of one connected graph and their memory. Its tensors refer to the tape through their nodes, and it to
 * them; so when none of the tensors is left, the tape is garbage, and so is the memory that `backward()` has not freed.
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

  /** Releases nodes that were used. @returns nodes that depended on them, whose backward can no longer run */
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
  /** Whether its backward has run, or that of a node that it depends on. */
  isOver = false;
  /** Number of the last walk over the graph that reached this node, and the node's place in it. */
  walk = 0;
  place = 0;
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
    if (tensor) tensor.isRead = true;
    if (beginReading(tensor)) this.#reads.push(tensor);
  }

  backward(root: Tensor, gradient: Tensor | undefined): void {
    const nodes = useGraph(this, root);
    this.#run(nodes, initialGradient(root, gradient));
  }

  /** Like `backward`, for a gradient whose memory is taken over. */
  backwardFrom(root: Tensor, dOut: Storage): void {
    this.#run(useGraph(this, root), dOut);
  }

  #run(nodes: readonly Node[], dOut: Storage): void {
    this.dOut = dOut;
    for (const node of nodes) {
      node.#propagate();
      node.end(node === this ? undefined : RELEASED);
    }
    finish(this, nodes);
  }

  #propagate(): void {
    const { device } = this.output;
    const { dOut } = this;
    this.dOut = undefined;
    if (!dOut) return;
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
    let isPassedOn = false;
    const passOn: PassOn = (input) => {
      const node = input.requiresGrad ? nodeOf(input) : undefined;
      if (node && !node.dOut && !isPassedOn) {
        node.dOut = dOut;
        isPassedOn = true;
      } else offerGradient(input, (dX, beta) => device.run('axpby', { out: dX, x: dOut, beta }));
    };
    this.run(dOut, grad, scratch, passOn);
    for (const storage of temporary) device.free(storage);
    if (!isPassedOn) device.free(dOut);
  }

  /** Releases what its backward needed, and also the output where `by` is given. */
  end(by: string | undefined): void {
    this.inputs = [];
    for (const tensor of this.#reads.splice(0)) endReading(tensor);
    if (by !== undefined) this.output.release(by);
  }
}

export function nodeOf(tensor: Tensor): Node | undefined {
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
  setHasGraph(true);
  output.requiresGrad = true;
  output.node = new Node(output, op);
}

let walks = 0;

/** All nodes that lead to `root`, last made first: each comes before the nodes that made its inputs. */
export function reachable(root: Node): Node[] {
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
  nodes.sort((a, b) => b.order - a.order);
  for (const [i, node] of nodes.entries()) node.place = i;
  return nodes;
}

/** The nodes of a graph for its only backward. @throws Error when it, or a part of it, was already used */
function useGraph(node: Node, root: Tensor): Node[] {
  if (root.isReleased || node.isUsed) {
    throw new Error('backward: the graph was used already: run the forward pass again');
  }
  const nodes = reachable(node);
  for (const { inputs } of nodes) {
    if (inputs.some((input) => nodeOf(input) && input.isReleased && !input.isMoved)) {
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

/** Ends a backward: the root, and what was made from it on the side, stays readable until the next graph. */
function finish(root: Node, used: readonly Node[]): void {
  setHasGraph(false);
  finished.push(root, ...root.tape.current.finish(used.length));
}

/**
 * Like `tensor.backward`, for a gradient in memory that is taken over and overwritten.
 * @param dOut  one number for each element of the tensor
 */
export function backwardFrom(tensor: Tensor, dOut: Storage): void {
  const node = nodeOf(tensor);
  if (node) node.backwardFrom(tensor, dOut);
  else tensor.device.free(dOut);
}

/** Does everything of `root.backward()` except the computing, for a step whose kernel calls a program makes. */
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
