/** Models by their id on the Hugging Face Hub. */
import { DataError } from '../base/errors.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import type { FetchProgress } from './fetchFile.js';
import { exists } from './files.js';
import { endpointOf, openHub } from './hubAccess.js';
import { type Environment, findInCache, hubCaches } from './hubCache.js';
import { downloadModel } from './hubDownload.js';
import { type HubId, isRevision, nameOf, parseHubId } from './hubId.js';

export interface HubModelOptions extends FetchProgress {
  /** Branch, tag or commit. Default: that of the id (`ORG/NAME@REVISION`), else `main`. */
  readonly revision?: string | undefined;
  /** Whether to download a model that is in no cache from the hub. Default false. */
  readonly download?: boolean | undefined;
  /** Environment variables, see {@link hubModel} for those that are read. Default `process.env`. */
  readonly env?: Environment | undefined;
}

const NAMES: OptionNames<HubModelOptions> = {
  revision: true,
  download: true,
  onBytes: true,
  signal: true,
  env: true,
};

/**
 * The path of a model of the Hugging Face Hub, for `loadLanguageModel`: from the cache of Hugging Face's tools (`HF_HUB_CACHE`,
 * `HF_HOME`, by default `~/.cache/huggingface/hub`) or lowrank's (`~/.cache/lowrank/hub`), without a request where either has it;
 * or, with `download`, fetched into the latter from `HF_ENDPOINT` with `HF_TOKEN` or the token that `hf auth login` has left.
 * Only files that loading reads are fetched, each compared with the hub's size and checksum; interrupted downloads resume.
 * @param id  `ORG/NAME` or `ORG/NAME@REVISION`; of a repository with several GGUF files `ORG/NAME:FILE` or `ORG/NAME/FILE.gguf`,
 *   where FILE may be only the end of a name, such as `Q4_K_M`
 * @returns the path of a folder with config.json, tokenizer and safetensors, or of a GGUF file
 * @throws RangeError for a text that is not an id; DataError when the model is in no cache and may not or cannot be fetched
 */
export async function hubModel(id: string, options: HubModelOptions = {}): Promise<string> {
  checkOptions('hubModel', options, NAMES);
  const { download = false, env = process.env, onBytes, signal } = options;
  const wanted = withRevision(parseHubId(id), id, options.revision);
  const { theirs, own } = hubCaches(env);
  const missing: string[] = [];
  for (const cache of [theirs, own]) {
    const found = await findInCache(cache, wanted);
    if (found?.path !== undefined) return found.path;
    if (found?.isUnclear) throw new DataError(`${nameOf(wanted)}: ${found.why}`);
    if (found) missing.push(`in ${cache} it ${found.why}`);
  }
  const isOffline = /^(1|on|yes|true)$/i.test(env.HF_HUB_OFFLINE ?? '');
  if (download && !isOffline) return downloadModel(await openHub(env, signal), own, wanted, onBytes);
  const path = (await exists(id)) ? 'is a path, which is given without hubModel' : 'there is no such path';
  const why = missing[0] ?? `${path}, and no model of that id in ${theirs} or ${own}`;
  const advice = download
    ? 'HF_HUB_OFFLINE forbids downloading it'
    : `--download fetches it from ${new URL(endpointOf(env)).host} (in a program: download: true)`;
  throw new DataError(`${nameOf(wanted)}: ${why}: ${advice}`);
}

/** @throws RangeError for a text that is not an id, or names two revisions */
function withRevision(id: HubId | undefined, text: string, revision: string | undefined): HubId {
  if (!id)
    throw new RangeError(
      `hubModel: id must have the form ORG/NAME, ORG/NAME@REVISION or ORG/NAME:FILE: ${text}`,
    );
  if (revision === undefined) return id;
  if (!isRevision(revision))
    throw new RangeError(`hubModel: revision must be a branch, a tag or a commit: ${revision}`);
  if (id.revision !== undefined && id.revision !== revision)
    throw new RangeError(`hubModel: revision must be that of the id: ${revision}, ${text}`);
  return { ...id, revision };
}
