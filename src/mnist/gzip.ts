/** Unpacks gzip streams up to a limit. It does not know the format of what is inside. */
import { DataError } from '../base/errors.js';

/** Maximum unpacked size of a gzip stream, 1 GiB: twenty times MNIST's largest file. */
export const MAX_DECOMPRESSED_BYTES = 2 ** 30;

/** Largest ratio of unpacked to packed length that a deflate stream can have. */
const MOST_TIMES = 1032;

/** What the beginning of the output states about the whole output. */
export interface ExpectedSize {
  readonly length: number;
  /** Description of the contents of this length, for errors. */
  readonly what: string;
}

/** Whether the bytes begin with gzip's 1f 8b. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Decompresses one gzip member that must fill `bytes` exactly.
 *
 * Runtimes differ on what follows a member: browsers refuse it, Node takes further members and ignores
 * zeros. The length that the last four bytes state (modulo 2^32) therefore has to be the output's.
 *
 * @param bytes the whole gzip file
 * @param name name of the file in errors
 * @param limit bytes of output at which decompression stops
 * @param sizeOf returns the size of the output from its beginning, or undefined while that is too short; decompression stops there too
 * @throws DataError when the stream is corrupt, truncated, followed by anything, or larger than `limit` or than it says
 * @see https://www.rfc-editor.org/rfc/rfc1952
 */
export async function gunzip(
  bytes: Uint8Array,
  name: string,
  limit: number = MAX_DECOMPRESSED_BYTES,
  sizeOf?: (start: Uint8Array) => ExpectedSize | undefined,
): Promise<Uint8Array> {
  const output = new Output(name, limit, MOST_TIMES * bytes.length, sizeOf);
  const reader = decompressed(bytes).getReader();
  for (;;) {
    const { done, value } = await reader.read().catch((error: unknown) => {
      throw new DataError(`${name}: not a valid gzip stream: ${messageOf(error)}`);
    });
    if (done) break;
    try {
      output.append(value);
    } catch (error) {
      // An error of cancelling is ignored: the stream is given up.
      await reader.cancel().catch(() => undefined);
      throw error;
    }
  }
  const { length } = output.bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stated = view.getUint32(bytes.length - 4, true);
  if (stated !== length % 2 ** 32) {
    const values = `its last 4 bytes state ${stated} bytes, found ${length}`;
    throw new DataError(`${name}: gzip stream must end with the file: ${values}`);
  }
  return output.bytes;
}

/** Output that grows up to its limit. */
class Output {
  #room = new Uint8Array();
  #length = 0;
  #expected: ExpectedSize | undefined;

  constructor(
    readonly name: string,
    readonly limit: number,
    readonly possible: number,
    readonly sizeOf: ((start: Uint8Array) => ExpectedSize | undefined) | undefined,
  ) {}

  get bytes(): Uint8Array {
    return this.#room.subarray(0, this.#length);
  }

  append(chunk: Uint8Array): void {
    const length = this.#length + chunk.length;
    const { name, limit } = this;
    if (this.#expected && length > this.#expected.length) {
      const { what, length: expected } = this.#expected;
      throw new DataError(`${name}: oversized: ${what} needs ${expected} bytes, the gzip stream has more`);
    }
    if (length > limit) {
      throw new DataError(`${name}: gzip stream too large: more than ${limit} bytes of output`);
    }
    if (length > this.#room.length) {
      // Twice what has come, not at once what the beginning claims: a claim may be false.
      const most = this.#expected?.length ?? limit;
      this.#grow(Math.min(most, Math.max(length, 2 * this.#room.length)));
    }
    this.#room.set(chunk, this.#length);
    this.#length = length;
    if (!this.#expected && this.sizeOf) this.#expect(this.sizeOf(this.bytes));
  }

  /** Takes the size that the output will have, if that is allowed and possible. */
  #expect(expected: ExpectedSize | undefined): void {
    if (!expected) return;
    const { name, limit, possible } = this;
    const { what, length } = expected;
    if (length > limit) {
      throw new DataError(
        `${name}: gzip stream too large: ${what} needs ${length} bytes, more than ${limit}`,
      );
    }
    if (length > possible) {
      throw new DataError(`${name}: truncated: ${what} needs ${length} bytes, the gzip stream has fewer`);
    }
    this.#expected = expected;
    // What has come may be too much already.
    this.append(new Uint8Array());
  }

  #grow(size: number): void {
    const room = new Uint8Array(size);
    room.set(this.bytes);
    this.#room = room;
  }
}

function decompressed(bytes: Uint8Array): ReadableStream<Uint8Array> {
  const source = new ReadableStream<BufferSource>({
    start(controller) {
      // The DOM types ask for a view that is not shared; streams copy what they are given.
      controller.enqueue(bytes as Uint8Array<ArrayBuffer>);
      controller.close();
    },
  });
  return source.pipeThrough(new DecompressionStream('gzip'));
}

/** Some runtimes leave the message empty, or put it into the cause. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message !== '') return error.message;
  return error.cause instanceof Error && error.cause.message !== ''
    ? error.cause.message
    : 'corrupt or truncated';
}
