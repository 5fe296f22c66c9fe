/** The choice of the adapter, when kernels are compiled, the effect of an error or a lost device on pending work, and the plans of matmul. */
import { describe, expect, it } from 'vitest';
import { DeviceHealth } from '../../src/backends/webgpu/health.js';
import { createWebGpuBackend, describeAdapter } from '../../src/backends/webgpu/index.js';
import { matmulOnCard } from '../../src/backends/webgpu/matmulPlan.js';
import { sources } from '../../src/backends/webgpu/shaders.gen.js';
import { DeviceError } from '../../src/base/errors.js';
import { gpu, hasWebGpu, webgpuWithDevice } from '../support/webgpuDevice.js';

describe.runIf(hasWebGpu)('a webgpu device', () => {
  it('is described, and a software adapter is taken only when that is allowed', async () => {
    if (!gpu) return;
    const report = await describeAdapter(gpu);
    expect(report.description).toBeTruthy();
    expect(report.limits.maxWorkgroups).toBeGreaterThanOrEqual(65_535);
    const opened = createWebGpuBackend({ gpu, allowFallback: false });
    if (report.isSoftware) await expect(opened).rejects.toThrow(/webgpu: only a software adapter/);
    else (await opened).dispose();
  });

  it('that is not there is said to be missing', async () => {
    const none = { requestAdapter: async () => null } as unknown as GPU; // an interface that nothing else is called of
    await expect(describeAdapter(none)).rejects.toBeInstanceOf(DeviceError);
    const opened = createWebGpuBackend({ gpu: none, allowFallback: true });
    await expect(opened).rejects.toThrow(/webgpu: there is no adapter: .*driver/);
    await expect(opened).rejects.toBeInstanceOf(DeviceError);
  });

  it.each(['destroyed', 'disposed'] as const)(
    '%s rejects what is under way and refuses the rest',
    async (how) => {
      const { backend, device } = await webgpuWithDevice();
      const x = backend.alloc('f32', 1000);
      backend.run('fill', { out: x, value: 1 });
      const [read, sync] = [backend.read(x), backend.sync()];
      const lost: unknown[] = [];
      const [caughtRead, caughtSync] = [read.catch((error) => error), sync.catch((error) => error)];
      backend.lost.then((reason) => lost.push(reason));
      if (how === 'destroyed') device.destroy();
      else backend.dispose();
      expect(await caughtRead).toBeInstanceOf(DeviceError);
      expect(await caughtSync).toBeInstanceOf(DeviceError);
      expect(await backend.lost).toBeInstanceOf(DeviceError);
      expect(lost).toHaveLength(1);
      expect(() => backend.run('fill', { out: x, value: 1 })).toThrow(DeviceError);
      expect(() => backend.alloc('f32', 1)).toThrow(DeviceError);
      expect(() => backend.write(x, [1])).toThrow(DeviceError);
      await expect(backend.read(x)).rejects.toBeInstanceOf(DeviceError);
      await expect(backend.sync()).rejects.toBeInstanceOf(DeviceError);
      backend.free(x);
      expect(backend.memory().liveStorages).toBe(0);
      backend.dispose();
    },
  );

  it('lost rejects even what would never settle', async () => {
    const { device } = await webgpuWithDevice();
    const health = new DeviceHealth(device);
    const waiting = health.settle(new Promise(() => {})).catch((error) => error);
    device.destroy();
    expect(await waiting).toBeInstanceOf(DeviceError);
    await expect(health.settle(Promise.resolve(1))).rejects.toBeInstanceOf(DeviceError);
  });

  it('waits for what its error scopes find', async () => {
    const { backend, device } = await webgpuWithDevice();
    const health = new DeviceHealth(device);
    device.pushErrorScope('validation');
    device.createBuffer({ size: 4, usage: 1 | 2 });
    const found = device.popErrorScope();
    const late = new Promise((resolve) => setTimeout(resolve, 50)).then(() => found);
    health.watch(late, () => 'in words');
    await expect(health.settle(Promise.resolve(1))).rejects.toThrow('webgpu: in words');
    expect(await health.settle(Promise.resolve(1))).toBe(1);
    backend.dispose();
  });

  it('reports an error once that no call was waiting for', async () => {
    const { backend, device } = await webgpuWithDevice();
    const x = backend.alloc('f32', 4);
    backend.run('fill', { out: x, value: 3 });
    device.createBuffer({ size: 4, usage: 1 | 2 }).unmap();
    await expect(backend.read(x)).rejects.toBeInstanceOf(DeviceError);
    expect(await backend.read(x)).toEqual(Float32Array.of(3, 3, 3, 3));
    backend.dispose();
  });

  it('out of memory says so at the next read or sync, and works on', async () => {
    const { backend } = await webgpuWithDevice();
    const small = backend.alloc('f32', 1);
    if (!backend.features.includes('software')) {
      console.warn('left out: a lack of memory, which only the software adapter has at once');
      return;
    }
    // SwiftShader's largest buffer is a little more than it can have.
    const { maxStorageBytes } = backend.limits;
    const large = backend.alloc('u8', maxStorageBytes);
    const error = await backend.sync().catch((reason) => reason);
    expect(error).toBeInstanceOf(DeviceError);
    expect(String(error)).toContain(`out of memory: ${maxStorageBytes} bytes asked for`);
    const { buffers } = backend.counters;
    backend.free(large);
    expect(backend.counters.buffers).toBe(buffers - 1);
    backend.run('fill', { out: small, value: 2 });
    expect(await backend.read(small)).toEqual(Float32Array.of(2));
    backend.dispose();
  });

  it('gives free memory back when other sizes are asked for', async () => {
    const { backend } = await webgpuWithDevice();
    const megabytes = 2 ** 20;
    for (let i = 0; i < 3; i++) {
      const storage = backend.alloc('u8', (100 + i) * megabytes);
      backend.run('fill', { out: storage, value: i });
      backend.free(storage);
    }
    expect(backend.memory().reservedBytes).toBeGreaterThan(300 * megabytes);
    const other = backend.alloc('f32', 64);
    backend.run('fill', { out: other, value: 1 });
    expect(backend.memory().reservedBytes).toBeLessThan(megabytes);
    expect((await backend.read(other))[63]).toBe(1);
    backend.dispose();
  });
});

