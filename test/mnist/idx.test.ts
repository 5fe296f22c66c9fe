/** Oracle: files built here byte by byte from the format's description. */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataError } from '../../src/base/errors.js';
import { gunzip } from '../../src/mnist/gzip.js';
import { parseIdx } from '../../src/mnist/idx.js';

/** An IDX file of any type, shape and content; nothing is checked. */
function idx(shape: number[], data: ArrayLike<number>, type = 0x08): Uint8Array {
  const out = new Uint8Array(4 + 4 * shape.length + data.length);
  out.set([0, 0, type, shape.length]);
  const view = new DataView(out.buffer);
  shape.forEach((size, i) => {
    view.setUint32(4 + 4 * i, size);
  });
  out.set(data, 4 + 4 * shape.length);
  return out;
}

const valid = idx([2, 3], [1, 2, 3, 4, 5, 6]);

async function failure(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => new Error('nothing was thrown'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DataError);
  // The assertion above has made it one.
  return (error as DataError).message;
}

describe('parseIdx', () => {
  it('reads shape and bytes', async () => {
    expect(await parseIdx(valid, 'f')).toEqual({ shape: [2, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) });
  });

  it('reads a view that does not begin at the buffer’s start, without a copy', async () => {
    const buffer = new Uint8Array(valid.length + 7);
    buffer.set(valid, 5);
    const { shape, data } = await parseIdx(buffer.subarray(5, 5 + valid.length), 'f');
    expect(shape).toEqual([2, 3]);
    expect(data.buffer).toBe(buffer.buffer);
    expect([...data]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('reads empty arrays and 255 dimensions', async () => {
    expect(await parseIdx(idx([0], []), 'f')).toEqual({ shape: [0], data: new Uint8Array() });
    expect((await parseIdx(idx(Array(255).fill(1), [9]), 'f')).data).toEqual(Uint8Array.of(9));
  });

  it('reads gzipped files', async () => {
    expect(await parseIdx(gzipSync(valid), 'f')).toEqual(await parseIdx(valid, 'f'));
  });

  it.each<[string, Uint8Array, string]>([
    ['an empty file', new Uint8Array(), 'f: truncated: the magic number needs 4 bytes, found 0'],
    ['half a magic number', valid.subarray(0, 3), 'f: truncated: the magic number needs 4 bytes, found 3'],
    [
      'a wrong first byte',
      Uint8Array.of(137, ...valid.subarray(1)),
      'f: not an IDX file: the first two bytes must be 00 00, found 89 00',
    ],
    [
      'a wrong second byte',
      Uint8Array.of(0, 1, ...valid.subarray(2)),
      'f: not an IDX file: the first two bytes must be 00 00, found 00 01',
    ],
    ['int8', idx([1], [1], 0x09), 'f: elements must be uint8 (08): found int8 (09)'],
    ['int16', idx([1], [1], 0x0b), 'f: elements must be uint8 (08): found int16 (0b)'],
    ['int32', idx([1], [1], 0x0c), 'f: elements must be uint8 (08): found int32 (0c)'],
    ['float32', idx([1], [1], 0x0d), 'f: elements must be uint8 (08): found float32 (0d)'],
    ['float64', idx([1], [1], 0x0e), 'f: elements must be uint8 (08): found float64 (0e)'],
    ['an unknown type', idx([1], [1], 0x0a), 'f: elements must be uint8 (08): found an unknown type (0a)'],
    ['no dimensions', idx([], [7]), 'f: number of dimensions must be 1 or more: found 0'],
    ['half the dimensions', valid.subarray(0, 11), 'f: truncated: 2 dimensions need 12 bytes, found 11'],
    ['one byte too few', valid.subarray(0, -1), 'f: truncated: [2, 3] needs 18 bytes, found 17'],
    ['one byte too many', Uint8Array.of(...valid, 0), 'f: oversized: [2, 3] needs 18 bytes, found 19'],
    [
      'dimensions beyond 2^53',
      idx([0xffffffff, 0xffffffff], []),
      'f: dimensions overflow: [4294967295, 4294967295]',
    ],
    // 2^64 elements are 0 in 64-bit arithmetic, and the file's length would fit.
    [
      'dimensions that wrap',
      idx([2 ** 31, 2 ** 31, 4], []),
      'f: dimensions overflow: [2147483648, 2147483648, 4]',
    ],
  ])('refuses %s', async (_, bytes, message) => {
    expect(await failure(parseIdx(bytes, 'f'))).toBe(message);
  });
});

describe('gunzip', () => {
  const zipped = new Uint8Array(gzipSync(Uint8Array.from({ length: 5000 }, (_, i) => (i * i) % 251)));

  it.each<[string, Uint8Array]>([
    ['only the magic', zipped.subarray(0, 2)],
    ['a truncated header', zipped.subarray(0, 9)],
    ['a truncated body', zipped.subarray(0, 100)],
    ['a truncated trailer', zipped.subarray(0, -1)],
    ['a wrong checksum', zipped.map((byte, i) => (i === zipped.length - 8 ? byte ^ 1 : byte))],
    ['a wrong method', zipped.map((byte, i) => (i === 2 ? 7 : byte))],
  ])('refuses %s', async (_, bytes) => {
    expect(await failure(gunzip(bytes, 'f.gz'))).toMatch(/^f\.gz: not a valid gzip stream: [^\n]+$/);
  });

  it.each<[string, number[]]>([
    ['zeros', Array(20).fill(0)],
    ['another member', [...zipped]],
    ['an empty member', [...gzipSync(new Uint8Array())]],
    ['other bytes', [1, 2, 3]],
  ])('refuses %s after the stream, whatever the runtime makes of it', async (_, trailing) => {
    const message = await failure(gunzip(Uint8Array.of(...zipped, ...trailing), 'f.gz'));
    expect(message).toMatch(
      /^f\.gz: (gzip stream must end with the file: its last 4|not a valid gzip stream: )/,
    );
  });

  it('stops at its limit, not at the end of what would come out', async () => {
    const bomb = gzipSync(new Uint8Array(30_000_000));
    const message = await failure(gunzip(bomb, 'f.gz', 1_000_000));
    expect(message).toBe('f.gz: gzip stream too large: more than 1000000 bytes of output');
    expect(await gunzip(zipped, 'f.gz', 5000)).toHaveLength(5000);
    expect(await failure(gunzip(zipped, 'f.gz', 4999))).toContain('more than 4999 bytes');
  });
});

describe('a gzipped IDX file', () => {
  const zip = (shape: number[], length: number) => gzipSync(idx(shape, new Uint8Array(length)));
  /** Bytes that are held outside the JavaScript heap, at most, while `body` runs. */
  async function held(body: () => Promise<unknown>): Promise<number> {
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const timer = setInterval(() => {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }, 1);
    await body();
    clearInterval(timer);
    return Math.max(most, process.memoryUsage().arrayBuffers - before);
  }

  it('is unpacked no further than its header says', async () => {
    const bomb = zip([10, 28, 28], 200_000_000);
    const most = await held(async () => {
      expect(await failure(parseIdx(bomb, 'f.gz'))).toBe(
        'f.gz: oversized: [10, 28, 28] needs 7856 bytes, the gzip stream has more',
      );
    });
    expect(most).toBeLessThan(20_000_000);
  });

  it('takes no room for what it cannot hold, and not above the limit', async () => {
    const small = zip([1000, 1000, 900], 100);
    const most = await held(async () => {
      expect(await failure(parseIdx(small, 'f.gz'))).toBe(
        'f.gz: truncated: [1000, 1000, 900] needs 900000016 bytes, the gzip stream has fewer',
      );
    });
    expect(most).toBeLessThan(10_000_000);
    // Stored as it is, a stream could hold a thousand times its length; this one does not.
    const stored = gzipSync(idx([30_000, 10_000], new Uint8Array(2_000_000)), { level: 0 });
    const room = await held(async () => {
      expect(await failure(parseIdx(stored, 'f.gz'))).toBe(
        'f.gz: truncated: [30000, 10000] needs 300000012 bytes, found 2000012',
      );
    });
    expect(room).toBeLessThan(50_000_000);
    expect(await failure(parseIdx(zip([100, 28, 28], 78_400), 'f.gz', { limit: 50_000 }))).toBe(
      'f.gz: gzip stream too large: [100, 28, 28] needs 78416 bytes, more than 50000',
    );
    expect(await failure(parseIdx(zip([2 ** 20, 2 ** 10, 2], 10), 'f.gz'))).toContain('more than 1073741824');
    expect(await failure(parseIdx(zip([5], 4), 'f.gz'))).toBe(
      'f.gz: truncated: [5] needs 13 bytes, found 12',
    );
    expect((await parseIdx(zip([5], 5), 'f.gz')).data).toHaveLength(5);
  });

  it('is refused by its caller before it is unpacked', async () => {
    const check = (shape: readonly number[]) => {
      throw new DataError(`f.gz: not this one: ${shape}`);
    };
    // Made before: only what the reader takes is counted.
    const large = zip([200_000, 1000], 200_000_000);
    const most = await held(async () => {
      expect(await failure(parseIdx(large, 'f.gz', { check }))).toBe('f.gz: not this one: 200000,1000');
    });
    expect(most).toBeLessThan(20_000_000);
  });
});

describe('parseIdx, fuzzed', () => {
  const shapes = fc.array(fc.nat(5), { minLength: 1, maxLength: 4 });
  const files = shapes.chain((shape) => {
    const length = shape.reduce((product, size) => product * size, 1);
    return fc.record({
      shape: fc.constant(shape),
      data: fc.uint8Array({ minLength: length, maxLength: length }),
    });
  });

  /** Parses, or fails with one line of DataError; what parses keeps its invariants. */
  async function check(bytes: Uint8Array): Promise<void> {
    try {
      const { shape, data } = await parseIdx(bytes, 'fuzz');
      expect(shape.length).toBeGreaterThan(0);
      expect(data.length).toBe(shape.reduce((product, size) => product * size, 1));
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      expect(error.message).toMatch(/^fuzz: [^\n]+$/);
    }
  }

  it('reads what was written, raw and gzipped', async () => {
    await fc.assert(
      fc.asyncProperty(files, fc.boolean(), async ({ shape, data }, zip) => {
        const bytes = idx(shape, data);
        expect(await parseIdx(zip ? gzipSync(bytes) : bytes, 'f')).toEqual({ shape, data });
      }),
    );
  });

  it('survives random bytes', async () => {
    const magic = fc.constantFrom<number[][]>([], [0, 0, 8], [0, 0, 8, 1], [0x1f, 0x8b], [0x1f, 0x8b, 8, 0]);
    await fc.assert(
      fc.asyncProperty(magic, fc.uint8Array({ maxLength: 64 }), (start, rest) =>
        check(Uint8Array.of(...start, ...rest)),
      ),
      { numRuns: 500 },
    );
  });

  it('survives valid files that were flipped, cut and stretched', async () => {
    const edits = fc.array(fc.record({ kind: fc.nat(2), at: fc.nat(), byte: fc.nat(255) }), {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(files, fc.boolean(), edits, async ({ shape, data }, zip, changes) => {
        const bytes = [...(zip ? gzipSync(idx(shape, data)) : idx(shape, data))];
        for (const { kind, at, byte } of changes) {
          const position = at % (bytes.length + 1);
          if (kind === 0) bytes.splice(position, 1, byte);
          else if (kind === 1) bytes.splice(position);
          else bytes.splice(position, 0, byte);
        }
        await check(Uint8Array.from(bytes));
      }),
      { numRuns: 800 },
    );
  });
});
