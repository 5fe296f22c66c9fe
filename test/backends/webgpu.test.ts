/** The WebGPU device below the kernels: memory, order of commands, errors, and lost devices. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SLICE_ALIGNMENT } from '../../src/backends/backend.js';
import type { WebGpuBackend } from '../../src/backends/webgpu/index.js';
import { DeviceError } from '../../src/base/errors.js';
import { reference } from '../support/devices.js';
import { opCases } from '../support/opCases.js';
import { opDifference } from '../support/runOp.js';
import { hasWebGpu, webgpu } from '../support/webgpuDevice.js';

describe.runIf(hasWebGpu)('webgpu', () => {
  let device: WebGpuBackend;
  beforeAll(async () => {
    device = await webgpu();
  });
  afterAll(() => device.dispose());

  const storage = (data: readonly number[]) => {
    const made = device.alloc('f32', data.length);
    device.write(made, data);
    return made;
  };

  it.each(opCases.map((op) => [op.name, op] as const))('%s as the reference', async (_, op) => {
    expect(await opDifference(device, op)).toBeUndefined();
  });

  it('submits when something is read, and when a buffer that waits is written', async () => {
    const [x, y, other] = [storage([1]), storage([10]), storage([0])];
    await device.sync();
    const { submits, dispatches } = device.counters;
    const submitted = () => device.counters.submits - submits;
    device.run('axpby', { out: y, x, beta: 1 });
    device.write(other, [5]);
    device.run('axpby', { out: y, x: other, beta: 1 });
    expect(submitted()).toBe(0);
    device.write(x, [2]);
    expect(submitted()).toBe(1);
    device.run('axpby', { out: y, x, beta: 1 });
    expect(submitted()).toBe(1);
    expect(await device.read(y)).toEqual(Float32Array.of(18));
    expect(submitted()).toBe(2);
    expect(device.counters.dispatches - dispatches).toBe(3);
    await device.sync();
    expect(submitted()).toBe(2);
  });

  it('lets no more than 1,000 dispatches wait', async () => {
    const [x, y] = [storage([1]), storage([0])];
    await device.sync();
    const { submits } = device.counters;
    for (let i = 0; i < 2500; i++) device.run('axpby', { out: y, x, beta: 1 });
    expect(device.counters.submits - submits).toBe(2);
    expect(await device.read(y)).toEqual(Float32Array.of(2500));
  });

  it('forgets calls when there are too many, and computes on', async () => {
    const out = device.alloc('f32', 1);
    const values = new Set<number>();
    for (let i = 0; i < 4200; i++) {
      device.run('fill', { out, value: i + 0.5 });
      if (i % 500 === 0) values.add((await device.read(out))[0]);
    }
    expect([...values]).toEqual([0, 500, 1000, 1500, 2000, 2500, 3000, 3500, 4000].map((i) => i + 0.5));
    expect(device.counters.calls).toBeLessThan(4096);
    expect(await device.read(out)).toEqual(Float32Array.of(4199.5));
  });

  it('reads many storages at once, each as it was when it was asked for', async () => {
    const x = storage([1, 2, 3]);
    const reads = [1, 2, 3, 4].map((value) => {
      device.run('fill', { out: x, value });
      return device.read(x);
    });
    expect(await Promise.all(reads)).toEqual([1, 2, 3, 4].map((value) => new Float32Array(3).fill(value)));
  });

  it('reads and writes all types, from any numbers, in whole or in part', async () => {
    const i32 = device.alloc('i32', 3);
    device.write(i32, Int32Array.of(-1, 2, 2 ** 31 - 1));
    device.write(i32, [7]);
    expect(await device.read(i32)).toEqual(Int32Array.of(7, 2, 2 ** 31 - 1));
    const u8 = device.alloc('u8', 5);
    device.write(u8, Uint8Array.of(0, 1, 2, 3, 4, 5).subarray(1));
    expect(await device.read(u8)).toEqual(Uint8Array.of(1, 2, 3, 4, 5));
    const f32 = device.alloc('f32', 2);
    device.write(f32, Float64Array.of(0.1, 2));
    expect(await device.read(f32)).toEqual(Float32Array.of(0.1, 2));
    expect(() => device.write(f32, [1, 2, 3])).toThrow(RangeError);
    expect(await device.read(device.alloc('f32', 0))).toEqual(new Float32Array(0));
  });

  it('takes input and output from two slices of one storage', async () => {
    const step = SLICE_ALIGNMENT / 4;
    const whole = storage(Array.from({ length: 3 * step }, (_, i) => i));
    const [first, second, third] = [0, 1, 2].map((i) => device.slice(whole, i * step, step));
    device.run('axpby', { out: second, x: first, beta: 1 });
    device.run('mul', { out: third, a: first, b: second });
    device.run('copy', { out: first, x: third });
    const expected = Array.from({ length: 3 * step }, (_, i) => {
      const x = i % step;
      return i < step || i >= 2 * step ? x * (2 * x + step) : 2 * x + step;
    });
    expect(await device.read(whole)).toEqual(Float32Array.from(expected));
    for (const each of [first, second, third, whole]) device.free(each);
  });

  it('gives the same memory for the same allocations, whatever the order of freeing', () => {
    const allocate = () => [10, 1000, 10, 300].map((length) => device.alloc('f32', length));
    const blocks = (of: ReturnType<typeof allocate>) =>
      of.map((each) => (each as { block?: { id: number } }).block?.id);
    const first = allocate();
    const ids = blocks(first);
    expect(ids).not.toContain(undefined);
    const { buffers } = device.counters;
    const { liveBytes } = device.memory();
    for (const order of [
      [0, 1, 2, 3],
      [2, 3, 0, 1],
      [3, 2, 1, 0],
    ]) {
      for (const i of order) device.free(first[i]);
      first.splice(0, 4, ...allocate());
      expect(blocks(first)).toEqual(ids);
    }
    expect(device.counters.buffers).toBe(buffers);
    expect(device.memory().liveBytes).toBe(liveBytes);
    for (const each of first) device.free(each);
  });

  it('keeps memory until its last slice is freed', () => {
    const before = device.memory();
    const whole = device.alloc('f32', 200);
    const slice = device.slice(whole, 64, 100);
    device.free(whole);
    expect(device.memory().liveBytes).toBe(before.liveBytes + 800);
    device.free(slice);
    expect(device.memory().liveBytes).toBe(before.liveBytes);
    expect(device.memory().liveStorages).toBe(before.liveStorages);
  });

  it('refuses what is freed, foreign, out of range or too large', async () => {
    const freed = storage([1]);
    device.free(freed);
    expect(() => device.free(freed)).toThrow('the storage was freed already');
    expect(() => device.run('fill', { out: freed, value: 1 })).toThrow('the storage was freed');
    expect(() => device.write(freed, [1])).toThrow('the storage was freed');
    await expect(device.read(freed)).rejects.toThrow('the storage was freed');
    expect(() => device.run('fill', { out: reference.alloc('f32', 1), value: 1 })).toThrow(TypeError);
    const whole = device.alloc('f32', 100);
    expect(() => device.slice(whole, 64, 37)).toThrow(RangeError);
    expect(() => device.slice(whole, 3, 1)).toThrow(RangeError);
    expect(() => device.alloc('f32', -1)).toThrow(RangeError);
    const tooMany = device.limits.maxStorageBytes + 1;
    expect(() => device.alloc('u8', tooMany)).toThrow(DeviceError);
    expect(() => device.alloc('u8', tooMany)).toThrow(`${device.limits.maxStorageBytes}`);
    expect(() => device.alloc('u8', tooMany)).toThrow(`${tooMany}`);
  });
});
