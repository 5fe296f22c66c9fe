/**
 * Ownership of the results of ops. An op calls `record` with its output and a function that adds to the gradients of its
 * inputs: the output belongs to the graph where a gradient is needed, otherwise to the step or the scope that it is made
 * in. They free memory at fixed moments, so that a step allocates in the same order each time.
 */
import { Tensor } from '../tensor.js';
import { addToGraph } from './graph.js';
import { noteLeaves } from './recompute.js';
import type { Recorded } from './recorded.js';
import { addToStep, beginStep, endStep, keepFromUnannouncedStep } from './step.js';

let gradEnabled = true;
/** Tensors made since the innermost scope began, a `noGrad` or a training step; undefined outside. */
let scope: Tensor[] | undefined;

/** Makes the output tensor of an op, with its place in the graph when an input requires a gradient. */
export function record(op: Recorded): Tensor {
  const { device, out, shape, inputs, saved = [] } = op;
  const tensor = new Tensor(device, out, shape);
  tensor.isMade = true;
  noteLeaves(inputs);
  if (gradEnabled && inputs.some((input) => input.requiresGrad)) {
    tensor.holding.saved = saved;
    tensor.remake = op.remake;
    addToGraph(tensor, op);
    scope?.push(tensor);
    return tensor;
  }
  for (const storage of saved) device.free(storage);
  addToStep(tensor, inputs);
  if (scope) scope.push(tensor);
  else tensor.own();
  return tensor;
}

/**
 * Runs `body` without recording a graph. All results of ops inside are freed at the end, except the tensor, or
 * array of tensors, that `body` returns, and tensors on which it calls `keep()`.
 * @throws TypeError when `body` is asynchronous: the mode would leak into other code that runs meanwhile
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
      if (!kept.includes(tensor)) {
        tensor.release('noGrad(): return it from the body to keep it');
        continue;
      }
      if (gradEnabled) keepFromUnannouncedStep(tensor);
      if (scope) scope.push(tensor);
      else tensor.own();
    }
  }
}

/** @internal Whether ops record a graph now. */
export function isGradEnabled(): boolean {
  return gradEnabled;
}

/** @internal Runs a synchronous `body` with a graph; all results of ops in it are freed at the end. */
export function withOwnGraph(body: () => void): void {
  const outer = { gradEnabled, scope };
  const made: Tensor[] = [];
  gradEnabled = true;
  scope = made;
  try {
    body();
  } finally {
    gradEnabled = outer.gradEnabled;
    scope = outer.scope;
    for (const tensor of made) tensor.release('checkpoint(): what its segment makes is computed again');
  }
}

/** @internal Owner of the results of a training step: its graph, and results of ops outside it. */
export class StepScope {
  readonly #made: Tensor[] = [];

  /** Computes a step, after freeing what the previous one left. */
  run<T>(body: () => T): T {
    this.end();
    beginStep();
    const outer = scope;
    scope = this.#made;
    try {
      return body();
    } finally {
      scope = outer;
      endStep();
    }
  }

  end(): void {
    for (const tensor of this.#made.splice(0)) {
      tensor.release('the training step that made it: keep() it to use it in a later one');
    }
  }
}
