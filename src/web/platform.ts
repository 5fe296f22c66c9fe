/** The platform of a page or a worker: WebGPU of the browser, and threads as workers. */
import {
  sharingObstacle,
  startThread,
  THREAD_SOURCE,
  type ThreadPlatform,
} from '../backends/wasm/threads.js';
import { DeviceError } from '../base/errors.js';
import type { Platform } from '../device.js';

async function openGpu(): Promise<GPU> {
  let gpu: GPU | undefined;
  try {
    // Despite its type, it is missing in older browsers and insecure pages.
    gpu = globalThis.navigator?.gpu;
  } catch (error) {
    throw new DeviceError(`webgpu: navigator.gpu cannot be used: ${error}`, { cause: error });
  }
  if (gpu) return gpu;
  const why = globalThis.isSecureContext
    ? 'this browser has none'
    : 'it requires a secure page (https or localhost)';
  throw new DeviceError(`webgpu: there is no navigator.gpu: ${why}`);
}

const WORKER_SOURCE = `${THREAD_SOURCE}
onmessage = ({ data }) => work(data, () => postMessage('ready'));`;

const FORBIDDEN = "the page's Content-Security-Policy does not allow it (worker-src blob:)";

const threads: ThreadPlatform = {
  available: globalThis.navigator?.hardwareConcurrency ?? 1,
  obstacle: threadObstacle(),
  start: (task) =>
    startThread((ready, fail) => {
      const url = URL.createObjectURL(new Blob([WORKER_SOURCE], { type: 'text/javascript' }));
      const worker = openWorker(url);
      const terminate = () => {
        URL.revokeObjectURL(url);
        worker.terminate();
      };
      worker.onmessage = () => {
        URL.revokeObjectURL(url);
        ready();
      };
      worker.onmessageerror = () => fail('it cannot be sent the kernels');
      // A worker that the page's policy forbids reports an error without a message.
      worker.onerror = ({ message }) => fail(message || FORBIDDEN);
      try {
        worker.postMessage(task);
      } catch (error) {
        terminate();
        throw error;
      }
      return { terminate };
    }),
};

/** @throws what the browser throws, after freeing the address */
function openWorker(url: string): Worker {
  try {
    return new Worker(url);
  } catch (error) {
    URL.revokeObjectURL(url);
    throw error;
  }
}

/** Why there can be no threads here. */
function threadObstacle(): string | undefined {
  if (!globalThis.crossOriginIsolated) return 'the page is not cross-origin isolated (COOP and COEP headers)';
  if ('document' in globalThis) return "a page's main thread may not wait: run it in a worker";
  return 'Worker' in globalThis ? sharingObstacle() : 'a worker cannot start workers here';
}

/** @param readBinary  reads the kernels' binaries */
export function browserPlatform(readBinary: Platform['readBinary']): Platform {
  return { readBinary, openGpu, threads };
}
