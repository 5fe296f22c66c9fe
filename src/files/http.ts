/** Files of a host that supports range requests. */
import { DataError } from '../base/errors.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import { type ByteSource, checkRange } from './byteSource.js';
import type { FileSource } from './fileSource.js';

export interface HttpOptions {
  /** Signal that ends running requests. */
  readonly signal?: AbortSignal;
  /** Replacement for `globalThis.fetch`, for custom headers and hosts. Default `globalThis.fetch`. */
  readonly fetch?: typeof globalThis.fetch;
}

const NAMES: OptionNames<HttpOptions> = { signal: true, fetch: true };

/** Pattern of a header such as `bytes 0-0/1234`. */
const CONTENT_RANGE = /^bytes (\d+)-(\d+)\/(\d+)$/;

/**
 * A file at an address, read by ranges; undefined where the host has no such file.
 * @throws DataError when the host does not answer, or does not support ranges
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-range-requests
 */
export async function httpSource(
  url: string | URL,
  options: HttpOptions = {},
): Promise<ByteSource | undefined> {
  checkOptions('httpSource', options, NAMES);
  const name = String(url);
  const first = await ask(name, 0, 1, {}, options);
  if (first.status === 404 || first.status === 410) return undefined;
  if (first.status === 416) return { length: 0, read: async () => new Uint8Array() };
  const { total } = await partOf(first, name, 0, 1);
  // The tag prevents mixing with a file that replaces this one meanwhile.
  const tag = first.headers.get('etag');
  const headers = tag && !tag.startsWith('W/') ? { 'If-Range': tag } : {};
  return {
    length: total,
    read: async (offset, length) => {
      checkRange(name, total, offset, length);
      if (length === 0) return new Uint8Array();
      const response = await ask(name, offset, length, headers, options);
      const part = await partOf(response, name, offset, length);
      if (part.total !== total) throw new DataError(`${name}: was changed while it was read`);
      return part.bytes;
    },
  };
}

/** Files in one directory at an address, such as `https://host/model/`. */
export function httpFiles(base: string | URL, options: HttpOptions = {}): FileSource {
  const folder = new URL(base);
  if (!folder.pathname.endsWith('/')) folder.pathname += '/';
  return { name: String(folder), open: (name) => httpSource(new URL(name, folder), options) };
}

async function ask(
  name: string,
  offset: number,
  length: number,
  headers: Readonly<Record<string, string>>,
  { signal, fetch = globalThis.fetch }: HttpOptions,
): Promise<Response> {
  const range = `bytes=${offset}-${offset + length - 1}`;
  try {
    return await fetch(name, { headers: { ...headers, Range: range }, signal: signal ?? null });
  } catch (error) {
    signal?.throwIfAborted();
    throw new DataError(`${name}: cannot be read: the connection failed`, { cause: error });
  }
}

async function partOf(
  response: Response,
  name: string,
  offset: number,
  length: number,
): Promise<{ readonly bytes: Uint8Array; readonly total: number }> {
  if (response.status !== 206) {
    // The body may be the whole file, of any size, which is not used.
    await response.body?.cancel();
    const why =
      response.status === 200
        ? offset === 0 && length === 1
          ? 'the host gives no parts of files (range requests)'
          : 'it was changed while it was read, or the host stopped giving parts of files'
        : `the host answers ${response.status}`;
    throw new DataError(`${name}: cannot be read: ${why}`);
  }
  const [, from, to, total] = CONTENT_RANGE.exec(response.headers.get('content-range') ?? '') ?? [];
  if (Number(from) !== offset || Number(to) !== offset + length - 1) {
    await response.body?.cancel();
    throw new DataError(
      `${name}: the host returned another part: ${response.headers.get('content-range')} for bytes ${offset}-${offset + length - 1}`,
    );
  }
  return { bytes: await exactly(response, name, length), total: Number(total) };
}

/** Reads a body of known length. @throws DataError for one that is longer or shorter */
async function exactly(response: Response, name: string, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  const reader = response.body?.getReader();
  let done = 0;
  try {
    for (let part = await reader?.read(); part?.value; part = await reader?.read()) {
      if (done + part.value.length > length) {
        await reader?.cancel();
        throw new DataError(`${name}: the host returned more than was requested`);
      }
      bytes.set(part.value, done);
      done += part.value.length;
    }
  } catch (error) {
    if (error instanceof DataError || (error instanceof Error && error.name === 'AbortError')) throw error;
    throw new DataError(`${name}: cannot be read: the connection failed`, { cause: error });
  }
  if (done < length) throw new DataError(`${name}: cannot be read: the connection ended early`);
  return bytes;
}
