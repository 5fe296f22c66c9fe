/** Ids of models on the Hugging Face Hub, and names of files in them. */

export interface HubId {
  /** `ORG/NAME` */
  readonly repository: string;
  /** Branch, tag or commit; undefined means `main`. */
  readonly revision: string | undefined;
  /** The chosen one of several GGUF files: its name, or the end of its name. */
  readonly file: string | undefined;
}

const FORM = /^([^/@:]+\/[^/@:]+)(?:\/([^@:]+\.gguf))?(?:@([^:]+))?(?::(.+))?$/i;

/**
 * Rules of the Hub for both parts of `ORG/NAME`.
 * @see https://github.com/huggingface/huggingface_hub/blob/main/src/huggingface_hub/utils/_validators.py
 */
const PART = /^\w([\w.-]{0,94}\w)?$/;
const REVISION = /^\w[\w./+-]{0,199}$/;
const COMMIT = /^[0-9a-f]{40}$/;

const MAX_NAME = 1000;

/**
 * Reads `ORG/NAME`, `ORG/NAME@REVISION`, and of one GGUF file `ORG/NAME:FILE` or `ORG/NAME/FILE.gguf`.
 * @returns undefined for any other text
 */
export function parseHubId(text: string): HubId | undefined {
  const [, repository, inside, revision, named] = FORM.exec(text) ?? [];
  if (repository === undefined || (inside !== undefined && named !== undefined)) return undefined;
  const file = named ?? inside;
  if (!repository.split('/').every(isPart)) return undefined;
  if (revision !== undefined && !isRevision(revision)) return undefined;
  return file === undefined || isFileName(file) ? { repository, revision, file } : undefined;
}

function isPart(text: string): boolean {
  return PART.test(text) && !/--|\.\.|\.git$/.test(text);
}

/** Whether it can be a branch, a tag or a commit; it is also a path in the cache. */
export function isRevision(text: string): boolean {
  return REVISION.test(text) && isFileName(text);
}

export function isCommit(text: string): boolean {
  return COMMIT.test(text);
}

/**
 * Whether a name leads to a file below the folder that it is joined to, on any system: parts with `/` between, none of them
 * `..`, and no `\`, `:` or control character.
 */
export function isFileName(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (name.length > MAX_NAME || /[\\:\u0000-\u001f\u007f]/.test(name)) return false;
  return name.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && part.length <= 255);
}

/** Name of a model in error messages. */
export function nameOf({ repository, revision }: Pick<HubId, 'repository' | 'revision'>): string {
  return revision === undefined ? repository : `${repository}@${revision}`;
}
