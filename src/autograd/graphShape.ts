/** The shape of a graph: equal for two graphs when one recorded step can serve both. */
import type { Tensor } from '../tensor.js';
import { nodeOf, reachable } from './graph.js';

/**
 * Everything that a backward pass depends on besides the values: for every input of every op, starting from the root, the
 * op that made it, or the leaf, the memory of its gradient, and whether that is added to.
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
      if (from) shape.push(from.place);
      else if (input.requiresGrad) shape.push(input, input.holding.gradient, input.hasGradient);
      else shape.push(undefined);
    }
  }
  return shape;
}

export function isSameGraph(a: GraphShape, b: GraphShape): boolean {
  return a.length === b.length && a.every((part, i) => part === b[i]);
}
