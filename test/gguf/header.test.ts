/** Files that are cut short or lie about their sizes; oracle: missing bytes are never accepted. */
import { describe, expect, it } from 'vitest';
import { DataError } from '../../src/base/errors.js';
import { bytesSource } from '../../src/files/byteSource.js';
import { openGguf } from '../../src/gguf/open.js';
import { joined } from '../fuzz/mutate.js';
import { array, entry, FULL, ids, rawFile, text, u32, u64 } from './raw.js';
import { refusal } from './refusal.js';

describe('every byte counts', () => {
  const bytes = rawFile(FULL);

  it('is read as a whole', async () => {
    const { tensors, metadata } = await openGguf(bytesSource(bytes), 'f');
    expect([tensors.size, metadata.size]).toEqual([2, 6]);
  });

  it('is refused when it is cut short anywhere', async () => {
    for (let length = 0; length < bytes.length; length++) {
      const message = await refusal(bytes.subarray(0, length));
      const rule = length < 4 ? /^f: is not a GGUF file: / : /^f: .+: truncated: /;
      expect([length, message]).toEqual([length, expect.stringMatching(rule)]);
    }
  });

  it('is read or refused with any of its bytes changed', async () => {
    for (let at = 0; at < bytes.length; at++) {
      for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
        const changed = bytes.slice();
        changed[at] = value;
        const outcome = await openGguf(bytesSource(changed), 'f').catch((error: unknown) => error);
        const isFine =
          !(outcome instanceof Error) ||
          (outcome instanceof DataError && /^f: [^\n]+$/.test(outcome.message));
        expect([at, value, isFine]).toEqual([at, value, true]);
      }
    }
  });

  /** The last occurrence of each kind of field: a count, a length, a size, an offset. */
  const FIELDS: readonly [what: string, bytes: Uint8Array][] = [
    ['the number of tensors', joined(u64(2), u64(6))],
    ['the length of a key', text('name')],
    ['the length of a text', text('Ġé')],
    ['the number of an array', joined(u64(3), u32(1))],
    ['the number of strings', joined(u64(2), text('a'))],
    ['the length of a string', text('bc')],
    ['the length of a name', text('x')],
    ['a first size', joined(u64(32), u64(2), u32(8))],
    ['a last size', joined(u64(2), u32(8), u64(0))],
    ['an offset', joined(u64(72))],
  ];

  it.each(FIELDS)('refuses %s of the largest value at once', async (_, field) => {
    const at = positionOf(bytes, field);
    for (const value of [
      2n ** 64n - 1n,
      2n ** 63n,
      2n ** 53n,
      2n ** 53n - 1n,
      2n ** 32n,
      10n ** 9n,
      100_000n,
    ]) {
      const changed = bytes.slice();
      changed.set(u64(value), at);
      let most = 0;
      const source = {
        length: changed.length,
        read: async (offset: number, length: number) => {
          most = Math.max(most, length);
          return changed.slice(offset, offset + length);
        },
      };
      await expect(openGguf(source, 'f')).rejects.toThrow(DataError);
      expect(most).toBeLessThanOrEqual(changed.length);
    }
  });
});

function positionOf(bytes: Uint8Array, field: Uint8Array): number {
  const found = bytes.findIndex((_, i) => field.every((byte, j) => bytes[i + j] === byte));
  if (found < 0) throw new Error('no such field');
  return found;
}

describe('of a large file', () => {
  /** A header, and zeros up to a length that no memory holds. */
  function endless(start: Uint8Array, length = 2 ** 42) {
    const reads: number[] = [];
    const read = async (offset: number, count: number) => {
      reads.push(count);
      const bytes = new Uint8Array(count);
      bytes.set(start.subarray(offset, offset + count));
      return bytes;
    };
    return { source: { length, read }, reads };
  }

  it('only the header is read', async () => {
    const tensors = [{ name: 'w', ne: [2 ** 20, 2 ** 18], type: 0 }];
    const { source, reads } = endless(rawFile({ ...FULL, tensors }));
    const opened = await openGguf(source, 'f');
    expect(opened.tensors.get('w')?.byteLength).toBe(2 ** 40);
    expect(reads.reduce((sum, length) => sum + length, 0)).toBeLessThan(100_000);
  });

  it.each([
    ['an array', array('k', ids.u8, 2 ** 40)],
    ['strings', array('k', ids.string, 2 ** 30)],
    ['a text', entry('k', ids.string, u64(2 ** 40))],
  ])('%s beyond the limit of a header is refused at once', async (_, field) => {
    const { source, reads } = endless(rawFile({ entries: [field] }));
    await expect(openGguf(source, 'f')).rejects.toThrow(
      /^f: key "k": header must be at most 268435456 bytes: needs /,
    );
    expect(Math.max(...reads)).toBeLessThan(100_000);
  });

  it('chunks grow with the header, up to a limit', async () => {
    const thousand = (k: number) =>
      joined(
        ...Array.from({ length: 1000 }, (_, i) => text(`a string of some length, number ${1000 * k + i}`)),
      );
    const strings = Array.from({ length: 200 }, (_, k) => thousand(k));
    const file = rawFile({ entries: [array('k', ids.string, 200_000, ...strings)] });
    const { source, reads } = endless(file);
    const { metadata } = await openGguf(source, 'f');
    expect((metadata.get('k') as string[]).at(-1)).toBe('a string of some length, number 199999');
    expect(reads.length).toBeLessThan(12);
    expect(Math.max(...reads)).toBeLessThanOrEqual(2 ** 22);
    expect(reads.reduce((sum, length) => sum + length, 0)).toBeLessThan(file.length + 2 ** 22 + 4096);
  });
});

it.each([
  ['has its end in the next one', [Uint8Array.of(0x61, 0xc3), Uint8Array.of(0xa9, 0x62)]],
  ['is not text', [Uint8Array.of(0x61), Uint8Array.of(0xff)]],
])('refuses a string that %s', async (_, texts) => {
  const strings = [text('fine'), ...texts.map((bytes) => joined(u64(bytes.length), bytes))];
  const message = await refusal(rawFile({ entries: [array('k', ids.string, 3, ...strings)] }));
  expect(message).toMatch(/^f: key "k": text must be UTF-8: bytes \d+ to \d+ are not$/);
});

it('reads strings of every length and every kind of character', async () => {
  const values = ['', 'a', 'Ġthe', '\ufeffmark', '日本', '😀', 'é'.repeat(40), '', 'z'];
  const file = rawFile({ entries: [array('k', ids.string, values.length, ...values.map(text))] });
  expect((await openGguf(bytesSource(file), 'f')).metadata.get('k')).toEqual(values);
});

it('passes on the error of a source that cannot be read', async () => {
  const source = { length: 100, read: () => Promise.reject(new DataError('f: cannot be read: gone')) };
  await expect(openGguf(source, 'f')).rejects.toThrow('f: cannot be read: gone');
});
