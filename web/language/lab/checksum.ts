/** A checksum of a model's weights, by which an adapter knows its base. */
import { type ByteSource, blobSource } from 'lowrank';

/** Read and hashed at a time: the browser hashes no stream. It is also the size of a part of the page's own model. */
const PART_BYTES = 16 * 2 ** 20;
/** Hexadecimal digits: enough to tell models apart, and to be read. */
const SHOWN = 16;

/** @param source  a file with the weights, or what else has them all in one order */
export async function checksumOf(source: ByteSource | Blob): Promise<string> {
  const bytes = source instanceof Blob ? blobSource(source) : source;
  // Pages that are not secure have no digests: there the length has to do.
  if (!globalThis.crypto?.subtle) return `${bytes.length} bytes`;
  const digests: string[] = [];
  for (let at = 0; at < bytes.length; at += PART_BYTES)
    digests.push(await sha256(await bytes.read(at, Math.min(PART_BYTES, bytes.length - at))));
  return checksumOfParts(digests);
}

/** @param digests  SHA-256 of each part of 16 MiB, in hexadecimal digits */
export async function checksumOfParts(digests: readonly string[]): Promise<string> {
  return (await sha256(new TextEncoder().encode(digests.join('\n')))).slice(0, SHOWN);
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
