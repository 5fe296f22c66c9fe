/** The WebGPU device that the tests run on, in Node: by the npm package webgpu, on a real card or on SwiftShader. */
import { existsSync } from 'node:fs';
import { createWebGpuBackend, type Tuning, type WebGpuBackend } from '../../src/backends/webgpu/index.js';

/** The software driver that Debian's chromium package brings; VK_ICD_FILENAMES chooses another. */
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';
if (existsSync(SWIFTSHADER)) process.env.VK_ICD_FILENAMES ??= SWIFTSHADER;
process.env.XDG_RUNTIME_DIR ??= '/tmp';

/** Where `gpu` is kept: when the object is collected while a device lives, the process dies. */
const kept = globalThis as { keptGpu?: GPU };

async function openGpu(): Promise<GPU> {
  const { create } = await import('webgpu');
  kept.keptGpu ??= create([]);
  return kept.keptGpu;
}

let missing: string | undefined;

/** The `gpu` object; undefined where there is none, which is an error where one is required. */
export const gpu: GPU | undefined = await openGpu().catch((error) => {
  missing = String(error);
  return undefined;
});

if (gpu && !(await gpu.requestAdapter())) missing = 'there is no adapter';

/** Whether the tests can run; where they cannot, and no device is required, a notice says what is skipped. */
export const hasWebGpu = missing === undefined;

if (missing !== undefined) {
  const message = `the tests on WebGPU: ${missing}`;
  if (process.env.LOWRANK_REQUIRE?.includes('webgpu')) throw new Error(`required, but missing: ${message}`);
  console.warn(`left out: ${message}`);
}

/** A fresh device. */
export function webgpu(tuning?: Tuning): Promise<WebGpuBackend> {
  return createWebGpuBackend({ gpu: requiredGpu(), allowFallback: true, tuning });
}

/** A fresh device, and WebGPU's own device below it, for tests to manipulate: before it is used, by `prepare`. */
export async function webgpuWithDevice(
  tuning?: Tuning,
  prepare: (device: GPUDevice) => void = () => {},
): Promise<{ backend: WebGpuBackend; device: GPUDevice }> {
  let device: GPUDevice | undefined;
  // Passes everything through except that one call; unused parts of the interface are omitted.
  const watched = {
    async requestAdapter(options?: GPURequestAdapterOptions) {
      const adapter = await requiredGpu().requestAdapter(options);
      if (!adapter) return null;
      const requestDevice = adapter.requestDevice.bind(adapter);
      adapter.requestDevice = async (descriptor) => {
        device = await requestDevice(descriptor);
        prepare(device);
        return device;
      };
      return adapter;
    },
  } as GPU;
  const backend = await createWebGpuBackend({ gpu: watched, allowFallback: true, tuning });
  if (!device) throw new Error('the backend asked for no device');
  return { backend, device };
}

function requiredGpu(): GPU {
  if (!gpu) throw new Error(`webgpu: ${missing}`);
  return gpu;
}
