/** Fetches a file into a partial file, which a later attempt continues. */
import { open, readFile, rm, stat } from 'node:fs/promises';
import { DataError } from '../base/errors.js';
import { reasonOf, writeFileAtomic } from './files.js';
import { connectionReason } from './request.js';

export interface FetchProgress {
  /** Called with the bytes fetched so far and the total. */
  readonly onBytes?: ((done: number, total: number) => void) | undefined;
  /** Ends the fetching; what was fetched stays for the next attempt. */
  readonly signal?: AbortSignal | undefined;
}

export interface Fetching extends FetchProgress {
  /** Name of the file in error messages. */
  readonly name: string;
  /** Requests the file, or with a `Range` a part of it. */
  readonly request: (headers: Readonly<Record<string, string>>) => Promise<Response>;
  /**
   * Size of the whole file in bytes, for a file whose checksum is compared afterwards, so that another version is noticed.
   * Default: the size that the host states, and versions are distinguished by their ETag.
   */
  readonly total?: number;
}

/** The version of a file that the host stated when its fetching began. */
interface Version {
  readonly etag: string | undefined;
  readonly total: number;
}

/** A response, and where in the file its bytes begin. */
interface Answer {
  readonly response: Response;
  readonly from: number;
  readonly total: number;
}

/**
 * Fetches a file into `part`, continuing an interrupted attempt. No other process may write to it meanwhile.
 * @throws DataError when the host does not provide the file, or sends a different number of bytes than announced
 */
export async function fetchFile(part: string, fetching: Fetching): Promise<void> {
  const { name, onBytes, signal } = fetching;
  if (fetching.total !== undefined && (await sizeOf(part)) === fetching.total) return;
  const { response, from, total } = await ask(part, fetching);
  const file = await open(part, from === 0 ? 'w' : 'a').catch(async (error: unknown) => {
    await response.body?.cancel();
    throw new DataError(`${part}: cannot be written: ${reasonOf(error)}`);
  });
  let done = from;
  try {
    onBytes?.(done, total);
    for await (const bytes of response.body ?? []) {
      done += (bytes as Uint8Array).length;
      if (done > total) break;
      // `write` may write less than it was given.
      await file.writeFile(bytes as Uint8Array);
      onBytes?.(done, total);
    }
    await file.sync();
  } catch (error) {
    signal?.throwIfAborted();
    throw new DataError(
      `${name}: cannot be fetched: ${connectionReason(error)}; the next attempt continues from here`,
    );
  } finally {
    await file.close();
  }
  if (done < total)
    throw new DataError(
      `${name}: ended after ${done} of ${total} bytes; the next attempt continues from here`,
    );
  await rm(versionFile(part), { force: true });
  if (done === total) return;
  await rm(part, { force: true });
  throw new DataError(`${name}: the host sent more than the ${total} bytes that it announced`);
}

async function ask(part: string, { name, request, total: known }: Fetching): Promise<Answer> {
  const begun = await begunBefore(part, known);
  if (begun) {
    const { from, etag, total } = begun;
    // A file that has changed since comes as a whole.
    const unchanged = etag === undefined ? {} : { 'If-Range': etag };
    const response = await request({ Range: `bytes=${from}-${total - 1}`, ...unchanged });
    const range = response.headers.get('content-range');
    if (response.status === 206 && range === `bytes ${from}-${total - 1}/${total}`)
      return { response, from, total };
    await response.body?.cancel();
  }
  const response = await request({});
  try {
    const total = totalOf(response, name, known);
    const etag = response.headers.get('etag') ?? '';
    if (known === undefined)
      await writeFileAtomic(versionFile(part), new TextEncoder().encode(JSON.stringify({ etag, total })));
    return { response, from: 0, total };
  } catch (error) {
    await response.body?.cancel();
    throw error;
  }
}

function totalOf({ status, headers }: Response, name: string, known: number | undefined): number {
  const length = headers.get('content-length');
  const total = length === null ? (known ?? Number.NaN) : Number(length);
  const isPlain = Number.isSafeInteger(total) && !headers.has('content-encoding');
  if (status !== 200 || !isPlain) {
    const why = status === 200 ? 'does not report its length' : `answers ${status}`;
    throw new DataError(`${name}: cannot be fetched: the host ${why}`);
  }
  if (known !== undefined && total !== known)
    throw new DataError(`${name}: must have ${known} bytes: the host gives ${total}`);
  return total;
}

const versionFile = (part: string) => `${part}.json`;

/** Where an earlier attempt ended; undefined where that is unknown, or the host states no version to compare. */
async function begunBefore(
  part: string,
  known: number | undefined,
): Promise<(Version & { readonly from: number }) | undefined> {
  const from = (await sizeOf(part)) ?? 0;
  const version = known === undefined ? await readVersion(part) : { etag: undefined, total: known };
  return version && from > 0 && from < version.total ? { ...version, from } : undefined;
}

async function readVersion(part: string): Promise<Version | undefined> {
  try {
    const { etag, total } = JSON.parse(await readFile(versionFile(part), 'utf8')) as Partial<Version>;
    const isStrong = typeof etag === 'string' && etag.startsWith('"');
    return isStrong && typeof total === 'number' ? { etag, total } : undefined;
  } catch {
    return undefined;
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}
