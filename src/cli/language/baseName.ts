/** The name of a base model for other programs: a repository of Hugging Face where one is known, otherwise its path. */
import { openGguf } from '../../gguf/open.js';
import { fileSource } from '../../node/fileSource.js';
import type { BasePlace } from './loadingText.js';

/** Keys that name the file's source, then those that name the file itself. */
const REPOSITORY_KEYS = [
  'general.source.huggingface.repository',
  'general.source.repo_url',
  'general.repo_url',
] as const;

/** A folder of the hub's cache: `models--<owner>--<name>/snapshots/<revision>`. */
const SNAPSHOT = /(?:^|[\\/])models--((?:[\w.-]+?--)?[\w.-]+)[\\/]snapshots[\\/][^\\/]+[\\/]?$/;

/**
 * The repository that a base's files name; undefined where they name none.
 * @throws DataError for a GGUF file that cannot be read
 */
export async function repositoryOf({ kind, path }: BasePlace): Promise<string | undefined> {
  if (kind === 'folder') return SNAPSHOT.exec(path)?.[1].replace('--', '/');
  const { metadata } = await openGguf(await fileSource(path), path);
  const named = REPOSITORY_KEYS.map((key) => repositoryIn(metadata.get(key)));
  return named.find((name) => name !== undefined);
}

/** `owner/name` of itself, or of an address at huggingface.co. */
function repositoryIn(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  return /^(?:https:\/\/huggingface\.co\/)?([\w-][\w.-]{0,95}\/[\w-][\w.-]{0,95})\/?$/.exec(value)?.[1];
}
