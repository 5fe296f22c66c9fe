import { runSuite } from './suite.js';
import { tryThreads } from './threads.js';

/** The first message of the worker. */
function resultOf(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  });
}

// Spelled out: the bundler finds a worker only through a literal.
const runInWorker = () => resultOf(new Worker(new URL('worker.ts', import.meta.url), { type: 'module' }));
const tryThreadsInWorker = () =>
  resultOf(new Worker(new URL('threadsWorker.ts', import.meta.url), { type: 'module' }));

Object.assign(globalThis, { runSuite, runInWorker, tryThreads, tryThreadsInWorker });
