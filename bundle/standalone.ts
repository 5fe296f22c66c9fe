/** `lowrank` as one file for a page without a build: the core, with its kernels inside. */
import archive from 'virtual:kernels';
import { DeviceError } from '../src/base/errors.js';
import * as devices from '../src/device.js';
import { browserPlatform } from '../src/web/platform.js';

export * from '../src/core.js';

/** The import of the memory, as a binary has it, up to the flags of its limits: shared, with a maximum. */
const SHARED_MEMORY = '\x03env\x06memory\x02\x03';

/** Reads a build. Those over shared memory differ from the others only in one bit of the import. */
const readBinary: devices.Platform['readBinary'] = async (name) => {
  const [build, shared] = name.split('-');
  const length = archive.lengths[build];
  if (!length) throw new DeviceError(`wasm: the build ${name} is not in lowrank.min.js`);
  const bytes = unpacked(build);
  const own = shared ? bytes : bytes.replace(SHARED_MEMORY, `${SHARED_MEMORY.slice(0, -1)}\x01`);
  return Uint8Array.from({ length }, (_, i) => own.charCodeAt(i));
};

/** The stretches of one build. */
function unpacked(build: string): string {
  const { bytes, stretch, lengths } = archive;
  const parts: string[] = [];
  for (let [turn, at] = [0, 0]; at < bytes.length; turn += stretch) {
    for (const [name, length] of Object.entries(lengths)) {
      const end = at + Math.max(0, Math.min(stretch, length - turn));
      if (name === build) parts.push(bytes.slice(at, end));
      at = end;
    }
  }
  return parts.join('');
}

const platform = browserPlatform(readBinary);

/** {@inheritDoc devices.selectDevice} */
export function selectDevice(options: devices.SelectDeviceOptions = {}): Promise<devices.SelectedDevice> {
  return devices.selectDevice(options, platform);
}

/** {@inheritDoc devices.listDevices} */
export function listDevices(): Promise<devices.DeviceReport[]> {
  return devices.listDevices(platform);
}