describe.runIf(hasWebGpu)('kernels on webgpu are compiled', () => {
  /** Spoils the code of one kernel. */
  const spoil = (device: GPUDevice) => {
    const create = device.createShaderModule.bind(device);
    device.createShaderModule = (descriptor) =>
      create(descriptor.label === 'relu' ? { ...descriptor, code: 'fn main() { nonsense(); }' } : descriptor);
  };

  it('at opening, all of them, as on a card', async () => {
    const compiled: (string | undefined)[] = [];
    const tuning = { compile: 'at opening', matmul: matmulOnCard } as const;
    const { backend } = await webgpuWithDevice(tuning, (device) => {
      const create = device.createComputePipelineAsync.bind(device);
      device.createComputePipelineAsync = (descriptor) => {
        compiled.push(descriptor.label);
        return create(descriptor);
      };
    });
    expect(compiled.sort()).toEqual(Object.keys(sources).sort());
    const x = backend.alloc('f32', 2);
    backend.run('fill', { out: x, value: 3 });
    expect(await backend.read(x)).toEqual(Float32Array.of(3, 3));
    backend.dispose();
  });

  it('at opening, which refuses a device that cannot compile one', async () => {
    const opened = webgpuWithDevice({ compile: 'at opening' }, spoil);
    await expect(opened).rejects.toThrow(/^webgpu: the kernel relu does not compile: .*relu/s);
    await expect(opened).rejects.toBeInstanceOf(DeviceError);
  });

  it('at the first call, once, and the next read says which cannot be', async () => {
    const compiled: (string | undefined)[] = [];
    const { backend } = await webgpuWithDevice({ compile: 'at first call' }, (device) => {
      spoil(device);
      const create = device.createComputePipeline.bind(device);
      device.createComputePipeline = (descriptor) => {
        compiled.push(descriptor.label);
        return create(descriptor);
      };
    });
    expect(compiled).toEqual([]);
    const [x, out] = [backend.alloc('f32', 2), backend.alloc('f32', 2)];
    for (const value of [3, 4]) backend.run('fill', { out: x, value });
    expect(await backend.read(x)).toEqual(Float32Array.of(4, 4));
    expect(compiled).toEqual(['fill']);
    backend.run('relu', { out, x });
    const failed = backend.read(out);
    await expect(failed).rejects.toThrow(/^webgpu: the kernel relu does not compile: .*nonsense/s);
    await expect(failed).rejects.toBeInstanceOf(DeviceError);
    expect(await backend.read(x)).toEqual(Float32Array.of(4, 4));
    backend.dispose();
  });
});

describe('the plan of a product on a card', () => {
  it.each([
    ['rank 2 forward', 10, 784, 2, 'matmulThin'],
    ['rank 2 out', 10, 2, 256, 'matmulBlock'],
    ['a gradient of a batch of 10', 256, 10, 784, 'matmulBlock'],
    ['a layer of DigitsNet', 10, 784, 256, 'matmulThin'],
    ['a wide layer and few rows', 8, 4096, 4096, 'matmulThin'],
    ['few tiles and a long k', 256, 8192, 256, 'matmulThin'],
    ['large', 2048, 2048, 2048, 'matmulTile'],
  ] as const)('%s', (_, m, k, n, kernel) => {
    expect(matmulOnCard.plan({ m, k, n }).kernel).toBe(kernel);
  });
});
