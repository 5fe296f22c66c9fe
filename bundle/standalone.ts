/** `lowrank` as one file for a page without a build: the core, with its kernels inside. */
import archive from 'virtual:kernels';
import { DeviceError } from '../src/base/errors.js';
import * as devices from '../src/device.js';
import { browserPlatform } from '../src/web/platform.js';

export * from '../src/core.js';

/** The import of the memory, as a binary has it, up to the flags of its limits: shared, with a maximum. */
const SHARED_MEMORY = '\x03env\x06memory\x02\x03';

/** The build over shared memory is the other one too, but for one bit of its import. */
const readBinary: devices.Platform['readBinary'] = async (name) => {
  const [build, shared] = name.split('-');
  const place = archive.places[build];
  if (!place) throw new DeviceError(`wasm: the build ${name} is not in lowrank.min.js`);
  const [offset, length] = place;
  const bytes = archive.bytes.slice(offset, offset + length);
  const own = shared ? bytes : bytes.replace(SHARED_MEMORY, `${SHARED_MEMORY.slice(0, -1)}\x01`);
  return Uint8Array.from({ length }, (_, i) => own.charCodeAt(i));
};

const platform = browserPlatform(readBinary);

/** {@inheritDoc devices.selectDevice} */
export function selectDevice(options: devices.SelectDeviceOptions = {}): Promise<devices.SelectedDevice> {
  return devices.selectDevice(options, platform);
}

/** {@inheritDoc devices.listDevices} */
export function listDevices(): Promise<devices.DeviceReport[]> {
  return devices.listDevices(platform);
}
