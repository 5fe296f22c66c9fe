/** The contents of a repository on the Hugging Face Hub: its files with their sizes and checksums, at one commit. */
import { DataError } from '../base/errors.js';
import { askHub, type Hub } from './hubAccess.js';
import { type HubId, isCommit, isFileName, nameOf } from './hubId.js';

/** A checksum: SHA-256 of the file itself, or git's blob id for a small one. */
export interface Digest {
  readonly kind: 'sha256' | 'git';
  readonly hex: string;
}

export interface HubFile {
  readonly name: string;
  readonly size: number;
  readonly digest: Digest;
}

export interface Listing {
  readonly commit: string;
  readonly names: readonly string[];
  /** Checksums of all files, as far as the list has them. */
  readonly digests: ReadonlySet<string>;
  /** @throws DataError where neither the list nor the file's own headers give size and checksum */
  file(name: string): Promise<HubFile>;
}

const MAX_LISTING_BYTES = 16 * 2 ** 20;
const MAX_FILES = 20_000;

/** @throws DataError when the hub gives none, or names a file that no repository can have */
export async function listFiles(hub: Hub, id: HubId): Promise<Listing> {
  const name = nameOf(id);
  const revision = encodeURIComponent(id.revision ?? 'main');
  const url = `${hub.endpoint}/api/models/${id.repository}/revision/${revision}?blobs=true`;
  const json = await readJson(await askHub(hub, { id, name, url }), name);
  const { sha, siblings } = fieldsOf(json);
  if (typeof sha !== 'string' || !isCommit(sha) || !Array.isArray(siblings))
    throw new DataError(`${name}: the hub's answer names no commit, or no files`);
  if (id.revision !== undefined && isCommit(id.revision) && sha !== id.revision)
    throw new DataError(`${name}: the hub gives another commit: ${sha}`);
  if (siblings.length > MAX_FILES)
    throw new DataError(`${name}: must have at most ${MAX_FILES} files: the hub names ${siblings.length}`);
  const files = new Map<string, Partial<HubFile>>();
  for (const each of siblings as readonly unknown[]) {
    const file = listedFile(each);
    // A repository cannot have such a file, so the answer is false.
    if (file?.name === undefined)
      throw new DataError(
        `${name}: the hub names a file that cannot be one: ${JSON.stringify(fieldsOf(each).rfilename)}`,
      );
    files.set(file.name, file);
  }
  return {
    commit: sha,
    names: [...files.keys()],
    digests: new Set(Array.from(files.values(), ({ digest }) => digest?.hex ?? '')),
    file: async (file) => {
      const { size, digest } = files.get(file) ?? {};
      if (size !== undefined && digest) return { name: file, size, digest };
      return fromHeaders(hub, id, sha, file);
    },
  };
}

/** The address of a file at a commit. */
export function fileAddress({ endpoint }: Hub, { repository }: HubId, commit: string, file: string): string {
  return `${endpoint}/${repository}/resolve/${commit}/${file.split('/').map(encodeURIComponent).join('/')}`;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** Size and checksum where the list has them; a mirror's list may not. */
function listedFile(value: unknown): Partial<HubFile> | undefined {
  const { rfilename, size, blobId, lfs } = fieldsOf(value);
  if (typeof rfilename !== 'string' || !isFileName(rfilename)) return undefined;
  const large = fieldsOf(lfs);
  const digest = digestOf(large.sha256 ?? blobId);
  const bytes = large.size ?? size;
  return isSize(bytes) && digest ? { name: rfilename, size: bytes, digest } : { name: rfilename };
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function digestOf(value: unknown): Digest | undefined {
  if (typeof value !== 'string') return undefined;
  if (/^[0-9a-f]{64}$/.test(value)) return { kind: 'sha256', hex: value };
  return /^[0-9a-f]{40}$/.test(value) ? { kind: 'git', hex: value } : undefined;
}

/** The headers of the hub itself, before it redirects to the host that has the file. */
async function fromHeaders(hub: Hub, id: HubId, commit: string, file: string): Promise<HubFile> {
  const name = `${nameOf(id)}: ${file}`;
  const url = fileAddress(hub, id, commit, file);
  const { headers, status } = await askHub(hub, { id, name, url, isHead: true });
  const length = headers.get('x-linked-size') ?? (status === 200 ? headers.get('content-length') : null);
  const digest = digestOf((headers.get('x-linked-etag') ?? headers.get('etag'))?.replace(/^(W\/)?"|"$/g, ''));
  const size = length === null ? undefined : Number(length);
  if (isSize(size) && digest) return { name: file, size, digest };
  throw new DataError(`${name}: cannot be fetched: the hub gives no size and checksum to compare`);
}

async function readJson(response: Response, name: string): Promise<unknown> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    parts.push(part as Uint8Array);
    length += (part as Uint8Array).length;
    if (length > MAX_LISTING_BYTES)
      throw new DataError(`${name}: the hub's list of files must have at most ${MAX_LISTING_BYTES} bytes`);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8'));
  } catch {
    throw new DataError(`${name}: the hub's answer is not a list of files`);
  }
}
