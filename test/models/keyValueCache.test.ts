/** Contents of a cache of keys and values, and its behaviour where memory is short. */
import { afterAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/backends/backend.js';
import { DeviceError } from '../../src/base/errors.js';
import { KeyValueCache } from '../../src/models/keyValueCache.js';
import { tensor } from '../../src/tensor.js';
import { wasm } from '../support/devices.js';

const device = await wasm();
afterAll(() => device.dispose());

/** A device that allocates memory a limited number of times. */
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

/** Rows of one number each, which shows where each row is. */
const rowsOf = (numbers: readonly number[], width: number) =>
  tensor(
    device,
    numbers.flatMap((each) => new Array(width).fill(each)),
    [numbers.length, width],
  );

describe('a cache of keys and values', () => {
  // A row of 64 numbers may begin a slice, one of 6 may not.
  it.each([64, 6])('holds rows of %i numbers in their order, through cuts and growth', async (width) => {
    const caches = [4, 8].map((capacity) => new KeyValueCache(device, { layers: 2, width }, capacity));
    const [small, large] = caches;
    const put = (cache: KeyValueCache, numbers: readonly number[], tokens = numbers.length) => {
      const numbersOfRows = Int32Array.from({ length: tokens }, (_, i) => cache.length + i);
      const rows = tensor(device, numbersOfRows, [tokens], 'i32');
      const place = [0, 1].map((layer) => {
        const key = rowsOf(
          numbers.map((each) => each + 100 * layer),
          width,
        );
        return cache.put(
          layer,
          key,
          rowsOf(
            numbers.map((each) => -each - 100 * layer),
            width,
          ),
          rows,
        );
      });
      rows.dispose();
      cache.advance(tokens);
      return place;
    };
    /** The first number of each stored row of layer 1. */
    const held = async (cache: KeyValueCache) => {
      const [, { keys, values }] = put(cache, [0], 0);
      const [k, v] = [await keys.read(), await values.read()];
      const rows = Array.from({ length: cache.length }, (_, row) => row * width);
      for (const at of rows) expect(k.slice(at, at + width).every((each) => each === k[at])).toBe(true);
      for (const at of rows) expect(v[at]).toBe(-k[at]);
      return rows.map((at) => k[at] - 100);
    };
    put(small, [1, 2]);
    // Rows beyond the tokens are padding.
    put(small, [3, 9], 1);
    expect(await held(small)).toEqual([1, 2, 3]);
    small.truncate(1);
    put(small, [4, 5]);
    expect(await held(small)).toEqual([1, 4, 5]);
    large.copyFrom(small);
    put(large, [6]);
    expect([await held(large), await held(small)]).toEqual([
      [1, 4, 5, 6],
      [1, 4, 5],
    ]);
    large.truncate(0);
    put(large, [7]);
    expect(await held(large)).toEqual([7]);
    expect(() => put(small, [1, 2])).toThrow('has room for 4 tokens: 3 and 2 more do not fit');
    expect(() => small.truncate(4)).toThrow('has 3 tokens: cannot keep 4');
    for (const cache of caches) cache.dispose();
  });

  it('reports the required memory where there is too little, and keeps none', () => {
    const before = device.memory().liveStorages;
    expect(() => new KeyValueCache(withRoomFor(3), { layers: 2, width: 64 }, 4096)).toThrow(
      'KeyValueCache: keys and values of 4096 tokens need 4 MiB, and fewer tokens less: wasm: out of memory',
    );
    expect(device.memory().liveStorages).toBe(before);
  });
});
