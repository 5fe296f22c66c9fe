/** Which device to run on, and why. */
import type { Backend, DeviceName } from './backends/backend.js';
import { ReferenceBackend } from './backends/reference/index.js';
import {
  createWasmBackend,
  type ThreadPlatform,
  type WasmBackend,
  type WasmBackendOptions,
} from './backends/wasm/index.js';
import { DeviceError } from './base/errors.js';
import type { HostGpu } from './base/hostTypes.js';
import { checkOptions, type OptionNames } from './base/options.js';

/** What a platform provides: its way to read a file and to open WebGPU. */
export interface Platform {
  /** Reads a compiled kernel binary. */
  readonly readBinary: WasmBackendOptions['readBinary'];
  /**
   * Opens WebGPU; without `allowSoftware` it may look for a graphics card first, and refuse where there is none.
   * @throws DeviceError that says what is missing and how to get it
   */
  readonly openGpu: (allowSoftware: boolean) => Promise<HostGpu>;
  readonly threads: ThreadPlatform;
}

export interface SelectDeviceOptions {
  /** Device to open: `auto` takes the fastest available, a name takes that device or throws. Default `auto`. */
  readonly prefer?: 'auto' | DeviceName;
  /** Whether results have the same bits on every machine: WebAssembly with plain SIMD, without fused multiply-add. Default false. */
  readonly deterministic?: boolean;
  /**
   * Number of WebAssembly threads, the caller's included; results do not depend on it. `auto` is one for each core, up to 8,
   * or one where threads cannot share memory or do not start, which `reason` reports. Default `auto`.
   */
  readonly threads?: number | 'auto';
}

export interface SelectedDevice {
  readonly device: Backend;
  /** Why this device was chosen, in one sentence. */
  readonly reason: string;
}

/** A device, whether it can be used here, and why or why not. */
export interface DeviceReport {
  readonly name: DeviceName;
  readonly available: boolean;
  /** Whether `auto` chooses it. */
  readonly chosen: boolean;
  readonly features: readonly string[];
  readonly reason: string;
  /** The adapter that WebGPU runs on. */
  readonly adapter?: string;
  /** Limits of the device in bytes and counts, by name. */
  readonly limits?: Readonly<Record<string, number>>;
}

const NAMES: OptionNames<SelectDeviceOptions> = { prefer: true, deterministic: true, threads: true };

const REFERENCE_REASON = 'plain float64 loops, exact and slow';

/**
 * Opens a device. `auto` takes WebGPU on a real adapter, otherwise WebAssembly SIMD (with fused multiply-add
 * where the runtime has relaxed SIMD). A software adapter of WebGPU is slower than WebAssembly: it is used
 * only when requested by name, and so is the float64 reference.
 * @throws DeviceError that says what is missing, when the requested device or threads are not available
 */
export async function selectDevice(
  options: SelectDeviceOptions,
  platform: Platform,
): Promise<SelectedDevice> {
  checkOptions('selectDevice', options, NAMES);
  const { prefer = 'auto', deterministic = false, threads = 'auto' } = options;
  const wasm: WasmWish = { deterministic, threads };
  switch (prefer) {
    case 'auto':
      return deterministic
        ? openWasm('the same bits are asked for', wasm, platform)
        : openFastest(wasm, platform);
    case 'wasm':
      return openWasm('asked for by name', wasm, platform);
    case 'webgpu': {
      if (deterministic) throw new DeviceError('webgpu: results differ between machines: use wasm');
      const device = await openWebGpu(platform, true);
      return { device, reason: `asked for by name: ${device.adapterDescription}` };
    }
    case 'reference':
      return { device: new ReferenceBackend(), reason: `asked for by name: ${REFERENCE_REASON}` };
    default:
      throw new RangeError(
        `selectDevice: prefer must be auto, webgpu, wasm or reference: ${prefer satisfies never}`,
      );
  }
}

type WasmWish = Required<Pick<SelectDeviceOptions, 'deterministic' | 'threads'>>;

