/** Signals that are heard while a thread computes, and takes no turn of its event loop in which a message could come. */

interface Polled {
  readonly isStopped: () => boolean;
  readonly controller: AbortController;
}

const polled = new WeakMap<AbortSignal, Polled>();

/**
 * An AbortSignal that is looked at while kernels run, where the device can do that. With it `fit`, `generate` and
 * `evaluateLanguageModel` end within a few milliseconds, in the middle of a step or of a prompt.
 * @param isStopped  called a few times a second between kernels, on the thread that computes: it looks for instance at a number
 *   in memory that is shared with the thread that stops
 * @param other      a signal that it follows as well
 */
export function polledSignal(isStopped: () => boolean, other?: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const follow = () => controller.abort(other?.reason);
  if (other?.aborted) follow();
  else other?.addEventListener('abort', follow, { once: true });
  polled.set(controller.signal, { isStopped, controller });
  return controller.signal;
}

/** @internal How to look at a signal that is to be looked at; undefined for others. */
export function pollOf(signal: AbortSignal | undefined): (() => boolean) | undefined {
  const entry = signal && polled.get(signal);
  if (!entry) return undefined;
  const { isStopped, controller } = entry;
  return () => {
    if (!controller.signal.aborted && isStopped()) controller.abort();
    return controller.signal.aborted;
  };
}
