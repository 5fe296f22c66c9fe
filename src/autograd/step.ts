/**
 * Steps of training loops, and the tensors without a graph that are made in them: graphs of the same step read those, and
 * free them with themselves.
 */
import type { Tensor } from '../tensor.js';

const READ = 'backward() of a graph that read it: keep() it to use it again';

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

/** @param isOpen  whether there is a graph of this step that had no backward yet */
export function setHasGraph(isOpen: boolean): void {
  hasGraph = isOpen;
}

/** Begins a step, unless it is in the middle of one, between a forward pass and its backward. */
export function beginStepIfNone(): void {
  if (!hasGraph) beginStep();
}

/** Counts a graph among the readers of a tensor, if that was made for this step. */
export function beginReading(tensor: Tensor | undefined): tensor is Tensor {
  if (tensor?.feed?.step !== step) return false;
  tensor.feed.readers++;
  return true;
}

/** Frees a tensor without a graph that no graph reads any more, and what it was made of. */
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

/** Lets the graphs of this step that read a tensor free it, and what it was made of; it has no graph itself. */
export function addToStep(output: Tensor, inputs: readonly Tensor[]): void {
  const sources = inputs.filter(({ feed }) => feed?.step === step).map((input) => new WeakRef(input));
  output.feed = { step, sources, readers: 0 };
}

/** Leaves what a `noGrad` returned to its caller: unless the step was said to begin, it may be from before the loop. */
export function keepFromUnannouncedStep(output: Tensor): void {
  if (!isAnnounced) output.feed = undefined;
}
