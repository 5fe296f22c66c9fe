/** The backend on WebGPU, in Node, a page or a worker: the caller provides the `gpu` object. */
import { DeviceError } from '../../base/errors.js';
import { WebGpuBackend } from './backend.js';
import { reportOf, requestAdapter } from './gpuAdapter.js';
import { compileShaders } from './kernels.js';
import { matmulInSoftware, matmulOnCard, type Tuning } from './matmulPlan.js';

export { WebGpuBackend, type WebGpuCounters } from './backend.js';
export { type AdapterLimits, type AdapterReport, describeAdapter } from './gpuAdapter.js';
export type { Tuning } from './matmulPlan.js';

export interface WebGpuBackendOptions {
  /** `navigator.gpu`, or the result of `create()` of the npm package webgpu. */
  readonly gpu: GPU;
  /** Whether a software adapter may be used. */
  readonly allowFallback: boolean;
  /** Tuning. Default: the one that suits the adapter. */
  readonly tuning?: Tuning | undefined;
}

/**
 * Opens the fastest adapter and compiles all kernels on it.
 * @throws DeviceError that says what is missing
 */
export async function createWebGpuBackend({
  gpu,
  allowFallback,
  tuning = {},
}: WebGpuBackendOptions): Promise<WebGpuBackend> {
  const adapter = await requestAdapter(gpu, allowFallback);
  const device = await openDevice(adapter);
  try {
    const report = reportOf(adapter);
    const { matmul = report.isSoftware ? matmulInSoftware : matmulOnCard, maxGroups } = tuning;
    const kernels = await compileShaders(device, matmul.kernels);
    return new WebGpuBackend({ gpu, device, report, kernels, matmul, maxGroups });
  } catch (error) {
    device.destroy();
    throw error;
  }
}

/** Requests a device; the default limits suffice except for the size of a buffer. */
async function openDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  try {
    return await adapter.requestDevice({ requiredLimits: { maxBufferSize, maxStorageBufferBindingSize } });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DeviceError(`webgpu: the adapter gives no device: ${reason}`, { cause: error });
  }
}
