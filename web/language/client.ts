/** The lab of the language-model page in its worker. */
import type { Remote } from 'comlink';
import { WorkerClient } from '../workerClient.js';
import type { LanguageLab } from './api.js';
import { StopFlags, sharedMemory } from './stopFlags.js';

const client = new WorkerClient<LanguageLab>();
const memory = sharedMemory();
/** What is to stop: raised beside the call that stops it, which the worker hears only when it has computed a while. */
export const flags = new StopFlags(memory);

/** @param told  when it crashes */
export function startLab(told: (reason: string) => void): void {
  const started = new Worker(new URL('./lab/worker.ts', import.meta.url), {
    type: 'module',
    name: location.href,
  });
  client.start(started, told);
  // Where the worker does not run, that is told by `told`.
  if (memory) void ask((lab) => lab.hearStops(memory)).catch(() => {});
}

/** @throws Error when the worker crashes before it has answered, or does not run */
export function ask<T>(question: (lab: Remote<LanguageLab>) => Promise<T>): Promise<T> {
  return client.ask(question);
}

/** As `ask`, for work that reports while it runs. */
export const askReporting: WorkerClient<LanguageLab>['askReporting'] = (question, told) =>
  client.askReporting(question, told);
