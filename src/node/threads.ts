/** Threads in Node: workers that do not keep the process alive. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import {
  sharingObstacle,
  startThread,
  THREAD_SOURCE,
  type ThreadPlatform,
} from '../backends/wasm/threads.js';

const SOURCE = `const { parentPort, workerData } = require('node:worker_threads');
${THREAD_SOURCE}
work(workerData, () => parentPort.postMessage('ready'));`;

export const threads: ThreadPlatform = {
  available: countCores(),
  obstacle: sharingObstacle(),
  start: (task) =>
    startThread((ready, fail) => {
      // Flags of the process, such as those of a TypeScript loader, do not apply to the worker.
      const worker = new Worker(SOURCE, { eval: true, execArgv: [], workerData: task });
      worker.once('error', fail);
      worker.once('exit', () => fail('it ended'));
      worker.once('message', () => {
        worker.removeAllListeners();
        worker.unref();
        ready();
      });
      return { terminate: () => void worker.terminate() };
    }),
};

/** The number of cores; 1 where a runtime hides it. */
function countCores(): number {
  try {
    return availableParallelism();
  } catch {
    return 1;
  }
}