async function openFastest(wasm: WasmWish, platform: Platform): Promise<SelectedDevice> {
  try {
    const device = await openWebGpu(platform, false);
    return { device, reason: `the fastest device of this machine: ${device.adapterDescription}` };
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    const why = firstClause(error.message);
    return openWasm(`the fastest device of this runtime (${why})`, wasm, platform).catch(
      (reason: unknown) => {
        // Both reasons are reported: one may be easier to fix than the other.
        if (!(reason instanceof DeviceError)) throw reason;
        throw new DeviceError(`${reason.message}; ${error.message}`, { cause: reason });
      },
    );
  }
}

async function openWasm(why: string, wish: WasmWish, platform: Platform): Promise<SelectedDevice> {
  const { readBinary, threads: threadPlatform } = platform;
  const device = await createWasmBackend({ ...wish, readBinary, threadPlatform });
  return { device, reason: `${why}: ${describeWasm(device, wish)}` };
}

/** Opens WebGPU, loading its part on demand so WebAssembly-only users never load it. */
async function openWebGpu({ openGpu }: Platform, allowFallback: boolean) {
  const gpu = await openGpu(allowFallback);
  const { createWebGpuBackend } = await loadWebGpu();
  return createWebGpuBackend({ gpu, allowFallback });
}

/** @throws DeviceError when a bundle's part is not where it should be, or may not be loaded */
async function loadWebGpu() {
  try {
    return await import('./backends/webgpu/index.js');
  } catch (error) {
    throw new DeviceError(`webgpu: its part of lowrank does not load: ${messageOf(error)}`, { cause: error });
  }
}

/** Tries every device and reports whether it can be used and why. */
export async function listDevices(platform: Platform): Promise<DeviceReport[]> {
  const webgpu = await reportWebGpu(platform);
  const wasm = await reportWasm(platform);
  return [
    webgpu,
    { ...wasm, chosen: wasm.available && !webgpu.chosen },
    {
      name: 'reference',
      available: true,
      chosen: false,
      features: ['float64'],
      reason: `used only by name: ${REFERENCE_REASON}`,
    },
  ];
}

async function reportWebGpu({ openGpu }: Platform): Promise<DeviceReport> {
  try {
    const gpu = await openGpu(true);
    const { describeAdapter } = await loadWebGpu();
    const { description, isSoftware, features, limits } = await describeAdapter(gpu);
    const reason = isSoftware
      ? 'used only by name: a software adapter is slower than wasm'
      : 'a graphics card, faster than the processor';
    return {
      name: 'webgpu',
      available: true,
      chosen: !isSoftware,
      features,
      reason,
      adapter: description,
      limits: { ...limits },
    };
  } catch (error) {
    return { name: 'webgpu', available: false, chosen: false, features: [], reason: messageOf(error) };
  }
}

async function reportWasm(platform: Platform): Promise<DeviceReport> {
  const wish: WasmWish = { deterministic: false, threads: 'auto' };
  try {
    const { readBinary, threads: threadPlatform } = platform;
    const device = await createWasmBackend({ ...wish, readBinary, threadPlatform });
    device.dispose();
    const reason = describeWasm(device, wish);
    return { name: 'wasm', available: true, chosen: true, features: device.features, reason };
  } catch (error) {
    return { name: 'wasm', available: false, chosen: false, features: [], reason: messageOf(error) };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** `webgpu: the npm package webgpu is missing: install …` without what follows the rule. */
function firstClause(message: string): string {
  return message.split(': ').slice(0, 2).join(': ');
}

function describeWasm({ features, obstacle }: WasmBackend, wish: WasmWish): string {
  const isRelaxed = features.includes('relaxed-simd');
  const build = isRelaxed ? ' with fused multiply-add (relaxed SIMD)' : ', the runtime has no relaxed SIMD';
  const which = wish.deterministic ? ', with the same bits everywhere' : build;
  return `WebAssembly SIMD${which}; ${describeThreads(features, wish, obstacle)}`;
}

function describeThreads(
  features: readonly string[],
  wish: WasmWish,
  obstacle = 'there is one core',
): string {
  const several = features.find((feature) => feature.endsWith('threads'));
  if (several) return several;
  if (wish.threads === 1) return 'one thread, as requested';
  return `one thread: ${obstacle}`;
}
