/** The lab of the digits page in its worker. */
import type { ProxyMarked, Remote } from 'comlink';
import { handBase } from './lab/handedBase.js';
import type { Lab } from './lab/lab.js';
import { WorkerClient } from './workerClient.js';

const client = new WorkerClient<Lab>();

/** Starts the worker, in place of a running one. @param told  called when it crashes */
export function startLab(told: (reason: string) => void): void {
  const started = new Worker(new URL('./lab/worker.ts', import.meta.url), {
    type: 'module',
    name: location.href,
  });
  client.start(started, told);
  void handBase(started);
}

/** Asks the lab. @throws Error when the worker crashes before it has answered, or does not run */
export function ask<T>(question: (lab: Remote<Lab>) => Promise<T>): Promise<T> {
  return client.ask(question);
}

/** Like `ask`, for work that reports while it runs. */
export function askReporting<Report extends readonly unknown[], T>(
  question: (lab: Remote<Lab>, report: ((...report: Report) => void) & ProxyMarked) => Promise<T>,
  told: (...report: Report) => void,
): Promise<T> {
  return client.askReporting(question, told);
}
