/** Threads in Node: workers that do not keep the process alive. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { THREAD_SOURCE, type ThreadPlatform } from '../backends/wasm/threads.js';
import { DeviceError } from '../errors.js';

const SOURCE = `const { parentPort, workerData } = require('node:worker_threads');
${THREAD_SOURCE}
work(workerData, () => parentPort.postMessage('ready'));`;

export const threads: ThreadPlatform = {
  available: availableParallelism(),
  obstacle: undefined,
  start: (task) =>
    new Promise((resolve, reject) => {
      // Flags of the process, such as those of a TypeScript loader, are not for this one.
      const worker = new Worker(SOURCE, { eval: true, execArgv: [], workerData: task });
      const fail = (why: unknown) =>
        reject(new DeviceError(`wasm: a thread did not start: ${why}`, { cause: why }));
      worker.once('error', fail);
      worker.once('exit', () => fail('it ended'));
      worker.once('message', () => {
        worker.removeAllListeners();
        worker.unref();
        resolve({ terminate: () => void worker.terminate() });
      });
    }),
};
