/** What a page or a worker brings: WebGPU of the browser, and threads as workers. */
import { THREAD_SOURCE, type Thread, type ThreadPlatform } from './backends/wasm/threads.js';
import type { Platform } from './device.js';
import { DeviceError } from './errors.js';

async function openGpu(): Promise<GPU> {
  // The types promise what older browsers and insecure pages do not have.
  const gpu: GPU | undefined = globalThis.navigator?.gpu;
  if (gpu) return gpu;
  const why = globalThis.isSecureContext
    ? 'this browser has none'
    : 'it wants a secure page (https or localhost)';
  throw new DeviceError(`webgpu: there is no navigator.gpu: ${why}`);
}

const WORKER_SOURCE = `${THREAD_SOURCE}
onmessage = ({ data }) => work(data, () => postMessage('ready'));`;

const threads: ThreadPlatform = {
  available: globalThis.navigator?.hardwareConcurrency ?? 1,
  obstacle: threadObstacle(),
  start: (task) =>
    new Promise<Thread>((resolve, reject) => {
      const url = URL.createObjectURL(new Blob([WORKER_SOURCE], { type: 'text/javascript' }));
      const worker = new Worker(url);
      worker.onmessage = () => {
        URL.revokeObjectURL(url);
        resolve({ terminate: () => worker.terminate() });
      };
      worker.onerror = ({ message }) => {
        worker.terminate();
        reject(new DeviceError(`wasm: a thread did not start: ${message || 'the page forbids it'}`));
      };
      worker.postMessage(task);
    }),
};

/** Why there can be no threads here. */
function threadObstacle(): string | undefined {
  if (!globalThis.crossOriginIsolated) return 'the page is not cross-origin isolated (COOP and COEP headers)';
  return 'document' in globalThis ? "a page's main thread may not wait: run it in a worker" : undefined;
}

/** @param readBinary  where the kernels are */
export function browserPlatform(readBinary: Platform['readBinary']): Platform {
  return { readBinary, openGpu, threads };
}
