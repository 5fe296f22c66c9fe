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
 * Opens the fastest adapter. On a card all kernels are compiled at once, so that one whose driver cannot compile them is
 * refused here, and another device can be chosen; on the processor, where that takes two seconds of it, each at its first call.
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
    const { isSoftware } = report;
    const { matmul = isSoftware ? matmulInSoftware : matmulOnCard, maxGroups } = tuning;
    const { compile = isSoftware ? 'at first call' : 'at opening' } = tuning;
    const kernels = compile === 'at opening' ? await compileShaders(device, matmul.kernels) : undefined;
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
