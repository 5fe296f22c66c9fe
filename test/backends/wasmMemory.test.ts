/** The allocator of the WebAssembly backend: addresses, reuse, growth, slices, and the counters. */
import { describe, expect, it } from 'vitest';
import { WasmMemory, type WasmStorage } from '../../src/backends/wasm/memory.js';
import { DeviceError } from '../../src/base/errors.js';
import { wasm } from '../support/devices.js';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

function memoryFrom(address: number): WasmMemory {
  const memory = new WasmMemory();
  memory.startAt(address);
  return memory;
}

describe('blocks', () => {
  it('lie at multiples of 256 bytes, after the start, and do not overlap', () => {
    const memory = memoryFrom(1000);
    let end = 1000;
    for (const length of [1, 0, 64, 65, 1000, 3]) {
      const { address } = memory.alloc('f32', length);
      expect(address % 256).toBe(0);
      expect(address).toBeGreaterThanOrEqual(end);
      end = address + Math.max(4 * length, 1);
    }
  });

  it.each([
    ['in order', (a: WasmStorage, b: WasmStorage) => a.address - b.address],
    ['in reverse', (a: WasmStorage, b: WasmStorage) => b.address - a.address],
    ['by length', (a: WasmStorage, b: WasmStorage) => a.length - b.length],
  ])('get the same addresses at each repetition, freed %s', (_, order) => {
    const memory = memoryFrom(0);
    memory.alloc('f32', 5);
    const step = () => {
      const storages = [100, 2560, 100, 7, 100, 2560].map((length) => memory.alloc('f32', length));
      const addresses = storages.map(({ address }) => address);
      for (const storage of storages.sort(order)) memory.free(storage);
      return addresses;
    };
    const first = step();
    for (let i = 0; i < 5; i++) expect(step()).toEqual(first);
  });

  it('are split from and merged into free neighbours before the memory grows', () => {
    const memory = memoryFrom(0);
    const reserved = memory.reservedBytes;
    const small = Array.from({ length: reserved / MIB - 1 }, () => memory.alloc('u8', MIB));
    for (const storage of small) memory.free(storage);
    const large = memory.alloc('u8', 3 * MIB);
    const odd = memory.alloc('u8', 12345);
    expect(memory.reservedBytes).toBe(reserved);
    expect(large.address + 3 * MIB).toBeLessThanOrEqual(odd.address);
    expect(odd.address + 12345).toBeLessThanOrEqual(reserved);
  });

  it('never overlap, whatever is allocated and freed', () => {
    const memory = memoryFrom(777);
    const live: WasmStorage[] = [];
    for (let i = 0; i < 3000; i++) {
      const length = (i * 7919) % 60_000;
      if (i % 5 < 3) live.push(memory.alloc('f32', length));
      else memory.free(live.splice((i * 31) % live.length, 1)[0]);
    }
    const sorted = live.sort((a, b) => a.address - b.address);
    for (let i = 1; i < sorted.length; i++) {
      expect(sorted[i].address).toBeGreaterThanOrEqual(sorted[i - 1].address + 4 * sorted[i - 1].length);
    }
    expect(memory.liveBytes).toBe(sorted.reduce((sum, { length }) => sum + 4 * length, 0));
    expect(memory.reservedBytes).toBeLessThan(2 * memory.liveBytes + 8 * MIB);
  });
});

describe('growth', () => {
  it('keeps what was written, and renews the views', async () => {
    const backend = await wasm();
    const before = backend.alloc('f32', 4);
    backend.write(before, [1, 2, 3, 4]);
    const { reservedBytes } = backend.memory();
    const large = backend.alloc('f32', 8 * MIB);
    expect(backend.memory().reservedBytes).toBeGreaterThan(reservedBytes);
    backend.run('fill', { out: large, value: 5 });
    backend.run('axpby', { out: before, x: large, beta: 1 });
    expect(Array.from(await backend.read(before))).toEqual([6, 7, 8, 9]);
    expect((await backend.read(large)).at(-1)).toBe(5);
  });

  it('comes once where room was made, and not where there is free memory', () => {
    const memory = memoryFrom(0);
    memory.makeRoom(100 * MIB);
    const { buffer } = memory.memory;
    const storages = [40, 59].map((mib) => memory.alloc('u8', mib * MIB));
    expect(memory.memory.buffer).toBe(buffer);
    for (const storage of storages) memory.free(storage);
    memory.makeRoom(100 * MIB);
    memory.alloc('u8', 80 * MIB);
    expect(memory.reservedBytes).toBeLessThan(102 * MIB);
  });

  it('ends at 4 GiB with an error that says how much there is', () => {
    const memory = memoryFrom(0);
    expect(() => memory.alloc('u8', 5 * GIB)).toThrow(DeviceError);
    expect(() => memory.alloc('f32', GIB)).toThrow(
      /out of memory: 4294967296 bytes asked for, 0 bytes in use/,
    );
    expect(memory.alloc('u8', 1000).address).toBeGreaterThan(0);
    expect(memory.liveStorages).toBe(1);
  });

  it('reaches kernels beyond 2 GiB', async () => {
    const backend = await wasm();
    backend.alloc('u8', 2 * GIB);
    const [x, out] = [backend.alloc('f32', 3), backend.alloc('f32', 3)];
    backend.write(x, [1, -2, 3]);
    backend.run('relu', { out, x });
    expect(Array.from(await backend.read(out), (value) => value + 0)).toEqual([1, 0, 3]);
  });

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses the length %d', (length) => {
    expect(() => memoryFrom(0).alloc('f32', length)).toThrow(RangeError);
  });
});

