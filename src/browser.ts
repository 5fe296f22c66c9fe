/** `lowrank` in a page or a worker: the core, with its binaries fetched from beside the bundle. */

import type { WasmBinary } from './backends/wasm/index.js';
import { DeviceError } from './base/errors.js';
import * as devices from './device.js';
import { browserPlatform } from './web/platform.js';

export * from './core.js';

/**
 * Spelled out one by one: bundlers find a file only through a literal `new URL(…, import.meta.url)`. The debug build is left
 * out, since bundlers copy every file that is named here.
 */
const BINARIES: Partial<Record<WasmBinary, () => URL>> = {
  simd: () => new URL('../build/simd.wasm', import.meta.url),
  relaxed: () => new URL('../build/relaxed.wasm', import.meta.url),
  'simd-shared': () => new URL('../build/simd-shared.wasm', import.meta.url),
  'relaxed-shared': () => new URL('../build/relaxed-shared.wasm', import.meta.url),
};

const readBinary: devices.Platform['readBinary'] = async (name) => {
  const url = BINARIES[name]?.();
  if (!url) throw new DeviceError(`wasm: the build ${name} is not for browsers`);
  const response = await fetch(url);
  if (!response.ok) throw new DeviceError(`wasm: ${url} cannot be fetched: status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
};

const platform = browserPlatform(readBinary);

/**
 * Opens a device. `auto` takes WebGPU on a real adapter, otherwise WebAssembly SIMD (with fused multiply-add
 * where the runtime has relaxed SIMD). A software adapter of WebGPU is slower than WebAssembly: it is taken
 * only when requested by name, and so is the float64 reference.
 * @throws DeviceError that says what is missing, when the requested device or threads are not available
 */
export function selectDevice(options: devices.SelectDeviceOptions = {}): Promise<devices.SelectedDevice> {
  return devices.selectDevice(options, platform);
}

/** Tries every device and says of each whether it can be used and why. */
export function listDevices(): Promise<devices.DeviceReport[]> {
  return devices.listDevices(platform);
}
