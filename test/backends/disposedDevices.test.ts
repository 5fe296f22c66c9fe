/** A device's memory is freed when it is disposed, including that of threads, which the garbage collector does not see. */
import { expect, it } from 'vitest';
import { tensor } from '../../src/tensor.js';
import { wasm } from '../support/devices.js';
import { hasWebGpu, webgpu } from '../support/webgpuDevice.js';

it('does not grow with the devices that were made and disposed', async () => {
  const before = process.memoryUsage().rss;
  for (let i = 0; i < 60; i++) {
    const device = await wasm('simd', 2);
    const storage = device.alloc('f32', 4e6);
    device.run('fill', { out: storage, value: 1 });
    device.dispose();
    device.dispose();
  }
  // 16 MB each: 960 if it were not freed.
  expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(400);
});

it.runIf(hasWebGpu)('leaves nothing of a disposed device on WebGPU behind', async () => {
  const devices: WeakRef<object>[] = [];
  const work = async () => {
    const device = await webgpu();
    const made = tensor(device, [1, 2], [2]);
    await made.read();
    made.dispose();
    devices.push(new WeakRef(device));
    device.dispose();
  };
  for (let i = 0; i < 3; i++) await work();
  for (let i = 0; i < 20; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    globalThis.gc?.();
  }
  expect(devices.map((each) => each.deref())).toEqual([undefined, undefined, undefined]);
});
