/** Activation checkpointing: the values inside a segment are computed again in the backward pass instead of being kept. */

import { backwardFrom } from '../autograd/graph.js';
import { remember, replay } from '../autograd/recompute.js';
import { isGradEnabled, noGrad, record, withOwnGraph } from '../autograd/record.js';
import type { Storage } from '../backends/backend.js';
import { detach } from '../ops/detach.js';
import type { Tensor } from '../tensor.js';
import { modesInPass, withModes } from './mode.js';

/** A layer, or a function that computes as one. */
export type Segment = { readonly forward: (x: Tensor) => Tensor } | ((x: Tensor) => Tensor);

/**
 * Computes `segment(x)` and keeps only `x` and the result for the backward pass, which computes the segment once more, with
 * the same dropout. Results and gradients are those without a checkpoint, bit for bit. Trained tensors that the segment
 * reads get their gradients; from the graph around it, it may read only `x`.
 * @param segment  a synchronous function that computes the same each time it is called
 * @throws Error when the segment reads another tensor of the graph, or does not compute the same again
 * @see https://docs.pytorch.org/docs/stable/checkpoint.html
 */
export function checkpoint(segment: Segment, x: Tensor): Tensor {
  const forward = typeof segment === 'function' ? segment : (input: Tensor) => segment.forward(input);
  // As with a graph, the segment cannot take over the memory of its input.
  if (!isGradEnabled()) return noGrad(() => forward(detach(x)));
  const modes = modesInPass();
  const { result, leaves, states } = remember(() => noGrad(() => forward(detach(x))));
  const { device } = x;
  return record({
    device,
    out: memoryOf(result),
    shape: result.shape,
    inputs: [x, ...leaves],
    saved: states,
    backward: (dOut, grad) => {
      const again = (target?: Target) =>
        withModes(modes, () => forwardAndBack(forward, x, states, dOut, target));
      if (!x.requiresGrad) again();
      grad(x, (dX, beta) => again({ dX, beta }));
    },
  });
}

/** The memory of a segment's result, or a copy where that is its input or a leaf. */
function memoryOf(result: Tensor): Storage {
  if (result.tie === undefined) return result.takeStorage('checkpoint');
  const copy = result.device.alloc('f32', result.length);
  result.device.run('copy', { out: copy, x: result.storage });
  return copy;
}

/** The storage for the gradient of the segment's input. */
interface Target {
  readonly dX: Storage;
  readonly beta: 0 | 1;
}

/**
 * Runs the segment forward and back. Gradients are added in place, one contribution after the other as without a checkpoint:
 * a separate sum, added at once, would be rounded differently.
 */
function forwardAndBack(
  forward: (x: Tensor) => Tensor,
  x: Tensor,
  states: readonly Storage[],
  dOut: Storage,
  target?: Target,
): void {
  const { device } = x;
  withOwnGraph(() => {
    const input = detach(x);
    // It is a leaf of this graph, and lives until its gradient was read.
    input.feed = undefined;
    if (target) {
      input.requiresGrad = true;
      input.setGradient(device.slice(target.dX, 0, x.length), target.beta);
    }
    const y = replay(states, () => forward(input));
    backwardFrom(y, device.slice(dOut, 0, y.length));
    // Where the result does not depend on the input, nothing was written.
    if (target && !input.hasGradient) device.run('fill', { out: target.dX, value: 0 });
  });
}
