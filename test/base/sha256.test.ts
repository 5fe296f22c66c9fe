/** Oracle: node:crypto. */
import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Random } from '../../src/base/random.js';
import { Sha256, sha256, sha256Of } from '../../src/base/sha256.js';

const reference = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const random = new Random(1);
const bytes = Uint8Array.from({ length: 5000 }, () => random.uint32() & 255);

describe('SHA-256', () => {
  it('is that of node:crypto at every length about the ends of blocks', () => {
    for (let length = 0; length < 260; length++) {
      const part = bytes.subarray(0, length);
      expect(sha256(part), `${length}`).toBe(reference(part));
    }
    expect(sha256(bytes)).toBe(reference(bytes));
    expect(sha256('größer\u{1f600}')).toBe(reference(new TextEncoder().encode('größer\u{1f600}')));
  });

  it('is the same for bytes that come in pieces, also from within a buffer', () => {
    for (let round = 0; round < 200; round++) {
      const hash = new Sha256();
      let position = 0;
      while (position < bytes.length) {
        const size = random.uint32() % (round % 2 === 0 ? 70 : 700);
        hash.update(bytes.subarray(position, position + size));
        position += size;
      }
      expect(hash.hex()).toBe(reference(bytes));
    }
  });
  afterEach(() => vi.unstubAllGlobals());

  it('is the same by the platform, and where the platform has none', async () => {
    const digest = vi.spyOn(crypto.subtle, 'digest');
    const shared = new Uint8Array(new SharedArrayBuffer(100)).fill(7);
    const parts = [bytes, bytes.subarray(3, 1000), new Uint8Array(0), shared];
    for (const part of parts) expect(await sha256Of(part)).toBe(reference(part));
    expect(digest).toHaveBeenCalledTimes(3);
    vi.stubGlobal('crypto', {});
    for (const part of parts) expect(await sha256Of(part)).toBe(reference(part));
    expect(digest).toHaveBeenCalledTimes(3);
  });
});
