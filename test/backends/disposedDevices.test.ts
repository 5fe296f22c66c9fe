/** A device's memory goes back when it is disposed, that of threads too, which the garbage collector does not see. */
import { expect, it } from 'vitest';
import { wasm } from '../devices.js';

it('does not grow with the devices that were made and disposed', async () => {
  const before = process.memoryUsage().rss;
  for (let i = 0; i < 60; i++) {
    const device = await wasm('simd', 2);
    const storage = device.alloc('f32', 4e6);
    device.run('fill', { out: storage, value: 1 });
    device.dispose();
    device.dispose();
  }
  // 16 MB each: 960 without giving it back.
  expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(400);
});