describe('slices', () => {
  it('share the memory of their storage and keep it until all are freed', async () => {
    const backend = await wasm();
    const whole = backend.alloc('f32', 192);
    backend.run('fill', { out: whole, value: 1 });
    const middle = backend.slice(whole, 64, 3);
    const inner = backend.slice(backend.slice(whole, 64, 128), 64, 64);
    backend.run('fill', { out: middle, value: 2 });
    expect(Array.from((await backend.read(whole)).subarray(62, 69))).toEqual([1, 1, 2, 2, 2, 1, 1]);
    backend.free(whole);
    const other = backend.alloc('f32', 192);
    backend.run('fill', { out: other, value: 9 });
    expect(Array.from(await backend.read(middle))).toEqual([2, 2, 2]);
    expect((await backend.read(inner))[63]).toBe(1);
    expect(backend.memory()).toMatchObject({ liveStorages: 4, liveBytes: 2 * 192 * 4 });
  });

  it('go back to the pool with the last of them', () => {
    const memory = memoryFrom(0);
    const whole = memory.alloc('u8', 1000);
    const slice = memory.slice(whole, 256, 10);
    const { address } = whole;
    memory.free(whole);
    expect(memory.liveBytes).toBe(1000);
    memory.free(slice);
    expect(memory).toMatchObject({ liveBytes: 0, liveStorages: 0 });
    expect(memory.alloc('u8', 1000).address).toBe(address);
  });

  it('stay inside their storage and begin at multiples of 256 bytes', () => {
    const memory = memoryFrom(0);
    const storage = memory.alloc('f32', 200);
    expect(() => memory.slice(storage, 64, 137)).toThrow(RangeError);
    expect(() => memory.slice(storage, -64, 1)).toThrow(RangeError);
    expect(() => memory.slice(storage, 32, 1)).toThrow(/multiple of 256 bytes: 128/);
    expect(memory.slice(storage, 64, 136).length).toBe(136);
  });
});

describe('freed storages', () => {
  it('cannot be freed, read, written or used again', async () => {
    const backend = await wasm();
    const [storage, other] = [backend.alloc('f32', 4), backend.alloc('f32', 4)];
    backend.free(storage);
    expect(() => backend.free(storage)).toThrow('storage was freed');
    expect(() => backend.write(storage, [1])).toThrow('storage was freed');
    expect(() => backend.run('relu', { out: other, x: storage })).toThrow('storage was freed');
    expect(() => backend.slice(storage, 0, 1)).toThrow('storage was freed');
    await expect(backend.read(storage)).rejects.toThrow('storage was freed');
    expect(backend.memory().liveStorages).toBe(1);
  });
});

describe('write and read', () => {
  it('copy: later changes on either side do not show', async () => {
    const backend = await wasm();
    const storage = backend.alloc('i32', 2);
    const data = [1, 2];
    backend.write(storage, data);
    data[0] = 9;
    const read = backend.read(storage);
    backend.run('fill', { out: storage, value: 7 });
    expect(Array.from(await read)).toEqual([1, 2]);
  });

  it('take a shorter array, and refuse a longer one', async () => {
    const backend = await wasm();
    const storage = backend.alloc('u8', 3);
    backend.run('fill', { out: storage, value: 255 });
    backend.write(storage, Uint8Array.of(1, 2));
    expect(Array.from(await backend.read(storage))).toEqual([1, 2, 255]);
    expect(() => backend.write(storage, [1, 2, 3, 4])).toThrow(RangeError);
  });
});
