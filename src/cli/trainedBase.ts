/** The base that a sweep trained, in a file that states how, so that another sweep does not continue with it. */

import { sha256 } from '../base/sha256.js';
import { DataError, parseModel, parseSafetensors, type StateDict, serializeModel } from '../core.js';
import { readFileBytes } from '../node.js';

/** The settings that determine a base: the seed, the length of its training, and the SHA-256 of the images and labels. */
export type BaseSettings = Readonly<Record<'seed' | 'epochs' | 'batchSize' | 'data', string>>;

const KEY = 'base';

/** The bytes of a base's file. */
export function serializeBase(state: StateDict, settings: BaseSettings): Uint8Array {
  const entries = { ...settings, values: sha256(serializeModel(state)) };
  return serializeModel(state, { [KEY]: JSON.stringify(entries) });
}

/**
 * Checks that a file has the base of these settings, unchanged.
 * @throws DataError naming what differs
 */
export async function checkTrainedBase(path: string, settings: BaseSettings): Promise<void> {
  const bytes = await readFileBytes(path);
  const { metadata } = parseSafetensors(bytes, path);
  const ways = `give --base ${path} to use it anyway, or name another --out`;
  const values = sha256(serializeModel(parseModel(bytes, path)));
  const stated = statedSettings(new Map(Object.entries(metadata)).get(KEY));
  if (!stated) throw new DataError(`${path}: must state how it was trained: it does not: ${ways}`);
  const problems = Object.entries(settings)
    .filter(([name, value]) => stated.get(name) !== value)
    .map(([name, value]) =>
      name === 'data' ? 'the images differ' : `${name} was ${stated.get(name) ?? 'not stated'}, is ${value}`,
    );
  if (problems.length > 0)
    throw new DataError(`${path}: is from another sweep: ${problems.join('; ')}: ${ways}`);
  if (stated.get('values') === values) return;
  throw new DataError(
    `${path}: is damaged: its weights do not have the checksum that it states: delete it to train the base again`,
  );
}

/** The settings that a file states as text; undefined where it states none. */
function statedSettings(text: string | undefined): Map<string, string> | undefined {
  let entries: [string, unknown][];
  try {
    entries = Object.entries(JSON.parse(text ?? ''));
  } catch {
    // Not this version's; the caller says so.
    return undefined;
  }
  const isText = (entry: [string, unknown]): entry is [string, string] => typeof entry[1] === 'string';
  const stated = new Map(entries.filter(isText));
  return stated.size > 0 ? stated : undefined;
}
