/**
 * Models of the Hugging Face Hub on this machine: in the cache of Hugging Face's own tools, or in that of lowrank,
 * which has the same layout without its links: `models--ORG--NAME/refs/REVISION` holds a commit, and
 * `models--ORG--NAME/snapshots/COMMIT` its files.
 *
 * @see https://huggingface.co/docs/huggingface_hub/guides/manage-cache
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, sep } from 'node:path';
import { readIndex } from '../safetensors/open.js';
import { cacheDirectory } from './cache.js';
import { fileSource } from './fileSource.js';
import { modelFiles } from './hubFiles.js';
import { type HubId, isCommit } from './hubId.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The path of a model, or why there is none. `isUnclear`: the files exist, but the id does not say which of them. */
export type Found =
  | { readonly path: string }
  | { readonly path: undefined; readonly why: string; readonly isUnclear: boolean };

/** The folder of Hugging Face's tools: `$HF_HOME`, by default `~/.cache/huggingface`. */
export function huggingFaceHome(env: Environment): string {
  const base = env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return expanded(env.HF_HOME || join(base, 'huggingface'), env);
}

/** The caches that are searched for models: Hugging Face's, then lowrank's. */
export function hubCaches(env: Environment): { readonly theirs: string; readonly own: string } {
  const set = env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE;
  const theirs = set ? expanded(set, env) : join(huggingFaceHome(env), 'hub');
  return { theirs, own: join(cacheDirectory(env), 'hub') };
}

/** A path with `~` and `$NAME` replaced, as by Hugging Face's tools. */
export function expanded(path: string, env: Environment): string {
  const named = path.replace(/\$(?:(\w+)|\{(\w+)\})/g, (text, a: string, b: string) => env[a ?? b] ?? text);
  return named.replace(/^~(?=$|[/\\])/, () => homedir());
}

/** The folder of a repository in a cache. */
export function repositoryFolder(cache: string, repository: string): string {
  return join(cache, `models--${repository.replaceAll('/', '--')}`);
}

/** @returns undefined where the cache does not have the revision at all */
export async function findInCache(cache: string, id: HubId): Promise<Found | undefined> {
  const folder = repositoryFolder(cache, id.repository);
  const commit = await commitOf(folder, id.revision ?? 'main');
  if (commit === undefined) return undefined;
  const snapshot = join(folder, 'snapshots', commit);
  const names = await filesBelow(snapshot);
  if (names.length === 0) return undefined;
  const files = modelFiles(names, id.file);
  if (files.kind === 'gguf') return { path: join(snapshot, files.file) };
  if (files.kind !== 'folder')
    return { path: undefined, why: files.why, isUnclear: files.kind === 'unclear' };
  if (files.weights.endsWith('.json')) {
    const index = join(snapshot, files.weights);
    const shards = await readIndex(await fileSource(index), index);
    const missing = [...shards.keys()].find((name) => !names.includes(name));
    if (missing !== undefined) return { path: undefined, why: `has no ${missing}`, isUnclear: false };
  }
  return { path: snapshot };
}

async function commitOf(folder: string, revision: string): Promise<string | undefined> {
  if (isCommit(revision)) return revision;
  const text = await readFile(join(folder, 'refs', revision), 'utf8').catch(() => '');
  return isCommit(text.trim()) ? text.trim() : undefined;
}

/** The files below a folder with `/` between, without broken links; none where there is no folder. */
async function filesBelow(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true }).catch((): string[] => []);
  const files: string[] = [];
  for (const name of names) {
    // Snapshots have links to the files themselves, which may have been deleted.
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found?.isFile()) files.push(name.split(sep).join('/'));
  }
  return files;
}
