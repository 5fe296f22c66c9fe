/** Which device to run on, and why. */
import type { Backend, DeviceName } from './backends/backend.js';
import { ReferenceBackend } from './backends/reference.js';
import { createWasmBackend, type WasmBackendOptions } from './backends/wasm/index.js';
import { DeviceError } from './errors.js';

/** Reads a compiled kernel binary; each platform has its own way. */
export type BinaryReader = WasmBackendOptions['readBinary'];

export interface SelectDeviceOptions {
  /** `auto` takes the fastest that is there; a name takes that device or throws. Default `auto`. */
  readonly prefer?: 'auto' | DeviceName;
  /** Same bits on every machine: keeps the wasm device to plain SIMD, without fused multiply-add. */
  readonly deterministic?: boolean;
}

export interface SelectedDevice {
  readonly device: Backend;
  /** One sentence: why this one. */
  readonly reason: string;
}

/** A device, whether it can be used here, and why or why not. */
export interface DeviceReport {
  readonly name: DeviceName;
  readonly available: boolean;
  /** Whether `auto` takes it. */
  readonly chosen: boolean;
  readonly features: readonly string[];
  readonly reason: string;
}

const NO_WEBGPU = 'webgpu: this version of lowrank has no WebGPU device: use wasm or reference';

/**
 * Opens a device: WebAssembly SIMD (with fused multiply-add where the runtime has relaxed SIMD), or the
 * float64 reference when it is asked for by name.
 * @throws DeviceError that says what is missing, when the device asked for is not there
 */
export async function selectDevice(
  { prefer = 'auto', deterministic = false }: SelectDeviceOptions,
  readBinary: BinaryReader,
): Promise<SelectedDevice> {
  switch (prefer) {
    case 'auto':
    case 'wasm': {
      const device = await createWasmBackend({ readBinary, deterministic });
      const asked = prefer === 'wasm' ? 'asked for by name' : 'the fastest device of this runtime';
      return { device, reason: `${asked}: ${describeWasm(device.features, deterministic)}` };
    }
    case 'reference':
      return {
        device: new ReferenceBackend(),
        reason: 'asked for by name: plain float64 loops, exact and slow',
      };
    case 'webgpu':
      throw new DeviceError(NO_WEBGPU);
    default:
      throw new RangeError(
        `selectDevice: prefer must be auto, webgpu, wasm or reference: ${prefer satisfies never}`,
      );
  }
}

/** Tries every device and says of each whether it can be used and why. */
export async function listDevices(readBinary: BinaryReader): Promise<DeviceReport[]> {
  return [
    { name: 'webgpu', available: false, chosen: false, features: [], reason: NO_WEBGPU },
    await reportWasm(readBinary),
    {
      name: 'reference',
      available: true,
      chosen: false,
      features: ['float64'],
      reason: 'taken only by name: plain float64 loops, exact and slow',
    },
  ];
}

async function reportWasm(readBinary: BinaryReader): Promise<DeviceReport> {
  try {
    const device = await createWasmBackend({ readBinary });
    const { features } = device;
    device.dispose();
    return { name: 'wasm', available: true, chosen: true, features, reason: describeWasm(features, false) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { name: 'wasm', available: false, chosen: false, features: [], reason };
  }
}

function describeWasm(features: readonly string[], deterministic: boolean): string {
  if (features.includes('relaxed-simd')) return 'WebAssembly SIMD with fused multiply-add (relaxed SIMD)';
  return deterministic
    ? 'WebAssembly SIMD, kept to the same bits everywhere'
    : 'WebAssembly SIMD; this runtime has no relaxed SIMD';
}
