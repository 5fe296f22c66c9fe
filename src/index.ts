/** `lowrank` in Node: the core, with its binaries read from the package's files. */
import * as devices from './device.js';
import { readBinary } from './node/binary.js';

export * from './core.js';

/** {@inheritDoc devices.selectDevice} */
export function selectDevice(options: devices.SelectDeviceOptions = {}): Promise<devices.SelectedDevice> {
  return devices.selectDevice(options, readBinary);
}

/** {@inheritDoc devices.listDevices} */
export function listDevices(): Promise<devices.DeviceReport[]> {
  return devices.listDevices(readBinary);
}
