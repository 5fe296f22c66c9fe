import { afterEach, describe, expect, it, vi } from 'vitest';
import { createWasmBackend } from '../src/backends/wasm/index.js';
import { startThread } from '../src/backends/wasm/threads.js';
import { DeviceError } from '../src/base/errors.js';
import { type Platform, selectDevice as selectWith } from '../src/device.js';
import { listDevices, selectDevice } from '../src/index.js';
import { readBinary } from '../src/node/binary.js';
import { threads } from '../src/node/threads.js';
import { tensor } from '../src/tensor.js';
import { browserPlatform } from '../src/web/platform.js';
import { wasmBuilds } from './support/devices.js';
import { gpu, hasWebGpu } from './support/webgpuDevice.js';

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

  it('takes the available threads, or the requested number, and says so', async () => {
    const three = await selectWith({ prefer: 'wasm' }, plain);
    expect(three.device.features).toContain('3 threads');
    expect(three.reason).toMatch(/; 3 threads$/);
    const two = await selectWith({ prefer: 'wasm', threads: 2 }, plain);
    expect(two.device.features).toContain('2 threads');
    expect((await selectWith({ threads: 1 }, plain)).reason).toMatch(/; one thread, as requested$/);
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

  it('has no silent fallback', async () => {
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

  it('reports both where there is neither WebGPU nor WebAssembly', async () => {
    vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);
    await expect(selectWith({}, plain)).rejects.toThrow(
      /^wasm: this runtime has no WebAssembly SIMD.*; webgpu: there is no graphics card: none at all$/,
    );
  });

  it('is a DeviceError where the kernels cannot be loaded', async () => {
    vi.spyOn(WebAssembly, 'instantiate').mockRejectedValue(new RangeError('out of memory'));
    await expect(selectWith({ prefer: 'wasm', threads: 1 }, plain)).rejects.toThrow(
      new DeviceError('wasm: the kernels cannot be loaded: out of memory'),
    );
  });

  it('says when a binary is not there', async () => {
    const platform = { ...plain, readBinary: fail('wasm: build/simd.wasm is missing') };
    await expect(selectWith({}, platform)).rejects.toThrow('build/simd.wasm is missing');
  });
});

describe('selectDevice, where the runtime refuses', () => {
  const starting = (start: Platform['threads']['start'], available = 3): Platform => ({
    ...plain,
    threads: { available, obstacle: undefined, start },
  });
  const gone = { terminate() {} };

  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });

  it.each([
    [
      'workers are forbidden',
      () =>
        startThread(() => {
          throw new Error('forbidden here');
        }),
      'a thread did not start: forbidden here',
    ],
    [
      'a worker ends at once',
      () =>
        startThread((_, fail) => {
          setTimeout(() => fail('it ended'));
          return gone;
        }),
      'a thread did not start: it ended',
    ],
    [
      'a worker never answers',
      () => startThread(() => gone, 20),
      'a thread did not start: there was no answer within 0.02 s',
    ],
  ])('takes one thread where %s, says why, and refuses more by number', async (_, start, why) => {
    const { device, reason } = await selectWith({ prefer: 'wasm' }, starting(start));
    expect(reason).toMatch(new RegExp(`; one thread: ${why}$`));
    expect(device.features.join()).not.toContain('threads');
    expect(Array.from(await tensor(device, [1, 2], [2]).read())).toEqual([1, 2]);
    await expect(selectWith({ threads: 2 }, starting(start))).rejects.toThrow(`wasm: ${why}`);
  });

  it('ends the threads that did start when one does not', async () => {
    let [begun, ended] = [0, 0];
    const start: Platform['threads']['start'] = async (task) => {
      if (++begun === 2) throw new DeviceError('wasm: a thread did not start: no more');
      const thread = await threads.start(task);
      return {
        terminate: () => {
          ended++;
          thread.terminate();
        },
      };
    };
    const { device, reason } = await selectWith({ prefer: 'wasm' }, starting(start, 4));
    expect(reason).toMatch(/one thread: a thread did not start: no more$/);
    expect(device.features.join()).not.toContain('threads');
    expect({ begun, ended }).toEqual({ begun: 3, ended: 2 });
  });

  it('takes a thread that is ready before its start returns, and ends one that has failed by then', async () => {
    const terminate = vi.fn();
    const thread = { terminate };
    const ready = startThread((done) => {
      done();
      return thread;
    }, 10);
    expect(await ready).toBe(thread);
    expect(terminate).not.toHaveBeenCalled();
    const failed = startThread((_, giveUp) => {
      giveUp('no memory');
      return thread;
    }, 10);
    await expect(failed).rejects.toThrow('wasm: a thread did not start: no memory');
    expect(terminate).toHaveBeenCalledOnce();
  });

  it('gives up a worker that does not answer, and ends it', async () => {
    const terminate = vi.fn();
    await expect(startThread(() => ({ terminate }), 10)).rejects.toThrow(DeviceError);
    expect(terminate).toHaveBeenCalledOnce();
  });

  it('takes one thread where shared memory is refused', async () => {
    const { Memory } = WebAssembly;
    vi.stubGlobal('WebAssembly', {
      ...Object.fromEntries(
        ['validate', 'compile', 'instantiate', 'Module'].map((name) => [
          name,
          Reflect.get(WebAssembly, name),
        ]),
      ),
      Memory: class {
        constructor(given: WebAssembly.MemoryDescriptor) {
          if (given.shared) throw new RangeError('could not allocate memory');
          // biome-ignore lint/correctness/noConstructorReturn: it stands for the real one
          return new Memory(given);
        }
      },
    });
    const { reason } = await selectWith({ prefer: 'wasm' }, plain);
    expect(reason).toMatch(/; one thread: the runtime gives no shared memory: could not allocate memory$/);
  });

  it('says that there is no WebAssembly, or that it may not be compiled', async () => {
    vi.spyOn(WebAssembly, 'compile').mockRejectedValue(new WebAssembly.CompileError('unsafe-eval'));
    await expect(selectWith({ prefer: 'wasm' }, plain)).rejects.toThrow(
      new DeviceError('wasm: the kernels cannot be compiled: unsafe-eval'),
    );
    vi.stubGlobal('WebAssembly', undefined);
    Reflect.deleteProperty(globalThis, 'WebAssembly');
    await expect(createWasmBackend({ readBinary })).rejects.toThrow(
      /^wasm: this runtime has no WebAssembly: /,
    );
    const reports = (await listDevices()).map(({ name, available }) => [name, available]);
    expect(reports).toEqual([
      ['webgpu', hasWebGpu],
      ['wasm', false],
      ['reference', true],
    ]);
  });

  it('takes WebAssembly where navigator.gpu or its adapters throw', async () => {
    const { openGpu } = browserPlatform(readBinary);
    vi.stubGlobal('navigator', {
      get gpu() {
        throw new Error('not for you');
      },
    });
    const hidden = await selectWith({ threads: 1 }, { ...plain, openGpu });
    expect(hidden.reason).toContain('(webgpu: navigator.gpu cannot be used)');
    const requestAdapter = () => Promise.reject(new Error('blocked'));
    const refusing = { ...plain, openGpu: async () => ({ requestAdapter }) as unknown as GPU };
    const refused = await selectWith({ threads: 1 }, refusing);
    expect(refused.reason).toContain('(webgpu: an adapter was refused)');
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

  it('takes a software adapter only by name', async () => {
    expect((await selectWith({}, pretending(true))).device.name).toBe('wasm');
    const { device, reason } = await selectWith({ prefer: 'webgpu' }, pretending(true));
    expect(device.name).toBe('webgpu');
    expect(device.features).toContain('software');
    expect(reason).toBe('asked for by name: maker new');
    device.dispose();
  });
});

describe('listDevices', () => {
  it('says of every device whether it is available, and which is chosen', async () => {
    const devices = await listDevices();
    expect(devices.map(({ name }) => name)).toEqual(['webgpu', 'wasm', 'reference']);
    expect(devices.filter(({ chosen }) => chosen).length).toBe(1);
    expect(devices.every(({ reason }) => reason.length > 10)).toBe(true);
    const [webgpu] = devices;
    expect(webgpu.available).toBe(hasWebGpu);
    if (hasWebGpu) expect(webgpu.limits?.maxStorageBytes).toBeGreaterThan(1e8);
  });
});
