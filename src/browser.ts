/** `lowrank` in a page or a worker: the core, with its binaries fetched from beside the bundle. */

import { THREAD_SOURCE, type Thread, type ThreadPlatform } from './backends/wasm/threads.js';
import * as devices from './device.js';
import { DeviceError } from './errors.js';

export * from './core.js';

/** Spelled out one by one: bundlers find a file only through a literal `new URL(…, import.meta.url)`. */
const BINARIES = {
  debug: () => new URL('../build/debug.wasm', import.meta.url),
  simd: () => new URL('../build/simd.wasm', import.meta.url),
  relaxed: () => new URL('../build/relaxed.wasm', import.meta.url),
  'simd-shared': () => new URL('../build/simd-shared.wasm', import.meta.url),
  'relaxed-shared': () => new URL('../build/relaxed-shared.wasm', import.meta.url),
};

const readBinary: devices.Platform['readBinary'] = async (name) => {
  const url = BINARIES[name]();
  const response = await fetch(url);
  if (!response.ok) throw new DeviceError(`wasm: ${url} cannot be fetched: status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
};

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

const platform: devices.Platform = { readBinary, openGpu, threads };

/** {@inheritDoc devices.selectDevice} */
export function selectDevice(options: devices.SelectDeviceOptions = {}): Promise<devices.SelectedDevice> {
  return devices.selectDevice(options, platform);
}

/** {@inheritDoc devices.listDevices} */
export function listDevices(): Promise<devices.DeviceReport[]> {
  return devices.listDevices(platform);
}
