import { afterEach, describe, expect, it, vi } from 'vitest';
import { selectDevice as selectWith } from '../src/device.js';
import { DeviceError } from '../src/errors.js';
import { listDevices, selectDevice } from '../src/index.js';
import { tensor } from '../src/tensor.js';
import { wasmBuilds } from './devices.js';

describe('selectDevice', () => {
  afterEach(() => vi.restoreAllMocks());

  it('takes WebAssembly by itself, and says why', async () => {
    const { device, reason } = await selectDevice();
    expect(device.name).toBe('wasm');
    expect(device.features.includes('relaxed-simd')).toBe(wasmBuilds.includes('relaxed'));
    expect(reason).toContain('the fastest device of this runtime: WebAssembly SIMD');
    expect(Array.from(await tensor(device, [1, 2], [2]).read())).toEqual([1, 2]);
  });

  it('keeps to the build that is the same everywhere when it is asked to', async () => {
    const { device, reason } = await selectDevice({ deterministic: true });
    expect(device.features).toEqual(['simd']);
    expect(reason).toContain('the same bits everywhere');
  });

  it('takes the device that it is asked for by name', async () => {
    expect((await selectDevice({ prefer: 'reference' })).device.name).toBe('reference');
    expect((await selectDevice({ prefer: 'wasm' })).reason).toContain('asked for by name');
    await expect(selectDevice({ prefer: 'gpu' as 'wasm' })).rejects.toThrow('prefer must be auto');
  });

  it('never falls back in silence', async () => {
    await expect(selectDevice({ prefer: 'webgpu' })).rejects.toThrow(DeviceError);
  });

  it('names what a runtime without SIMD lacks', async () => {
    vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);
    await expect(selectDevice()).rejects.toThrow(/WebAssembly SIMD/);
    const wasm = (await listDevices()).find(({ name }) => name === 'wasm');
    expect(wasm).toMatchObject({ available: false, chosen: false });
    expect(wasm?.reason).toMatch(/SIMD/);
  });

  it('says when a binary is not there', async () => {
    const missing = () => Promise.reject(new DeviceError('wasm: build/simd.wasm is missing'));
    await expect(selectWith({}, missing)).rejects.toThrow('build/simd.wasm is missing');
  });
});

describe('listDevices', () => {
  it('says of every device whether it is there, and which is taken', async () => {
    const devices = await listDevices();
    expect(devices.map(({ name }) => name)).toEqual(['webgpu', 'wasm', 'reference']);
    expect(devices.filter(({ chosen }) => chosen).map(({ name }) => name)).toEqual(['wasm']);
    expect(devices.every(({ reason }) => reason.length > 10)).toBe(true);
  });
});
