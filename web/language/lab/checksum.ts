/** Checksum of a model's weights, which ties an adapter to its base. */
import { type ByteSource, blobSource } from 'lowrank';

/** Bytes hashed at a time, since browsers cannot hash a stream; also the size of a part of the page's own model. */
const PART_BYTES = 16 * 2 ** 20;
/** Number of hexadecimal digits: enough to tell models apart, and short enough to read. */
const SHOWN = 16;

/** @param source  a file with the weights, or any source that has them all in a fixed order */
export async function checksumOf(source: ByteSource | Blob): Promise<string> {
  const bytes = source instanceof Blob ? blobSource(source) : source;
  // Insecure pages have no digests, so only the length is used there.
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
