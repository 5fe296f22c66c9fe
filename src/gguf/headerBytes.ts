/** The bytes of a GGUF header in their order, read in growing chunks: only the header of a large file is read. */
import { DataError } from '../base/errors.js';
import type { ByteSource } from '../files/byteSource.js';

export const MAX_HEADER_BYTES = 2 ** 28;

/** Bytes of the first chunk, larger than the header of an adapter; later chunks double. */
const FIRST_READ = 2 ** 16;
const MOST_READ = 2 ** 22;

/**
 * A cursor. Numbers and texts are read from the chunk in memory, so call `has` or `fill` before each; bytes before the
 * cursor are dropped with the next chunk.
 */
export class HeaderBytes {
  /** Part that is being read, for errors. */
  where = 'header';
  #chunk = new Uint8Array(0);
  #view = new DataView(this.#chunk.buffer);
  #at = 0;
  #chunkStart = 0;
  #nextRead = FIRST_READ;
  // A byte order mark may be a token of its own.
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  constructor(
    private readonly source: ByteSource,
    private readonly name: string,
  ) {}

  /** Position of the cursor, in bytes from the file's beginning. */
  get position(): number {
    return this.#chunkStart + this.#at;
  }

  /** The bytes in memory after the cursor. */
  get rest(): Uint8Array {
    return this.#chunk.subarray(this.#at);
  }

  has(length: number): boolean {
    return this.#at + length <= this.#chunk.length;
  }

  /** Brings the next bytes into memory. @throws DataError when there are fewer */
  async fill(length: number): Promise<void> {
    if (this.has(length)) return;
    this.expect(length);
    const start = this.position;
    const rest = this.rest;
    const end = Math.min(start + Math.max(length, this.#nextRead), this.source.length);
    const more = await this.source.read(start + rest.length, end - start - rest.length);
    this.#chunk = new Uint8Array(end - start);
    this.#chunk.set(rest);
    this.#chunk.set(more, rest.length);
    this.#view = new DataView(this.#chunk.buffer);
    this.#at = 0;
    this.#chunkStart = start;
    this.#nextRead = Math.min(2 * this.#nextRead, MOST_READ);
  }

  /** Checks that the file has `length` more bytes, before anything is allocated for them. */
  expect(length: number): void {
    const end = this.position + length;
    if (end > this.source.length)
      throw this.error(
        `truncated: needs ${length} bytes from byte ${this.position}, the file has ${this.source.length}`,
      );
    if (end > MAX_HEADER_BYTES)
      throw this.error(
        `header must be at most ${MAX_HEADER_BYTES} bytes: needs ${length} from byte ${this.position}`,
      );
  }

  /** Checks a number of items that take at least `bytesEach` bytes each. */
  expectItems(count: number | bigint, bytesEach: number): number {
    const all = Number(count) * bytesEach;
    if (!Number.isSafeInteger(all))
      throw this.error(`truncated: cannot hold ${count} items in ${this.source.length} bytes`);
    this.expect(all);
    return Number(count);
  }

  u32(): number {
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4, true);
  }

  u64(): number | bigint {
    this.#at += 8;
    const high = this.#view.getUint32(this.#at - 4, true);
    if (high >= 2 ** 21) return this.#view.getBigUint64(this.#at - 8, true);
    return high * 2 ** 32 + this.#view.getUint32(this.#at - 8, true);
  }

  /** Reads `length` bytes with a function that receives a view and the place where they begin in it. */
  take<T>(length: number, read: (view: DataView, at: number) => T): T {
    const value = read(this.#view, this.#at);
    this.#at += length;
    return value;
  }

  text(length: number): string {
    const bytes = this.#chunk.subarray(this.#at, this.#at + length);
    this.#at += length;
    try {
      return this.#utf8.decode(bytes);
    } catch {
      throw this.error(`text must be UTF-8: bytes ${this.position - length} to ${this.position} are not`);
    }
  }

  /** Reads a length, then UTF-8. Bytes in memory are read without waiting, since there are many strings. */
  async string(mostBytes = MAX_HEADER_BYTES): Promise<string> {
    if (!this.has(8)) await this.fill(8);
    const length = this.expectItems(this.u64(), 1);
    if (length > mostBytes) throw this.error(`must be at most ${mostBytes} bytes: ${length}`);
    if (!this.has(length)) await this.fill(length);
    return this.text(length);
  }

  async strings(count: number): Promise<string[]> {
    const values: string[] = [];
    let isSound = true;
    while (values.length < count) {
      if (isSound) isSound = this.#textsTo(values, count);
      // A string that is not wholly in memory, or is invalid, is read separately.
      if (values.length < count) values.push(await this.string());
    }
    return values;
  }

  /**
   * Decodes the strings in memory all at once: a tokenizer has a hundred thousand short ones.
   * @returns false where one of them is not text; none is taken then
   */
  #textsTo(values: string[], count: number): boolean {
    const [chunk, from] = [this.#chunk, this.#at];
    const end = this.#endOfStrings(count - values.length);
    const joined = new Uint8Array(end - from);
    const ends: number[] = [];
    let [bytes, units] = [0, 0];
    for (let at = from; at < end; ) {
      const stop = at + 8 + this.#view.getUint32(at, true);
      for (at += 8; at < stop; at++) {
        joined[bytes++] = chunk[at];
        if (!isContinued(chunk[at])) units += chunk[at] < 0xf0 ? 1 : 2;
      }
      ends.push(units);
    }
    try {
      const text = this.#utf8.decode(joined.subarray(0, bytes));
      for (let i = 0; i < ends.length; i++) values.push(text.slice(ends[i - 1] ?? 0, ends[i]));
      this.#at = end;
      return true;
    } catch {
      return false;
    }
  }

  /** The end of the strings that are wholly in memory, at most `most` of them. */
  #endOfStrings(most: number): number {
    const last = Math.min(this.#chunk.length, MAX_HEADER_BYTES - this.#chunkStart);
    let at = this.#at;
    for (let i = 0; i < most && at + 8 <= last; i++) {
      const [length, high] = [this.#view.getUint32(at, true), this.#view.getUint32(at + 4, true)];
      if (high !== 0 || at + 8 + length > last) break;
      // A string that begins in the middle of a character must not complete the previous one.
      if (length > 0 && isContinued(this.#chunk[at + 8])) break;
      at += 8 + length;
    }
    return at;
  }

  /** An error of one line: the file, what is being read, the rule. */
  error(rule: string): DataError {
    return new DataError(`${this.name}: ${this.where}: ${rule}`);
  }
}

/** Whether a byte of UTF-8 is not the first one of its character. */
function isContinued(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
