/** What a cache of keys and values does where there is no room for it. */
import { afterAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/backends/backend.js';
import { DeviceError } from '../../src/base/errors.js';
import { KeyValueCache } from '../../src/models/keyValueCache.js';
import { wasm } from '../support/devices.js';

const device = await wasm();
afterAll(() => device.dispose());

/** A device that gives memory so many times. */
function withRoomFor(count: number): Backend {
  let left = count;
  return new Proxy(device, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== 'function') return value;
      if (key === 'alloc' && left-- === 0) throw new DeviceError('wasm: out of memory');
      return value.bind(target);
    },
  });
}

describe('a cache of keys and values', () => {
  it('says how much it needs where there is too little memory, and keeps none', () => {
    const before = device.memory().liveStorages;
    expect(() => new KeyValueCache(withRoomFor(3), { layers: 2, width: 64 }, 4096)).toThrow(
      'KeyValueCache: keys and values of 4096 tokens need 4 MiB, and fewer tokens less: wasm: out of memory',
    );
    expect(device.memory().liveStorages).toBe(before);
  });
});
