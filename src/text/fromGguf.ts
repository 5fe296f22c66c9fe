/** Tokenizers of GGUF files. */
import { DataError } from '../base/errors.js';
import type { GgufValue } from '../gguf/values.js';
import { kindOf } from './fields.js';
import { checkMerges, type Pair } from './merges.js';
import { MAX_IDS } from './model.js';
import { PRE_TOKENIZERS, type PreTokenizer, TOKEN_TYPES as TYPES } from './preTokenizers.js';
import { Tokenizer, type TokenizerFacts } from './tokenizer.js';
import type { AddedToken, TokenizerJson } from './tokenizerJson.js';

type Metadata = ReadonlyMap<string, GgufValue>;

/**
 * The tokenizer in a GGUF file's metadata: byte-level BPE with one of the known pre-tokenizers.
 * Control tokens and the unknown token are its special tokens; user-defined tokens are found in any text.
 * @param metadata  as `openGguf` gives it
 * @param name      name of the file in errors
 * @throws DataError when there is no tokenizer, its kind is not supported, or its parts contradict each other
 * @see https://github.com/ggml-org/ggml/blob/master/docs/gguf.md#ggml
 */
export function tokenizerFromGguf(metadata: Metadata, name: string): Tokenizer {
  return new Tokenizer(factsFromGguf(metadata, name), name);
}

/** Reads the facts of a tokenizer. @throws DataError as {@link tokenizerFromGguf} */
export function factsFromGguf(metadata: Metadata, name: string): TokenizerFacts {
  const pre = kindOfTokenizer(metadata, name);
  const tokens = stringsAt(metadata, 'tokenizer.ggml.tokens', name);
  const ids = checkTokens(tokens, name);
  const added = checkTypes(metadata, tokens, name);
  const lines = stringsAt(metadata, 'tokenizer.ggml.merges', name);
  const where = `${name}: tokenizer.ggml.merges`;
  const merges = checkMerges(lines.length, (i) => pairOf(lines[i], i, where), ids, where);
  const idAt = (key: string) => idOf(metadata, key, tokens.length, name);
  const bosId = idAt('bos_token_id');
  const ends = ['eos_token_id', 'eot_token_id', 'eom_token_id'].map(idAt);
  const json: TokenizerJson = {
    model: { type: 'BPE', ids, merges, ignore_merges: pre.ignoreMerges },
    added_tokens: added,
    normalizer: pre.normalizer,
    pre_tokenizer: pre.preTokenizer,
    post_processor: around(metadata, pre, { bosId, eosId: ends[0] }, tokens, name),
    decoder: { type: 'ByteLevel' },
  };
  const eosIds = ends.filter((id) => id !== undefined);
  const chatTemplate = stringAt(metadata, 'tokenizer.chat_template', name);
  return { json, bosId, eosIds, padId: idAt('padding_token_id'), chatTemplate };
}

function kindOfTokenizer(metadata: Metadata, name: string): PreTokenizer {
  const model = stringAt(metadata, 'tokenizer.ggml.model', name);
  if (model === undefined)
    throw new DataError(`${name}: tokenizer.ggml.model: is missing: the file has no tokenizer`);
  if (model !== 'gpt2')
    throw new DataError(
      `${name}: tokenizer.ggml.model: is not supported: ${JSON.stringify(model)}: only "gpt2" (byte-level BPE) is`,
    );
  const pre = stringAt(metadata, 'tokenizer.ggml.pre', name);
  const found = PRE_TOKENIZERS.get(pre ?? '');
  if (found) return found;
  const known = [...PRE_TOKENIZERS.keys()].join(', ');
  throw new DataError(
    `${name}: tokenizer.ggml.pre: is not supported: ${kindOf(pre)}: expected one of ${known}`,
  );
}

function checkTokens(tokens: readonly string[], name: string): ReadonlyMap<string, number> {
  if (tokens.length === 0 || tokens.length > MAX_IDS)
    throw new DataError(`${name}: tokenizer.ggml.tokens: must be 1 to ${MAX_IDS}: ${tokens.length}`);
  const ids = new Map<string, number>();
  for (let id = 0; id < tokens.length; id++) {
    const token = tokens[id];
    const where = `${name}: tokenizer.ggml.tokens: token ${id}`;
    if (token === '') throw new DataError(`${where}: must not be empty`);
    ids.set(token, id);
    if (ids.size > id) continue;
    throw new DataError(`${where}: is token ${tokens.indexOf(token)} again: ${JSON.stringify(token)}`);
  }
  return ids;
}

