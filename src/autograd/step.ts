/**
 * Steps of training loops, and the tensors without a graph that are made in them: graphs of the same step read those, and
 * free them with themselves.
 */
import type { Tensor } from '../tensor.js';

const READ = 'backward() of a graph that read it: keep() it to use it again';

/** Counts the steps of training loops. */
let step = 0;
/** Whether the step was begun explicitly, so that nothing made in it is from before the loop. */
let isAnnounced = false;
/** Whether it has a graph whose backward has not run yet. */
let hasGraph = false;

/** Begins a step of a training loop: results of ops from before it are not freed with its graphs. */
export function beginStep(): void {
  step++;
  isAnnounced = true;
  hasGraph = false;
}

/** Ends a step: later results of ops do not belong to it. */
export function endStep(): void {
  step++;
  isAnnounced = false;
}

/** @param isOpen  whether there is a graph of this step whose backward has not run yet */
export function setHasGraph(isOpen: boolean): void {
  hasGraph = isOpen;
}

/** Begins a step, unless one is in progress between a forward pass and its backward. */
export function beginStepIfNone(): void {
  if (!hasGraph) beginStep();
}

/** Counts a graph among the readers of a tensor, if that was made for this step. */
export function beginReading(tensor: Tensor | undefined): tensor is Tensor {
  if (tensor?.feed?.step !== step) return false;
  tensor.feed.readers++;
  return true;
}

/** Frees a tensor without a graph that no graph reads any more, and the tensors that it was made from. */
export function endReading(tensor: Tensor): void {
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

/** Lets the graphs of this step that read a tensor without a graph free it, and the tensors that it was made from. */
export function addToStep(output: Tensor, inputs: readonly Tensor[]): void {
  const sources = inputs.filter(({ feed }) => feed?.step === step).map((input) => new WeakRef(input));
  output.feed = { step, sources, readers: 0 };
}

/** Leaves the result of a `noGrad` to its caller: unless the step was begun explicitly, it may be from before the loop. */
export function keepFromUnannouncedStep(output: Tensor): void {
  if (!isAnnounced) output.feed = undefined;
}
