/** The lab in its worker, which is started again where it crashes. */
import { type ProxyMarked, proxy, type Remote, wrap } from 'comlink';
import { handBase } from './lab/handedBase.js';
import type { Lab } from './lab/lab.js';

let worker: Worker | undefined;
let lab: Remote<Lab> | undefined;
/** Why it does not run. */
let stopped = new Error('the part of this page that computes was not started');
let onCrash: (reason: string) => void = () => {};
const waiting = new Set<(reason: Error) => void>();

/** Starts the worker, in place of one that runs. @param told  when it crashes */
export function startLab(told: (reason: string) => void): void {
  worker?.terminate();
  for (const reject of waiting) reject(new Error('the part of this page that computes was started again'));
  onCrash = told;
  const started = new Worker(new URL('./lab/worker.ts', import.meta.url), {
    type: 'module',
    name: location.href,
  });
  worker = started;
  lab = wrap<Lab>(started);
  void handBase(started);
  // A worker whose code does not come says no more than that.
  started.addEventListener('error', (event) =>
    crashed(started, event.message || 'its code could not be loaded'),
  );
  started.addEventListener('messageerror', () => crashed(started, 'a message to it was damaged'));
}

function crashed(which: Worker, reason: string): void {
  if (which !== worker) return;
  which.terminate();
  worker = undefined;
  lab = undefined;
  stopped = new Error(`the part of this page that computes has stopped: ${reason}`);
  for (const reject of waiting) reject(stopped);
  onCrash(stopped.message);
}

/** Asks the lab. @throws Error when the worker crashes before it has answered, or does not run */
export function ask<T>(question: (lab: Remote<Lab>) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    if (!lab) {
      reject(stopped);
      return;
    }
    waiting.add(reject);
    question(lab)
      .then(resolve, reject)
      .finally(() => waiting.delete(reject));
  });
}

/**
 * As `ask`, for work that reports while it runs. A report has a channel of its own: one that arrives after the answer
 * is dropped, and does not take the place of what is shown by then.
 */
export async function askReporting<Report extends readonly unknown[], T>(
  question: (lab: Remote<Lab>, report: ((...report: Report) => void) & ProxyMarked) => Promise<T>,
  told: (...report: Report) => void,
): Promise<T> {
  let isRunning = true;
  const report = proxy((...args: Report) => {
    if (isRunning) told(...args);
  });
  try {
    return await ask((lab) => question(lab, report));
  } finally {
    isRunning = false;
  }
}