/** Checks the types of tokens. @returns the tokens that are found in a text before it is split */
function checkTypes(metadata: Metadata, tokens: readonly string[], name: string): AddedToken[] {
  const where = `${name}: tokenizer.ggml.token_type`;
  const types = metadata.get('tokenizer.ggml.token_type');
  if (!(types instanceof Int32Array || types instanceof Uint32Array))
    throw new DataError(`${where}: must be an array of 32-bit integers: ${kindOf(types)}`);
  if (types.length !== tokens.length)
    throw new DataError(`${where}: must be one for each token: ${types.length} for ${tokens.length}`);
  const known: readonly number[] = Object.values(TYPES);
  const wrong = types.findIndex((type) => !known.includes(type));
  if (wrong >= 0)
    throw new DataError(`${where}: token ${wrong} must be one of ${known.join(', ')}: ${types[wrong]}`);
  const plain = { normalized: false, lstrip: false, rstrip: false };
  const added: AddedToken[] = [];
  for (const [id, type] of types.entries())
    if (type !== TYPES.normal && type !== TYPES.unused)
      added.push({ id, content: tokens[id], special: type !== TYPES.userDefined, ...plain });
  return added;
}

function pairOf(line: string, i: number, where: string): Pair {
  const space = line.indexOf(' ');
  if (space > 0 && space < line.length - 1 && line.indexOf(' ', space + 1) < 0)
    return [line.slice(0, space), line.slice(space + 1)];
  throw new DataError(
    `${where}: merge ${i}: must be two tokens with a space between: ${JSON.stringify(line)}`,
  );
}

/** The tokens that the file puts around a text. */
function around(
  metadata: Metadata,
  pre: PreTokenizer,
  { bosId, eosId }: { bosId: number | undefined; eosId: number | undefined },
  tokens: readonly string[],
  name: string,
): TokenizerJson['post_processor'] {
  const addsBos = flagAt(metadata, 'tokenizer.ggml.add_bos_token', name);
  const addsEos = flagAt(metadata, 'tokenizer.ggml.add_eos_token', name) ?? false;
  for (const [key, isAdded, id] of [
    ['bos', addsBos, bosId],
    ['eos', addsEos, eosId],
  ] as const) {
    if (isAdded && id === undefined)
      throw new DataError(`${name}: tokenizer.ggml.add_${key}_token: is true without a ${key}_token_id`);
  }
  const special = (id: number | undefined) =>
    id === undefined ? [] : [{ SpecialToken: { id: tokens[id], type_id: 0 } }];
  const before = (addsBos ?? pre.addsBos) ? special(bosId) : [];
  const after = addsEos ? special(eosId) : [];
  const single = [...before, { Sequence: { id: 'A', type_id: 0 } }, ...after];
  return { type: 'TemplateProcessing', single, pair: [] };
}

function idOf(metadata: Metadata, key: string, count: number, name: string): number | undefined {
  const where = `${name}: tokenizer.ggml.${key}`;
  const id = metadata.get(`tokenizer.ggml.${key}`);
  if (id === undefined) return undefined;
  if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= count)
    throw new DataError(`${where}: must be the id of one of ${count} tokens: ${kindOf(id)}`);
  return id;
}

function stringAt(metadata: Metadata, key: string, name: string): string | undefined {
  const value = metadata.get(key);
  if (value === undefined || typeof value === 'string') return value;
  throw new DataError(`${name}: ${key}: must be a string: ${kindOf(value)}`);
}

function flagAt(metadata: Metadata, key: string, name: string): boolean | undefined {
  const value = metadata.get(key);
  if (value === undefined || typeof value === 'boolean') return value;
  throw new DataError(`${name}: ${key}: must be true or false: ${kindOf(value)}`);
}

function stringsAt(metadata: Metadata, key: string, name: string): readonly string[] {
  const value = metadata.get(key);
  if (Array.isArray(value) && value.every((each) => typeof each === 'string'))
    return value as readonly string[];
  throw new DataError(`${name}: ${key}: must be an array of strings: ${kindOf(value)}`);
}
