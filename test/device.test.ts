import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Platform, selectDevice as selectWith } from '../src/device.js';
import { DeviceError } from '../src/errors.js';
import { listDevices, selectDevice } from '../src/index.js';
import { readBinary } from '../src/node/binary.js';
import { threads } from '../src/node/threads.js';
import { tensor } from '../src/tensor.js';
import { wasmBuilds } from './devices.js';
import { gpu, hasWebGpu } from './webgpuDevice.js';

const fail = (message: string) => () => Promise.reject(new DeviceError(message));
/** A machine without WebGPU. */
const plain: Platform = {
  readBinary,
  openGpu: fail('webgpu: there is no graphics card: none at all'),
  threads: { ...threads, available: 3 },
};
/** A page without the headers that let threads share memory. */
const alone: Platform = { ...plain, threads: { ...threads, available: 4, obstacle: 'no headers' } };

describe('selectDevice', () => {
  afterEach(() => vi.restoreAllMocks());

  it('takes WebAssembly where there is no WebGPU, and says why', async () => {
    const { device, reason } = await selectWith({}, plain);
    expect(device.name).toBe('wasm');
    expect(device.features.includes('relaxed-simd')).toBe(wasmBuilds.includes('relaxed'));
    expect(reason).toContain('(webgpu: there is no graphics card): WebAssembly SIMD');
    expect(Array.from(await tensor(device, [1, 2], [2]).read())).toEqual([1, 2]);
  });

  it('keeps to the build that is the same everywhere when it is asked to', async () => {
    const { device, reason } = await selectDevice({ deterministic: true, threads: 1 });
    expect(device.features).toEqual(['simd']);
    expect(reason).toContain('the same bits everywhere');
    await expect(selectDevice({ prefer: 'webgpu', deterministic: true })).rejects.toThrow(DeviceError);
  });

  it('takes the device that it is asked for by name', async () => {
    expect((await selectDevice({ prefer: 'reference' })).device.name).toBe('reference');
    expect((await selectDevice({ prefer: 'wasm' })).reason).toContain('asked for by name');
    await expect(selectDevice({ prefer: 'gpu' as 'wasm' })).rejects.toThrow('prefer must be auto');
  });

  it('takes the threads that are there, or as many as it is asked for, and says so', async () => {
    const three = await selectWith({ prefer: 'wasm' }, plain);
    expect(three.device.features).toContain('3 threads');
    expect(three.reason).toMatch(/; 3 threads$/);
    const two = await selectWith({ prefer: 'wasm', threads: 2 }, plain);
    expect(two.device.features).toContain('2 threads');
    expect((await selectWith({ threads: 1 }, plain)).reason).toMatch(/; one thread, as asked for$/);
    const single = await selectWith({ prefer: 'wasm' }, alone);
    expect(single.reason).toMatch(/; one thread: no headers$/);
    expect(single.device.features.join()).not.toContain('threads');
    await expect(selectWith({ threads: 2 }, alone)).rejects.toThrow('wasm: 2 threads: no headers');
    for (const wrong of [0, 1.5, 65]) {
      await expect(selectWith({ threads: wrong }, plain)).rejects.toThrow(
        `wasm: threads must be an integer from 1 to 64: ${wrong}`,
      );
    }
    for (const { device } of [three, two]) device.dispose();
  });

  it('never falls back in silence', async () => {
    await expect(selectWith({ prefer: 'webgpu' }, plain)).rejects.toThrow('there is no graphics card');
    const broken = { ...plain, openGpu: () => Promise.reject(new TypeError('a mistake')) };
    await expect(selectWith({}, broken)).rejects.toThrow('a mistake');
  });

  it('names what a runtime without SIMD lacks', async () => {
    vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);
    await expect(selectWith({}, plain)).rejects.toThrow(/WebAssembly SIMD/);
    const wasm = (await listDevices()).find(({ name }) => name === 'wasm');
    expect(wasm).toMatchObject({ available: false, chosen: false });
    expect(wasm?.reason).toMatch(/SIMD/);
  });

  it('says when a binary is not there', async () => {
    const platform = { ...plain, readBinary: fail('wasm: build/simd.wasm is missing') };
    await expect(selectWith({}, platform)).rejects.toThrow('build/simd.wasm is missing');
  });
});

describe.runIf(hasWebGpu)('selectDevice with WebGPU', () => {
  /** The adapter, as it would look if it were, or were not, a graphics card. */
  const pretending = (isFallbackAdapter: boolean): Platform => ({
    ...plain,
    openGpu: async () => {
      const requestAdapter = async () => {
        const adapter = await gpu?.requestAdapter();
        const info = { vendor: 'maker', architecture: 'new', device: '', description: '', isFallbackAdapter };
        return adapter && Object.defineProperty(adapter, 'info', { value: info });
      };
      // Passes through but for that one call.
      return { requestAdapter } as unknown as GPU;
    },
  });

  it('takes a graphics card by itself', async () => {
    const { device, reason } = await selectWith({}, pretending(false));
    expect(device.name).toBe('webgpu');
    expect(reason).toBe('the fastest device of this machine: maker new');
    device.dispose();
  });

  it('takes a software adapter by name alone', async () => {
    expect((await selectWith({}, pretending(true))).device.name).toBe('wasm');
    const { device, reason } = await selectWith({ prefer: 'webgpu' }, pretending(true));
    expect(device.name).toBe('webgpu');
    expect(device.features).toContain('software');
    expect(reason).toBe('asked for by name: maker new');
    device.dispose();
  });
});

describe('listDevices', () => {
  it('says of every device whether it is there, and which is taken', async () => {
    const devices = await listDevices();
    expect(devices.map(({ name }) => name)).toEqual(['webgpu', 'wasm', 'reference']);
    expect(devices.filter(({ chosen }) => chosen).length).toBe(1);
    expect(devices.every(({ reason }) => reason.length > 10)).toBe(true);
    const [webgpu] = devices;
    expect(webgpu.available).toBe(hasWebGpu);
    if (hasWebGpu) expect(webgpu.limits?.maxStorageBytes).toBeGreaterThan(1e8);
  });
});
