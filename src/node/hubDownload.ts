/** Downloads models of the Hugging Face Hub into lowrank's own cache. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DataError } from '../base/errors.js';
import { readIndex } from '../safetensors/open.js';
import { makeDirectory } from './directories.js';
import { type FetchProgress, fetchFile } from './fetchFile.js';
import { fileSource } from './fileSource.js';
import { writeFileAtomic } from './files.js';
import { askHub, type Hub } from './hubAccess.js';
import { findInCache, repositoryFolder } from './hubCache.js';
import { modelFiles } from './hubFiles.js';
import { type HubId, isCommit, nameOf } from './hubId.js';
import { fileAddress, type HubFile, type Listing, listFiles } from './hubListing.js';
import { withDirectory } from './inUse.js';

/** A download of files of one commit. */
interface Job {
  readonly hub: Hub;
  readonly id: HubId;
  readonly listing: Listing;
  /** The repository's folder in the cache, for incomplete files. */
  readonly folder: string;
  readonly snapshot: string;
  readonly onBytes: FetchProgress['onBytes'];
}

/**
 * Downloads the files that loading the model requires; each enters the cache once its size and checksum are right. Processes
 * that request the same model at once wait for the first.
 * @param cache  lowrank's cache
 * @returns the path of the model
 * @throws DataError when the hub does not provide it
 */
export async function downloadModel(
  hub: Hub,
  cache: string,
  id: HubId,
  onBytes?: FetchProgress['onBytes'],
): Promise<string> {
  const folder = repositoryFolder(cache, id.repository);
  const alone = { kind: 'download', waitMs: Number.POSITIVE_INFINITY, signal: hub.signal } as const;
  return withDirectory(folder, alone, async () => {
    const found = await findInCache(cache, id);
    if (found?.path !== undefined) return found.path;
    const listing = await listFiles(hub, id);
    const snapshot = join(folder, 'snapshots', listing.commit);
    const path = await fetchModel({ hub, id, listing, folder, snapshot, onBytes });
    await keepRevision(folder, id.revision ?? 'main', listing.commit);
    await removeParts(folder, listing);
    return path;
  });
}

async function fetchModel(job: Job): Promise<string> {
  const { id, listing, snapshot } = job;
  const files = modelFiles(listing.names, id.file);
  if (files.kind === 'none' || files.kind === 'unclear') throw new DataError(`${nameOf(id)}: ${files.why}`);
  if (files.kind === 'gguf') {
    await fetchAll(job, [files.file]);
    return join(snapshot, files.file);
  }
  // The weights come last: where they are complete, everything is.
  await fetchAll(job, [...files.small, ...(await weightFiles(job, files.weights))]);
  return snapshot;
}

/** The file of the weights itself, or those that the index names, which is fetched for it. */
async function weightFiles(job: Job, weights: string): Promise<string[]> {
  if (!weights.endsWith('.json')) return [weights];
  await fetchAll({ ...job, onBytes: undefined }, [weights]);
  const index = join(job.snapshot, weights);
  const shards = [...(await readIndex(await fileSource(index), `${nameOf(job.id)}: ${weights}`)).keys()];
  const missing = shards.find((name) => !job.listing.names.includes(name));
  if (missing !== undefined)
    throw new DataError(`${nameOf(job.id)}: has no ${missing}, which its ${weights} names`);
  return shards;
}

async function fetchAll(job: Job, names: readonly string[]): Promise<void> {
  const { listing, snapshot, onBytes } = job;
  const files: HubFile[] = [];
  for (const name of names) files.push(await listing.file(name));
  const total = files.reduce((sum, { size }) => sum + size, 0);
  if (!Number.isSafeInteger(total)) throw new DataError(`${nameOf(job.id)}: its sizes cannot be right`);
  let done = 0;
  for (const file of files) {
    const path = join(snapshot, file.name);
    if ((await stat(path).catch(() => undefined))?.size !== file.size) {
      await checkSpace(job, total - done);
      await fetchOne(job, file, path, (bytes) => onBytes?.(done + bytes, total));
    }
    done += file.size;
    onBytes?.(done, total);
  }
}

async function fetchOne(
  { hub, id, listing, folder }: Job,
  { name: file, size, digest }: HubFile,
  path: string,
  onBytes: (done: number) => void,
): Promise<void> {
  const name = `${nameOf(id)}: ${file}`;
  const url = fileAddress(hub, id, listing.commit, file);
  // The same content at another commit continues the same partial file.
  const part = join(folder, `${digest.hex}.part`);
  const request = (headers: Readonly<Record<string, string>>) => askHub(hub, { id, name, url, headers });
  await fetchFile(part, { name, request, total: size, onBytes, signal: hub.signal });
  const found = await digestOf(part, digest.kind, size);
  if (found !== digest.hex) {
    await rm(part, { force: true });
    const rule = `must have the ${digest.kind === 'git' ? 'git blob id' : 'SHA-256'} ${digest.hex}`;
    throw new DataError(`${name}: ${rule}: what the host gave has ${found}`);
  }
  await makeDirectory(dirname(path));
  await rename(part, path);
}

/** @see https://git-scm.com/book/en/v2/Git-Internals-Git-Objects for the blob id */
async function digestOf(path: string, kind: 'sha256' | 'git', size: number): Promise<string> {
  const hash = createHash(kind === 'git' ? 'sha1' : 'sha256');
  if (kind === 'git') hash.update(`blob ${size}\0`);
  for await (const bytes of createReadStream(path)) hash.update(bytes as Uint8Array);
  return hash.digest('hex');
}

/** @throws DataError when the rest cannot fit, before hours of fetching */
async function checkSpace({ id, folder }: Job, bytes: number): Promise<void> {
  const found = await statfs(folder).catch(() => undefined);
  // Some file systems do not report it.
  if (!found || found.blocks === 0) return;
  const parts = (await readdir(folder)).filter((name) => name.endsWith('.part'));
  let there = 0;
  for (const part of parts) there += (await stat(join(folder, part))).size;
  const free = found.bavail * found.bsize;
  if (bytes - there <= free) return;
  const mb = (value: number) => Math.ceil(value / 1e6).toLocaleString('en');
  throw new DataError(
    `${nameOf(id)}: needs ${mb(bytes - there)} MB more in ${folder}: ${mb(free)} MB are free on that disk`,
  );
}

/** Stores the commit of a branch or tag, for later use without the hub. */
async function keepRevision(folder: string, revision: string, commit: string): Promise<void> {
  if (isCommit(revision)) return;
  const path = join(folder, 'refs', revision);
  await makeDirectory(dirname(path));
  await writeFileAtomic(path, new TextEncoder().encode(commit));
}

/** Removes partial files of other versions; those of files that the repository still has can be continued. */
async function removeParts(folder: string, { digests }: Listing): Promise<void> {
  for (const name of await readdir(folder)) {
    const [, digest] = /^([0-9a-f]+)\.part$/.exec(name) ?? [];
    if (digest !== undefined && !digests.has(digest)) await rm(join(folder, name), { force: true });
  }
}
