/**
 * Remembers what a forward pass without a graph requires to be repeated with one, to the same bits: the trained leaves that
 * it read, and the states of random generators before the pass.
 */
import type { Backend, Storage } from '../backends/backend.js';
import type { Tensor } from '../tensor.js';

export interface Remembered {
  /** Tensors that require a gradient and were not made by an op. */
  readonly leaves: Set<Tensor>;
  /** Copies of the generators' states, in the order of their use. */
  readonly states: Storage[];
}

let remembered: Remembered | undefined;
let replayed: { readonly states: readonly Storage[]; next: number } | undefined;

/** Remembers a forward pass. */
export function remember<T>(body: () => T): Remembered & { readonly result: T } {
  const outer = remembered;
  const own: Remembered = { leaves: new Set(), states: [] };
  remembered = own;
  try {
    return { result: body(), ...own };
  } finally {
    remembered = outer;
  }
}

/** Repeats a remembered forward pass. @throws Error when it draws a different number of random numbers */
export function replay<T>(states: readonly Storage[], body: () => T): T {
  const outer = { remembered, replayed };
  const own = { states, next: 0 };
  remembered = undefined;
  replayed = own;
  try {
    const result = body();
    if (own.next !== states.length) failReplay();
    return result;
  } finally {
    ({ remembered, replayed } = outer);
  }
}

/**
 * Declares that only a backward pass reads the result of an op from now on: where it can be computed again, it is not kept
 * until then. In a repeated pass, where the backward follows at once, this does nothing.
 */
export function spare(tensor: Tensor): void {
  if (!replayed) tensor.spare();
}

/** Notes the leaves among the inputs of an op. @throws Error for a tensor of a graph outside the segment */
export function noteLeaves(inputs: readonly Tensor[]): void {
  if (!remembered) return;
  for (const input of inputs) {
    if (!input.requiresGrad) continue;
    if (input.node) {
      throw new Error(
        `checkpoint: the segment reads a tensor [${input.shape}] of the graph around it, which would get no gradient: only its argument may be one`,
      );
    }
    remembered.leaves.add(input);
  }
}

/** The state for a random op, `[2]` i32: the generator's own, or that of the repeated pass. */
export function stateToUse(device: Backend, own: Storage): Storage {
  let state = own;
  if (replayed) state = replayed.states[replayed.next++] ?? failReplay();
  if (remembered) {
    const copy = device.alloc('i32', own.length);
    device.run('copy', { out: copy, x: state });
    remembered.states.push(copy);
  }
  return state;
}

function failReplay(): never {
  throw new Error('checkpoint: the segment did not do the same when it was computed again');
}
