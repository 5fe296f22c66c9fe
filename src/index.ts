/** `lowrank` in Node: the core, with its binaries read from the package's files, WebGPU through the package webgpu, and paths. */

import * as devices from './device.js';
import './node/paths.js';
import { readBinary } from './node/binary.js';
import { openGpu } from './node/gpu.js';
import { threads } from './node/threads.js';

export * from './core.js';

const platform: devices.Platform = { readBinary, openGpu, threads };

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
