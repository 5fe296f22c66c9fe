/** Requests and describes an adapter of WebGPU. It does not know kernels. */
import { DeviceError } from '../../base/errors.js';

/** Description of an adapter for `lowrank devices`. */
export interface AdapterReport {
  readonly description: string;
  /** Whether it computes on the processor, which is slower than WebAssembly. */
  readonly isSoftware: boolean;
  readonly features: readonly string[];
  readonly limits: AdapterLimits;
}

export interface AdapterLimits {
  /** Maximum bytes of one storage. */
  readonly maxStorageBytes: number;
  /** Maximum workgroups in one dimension of a dispatch. */
  readonly maxWorkgroups: number;
  readonly maxInvocationsPerWorkgroup: number;
  /** Maximum bytes of workgroup memory. */
  readonly maxWorkgroupStorage: number;
}

/** Features to report, where an adapter has them. */
const FEATURES = ['shader-f16', 'subgroups', 'timestamp-query'] as const;

/** Names of software adapters: SwiftShader, Mesa's two, and Windows's WARP. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|software/i;

/**
 * The fastest adapter.
 * @throws DeviceError when there is none, or only a software adapter and `allowFallback` is false
 */
export async function requestAdapter(gpu: GPU, allowFallback: boolean): Promise<GPUAdapter> {
  let adapter = await ask(gpu, { powerPreference: 'high-performance' });
  if (!adapter && allowFallback) adapter = await ask(gpu, { forceFallbackAdapter: true });
  if (!adapter) {
    throw new DeviceError(
      'webgpu: there is no adapter: a graphics driver is missing (on Linux a Vulkan driver: install your ' +
        "card's, or mesa-vulkan-drivers 25 or later), or, in a browser, the card is blocked (see chrome://gpu)",
    );
  }
  if (!allowFallback && isSoftware(adapter)) {
    throw new DeviceError(
      `webgpu: only a software adapter exists: ${describe(adapter)}: it is used only when webgpu is asked for ` +
        'by name, because wasm is faster',
    );
  }
  return adapter;
}

/** Requests an adapter. @throws DeviceError when the runtime does not even allow the request */
async function ask(gpu: GPU, options: GPURequestAdapterOptions): Promise<GPUAdapter | null> {
  try {
    return await gpu.requestAdapter(options);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DeviceError(`webgpu: an adapter was refused: ${reason}`, { cause: error });
  }
}

/** Describes the adapter that a device would use. @throws DeviceError when there is none */
export async function describeAdapter(gpu: GPU): Promise<AdapterReport> {
  return reportOf(await requestAdapter(gpu, true));
}

export function reportOf(adapter: GPUAdapter): AdapterReport {
  const { limits } = adapter;
  return {
    description: describe(adapter),
    isSoftware: isSoftware(adapter),
    features: featuresOf(adapter),
    limits: {
      maxStorageBytes: Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize),
      maxWorkgroups: limits.maxComputeWorkgroupsPerDimension,
      maxInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
      maxWorkgroupStorage: limits.maxComputeWorkgroupStorageSize,
    },
  };
}

function isSoftware(adapter: GPUAdapter): boolean {
  const { vendor, architecture, device, description, isFallbackAdapter } = infoOf(adapter);
  return isFallbackAdapter === true || SOFTWARE.test(`${vendor} ${architecture} ${device} ${description}`);
}

/** Information about an adapter; despite its type, the first browsers with WebGPU do not have it. */
function infoOf({ info }: GPUAdapter): Partial<GPUAdapterInfo> {
  return (info as GPUAdapterInfo | undefined) ?? {};
}

/** Description of an adapter; browsers omit identifying details, so any of the parts may be empty. */
function describe(adapter: GPUAdapter): string {
  const { description, device, vendor, architecture } = infoOf(adapter);
  const kind = [vendor, architecture].filter(Boolean).join(' ');
  const name = description || device;
  return name && kind ? `${name} (${kind})` : name || kind || 'an adapter without a name';
}

function featuresOf(adapter: GPUAdapter): string[] {
  const features: string[] = FEATURES.filter((feature) => adapter.features.has(feature));
  return isSoftware(adapter) ? ['software', ...features] : features;
}
