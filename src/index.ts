/** `lowrank` in Node: the core, with its binaries read from the package's files, WebGPU through the package webgpu, and paths. */

import * as devices from './device.js';
import './node/paths.js';
import { readBinary } from './node/binary.js';
import { openGpu } from './node/gpu.js';
import { threads } from './node/threads.js';

export * from './core.js';

const platform: devices.Platform = { readBinary, openGpu, threads };

/** {@inheritDoc devices.selectDevice} */
export function selectDevice(options: devices.SelectDeviceOptions = {}): Promise<devices.SelectedDevice> {
  return devices.selectDevice(options, platform);
}

/** {@inheritDoc devices.listDevices} */
export function listDevices(): Promise<devices.DeviceReport[]> {
  return devices.listDevices(platform);
}
