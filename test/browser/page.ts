import { type Outcome, runSuite } from './suite.js';

/** Runs the suite in a worker of its own. */
function runInWorker(): Promise<Outcome[]> {
  const worker = new Worker(new URL('worker.ts', import.meta.url), { type: 'module' });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  });
}

Object.assign(globalThis, { runSuite, runInWorker });
