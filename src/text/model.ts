/** The `model` of a tokenizer.json: the vocabulary, and the merges in their order. */
import { DataError } from '../base/errors.js';
import { Fields, kindOf } from './fields.js';
import { checkMerges, type Merges, type Pair } from './merges.js';

/** Upper bound of ids; the largest vocabularies have a sixteenth of that. */
export const MAX_IDS = 2 ** 22;
/** Maximum characters of a word for WordPiece: its time grows with their square. */
const MAX_WORD = 1000;

/** A model as the library takes it, except for the vocabulary and the merges. */
export interface TokenizerModel {
  readonly type: 'BPE' | 'WordPiece';
  /** The vocabulary: ids by token. */
  readonly ids: ReadonlyMap<string, number>;
  /** The merges of BPE. */
  readonly merges?: Merges;
  /** The token for text that the vocabulary lacks. */
  readonly unk_token?: string;
  readonly [field: string]: unknown;
}

/** Tokens by their ids. */
export function tokensOf(ids: ReadonlyMap<string, number>): (string | undefined)[] {
  const tokens: (string | undefined)[] = new Array(ids.size);
  for (const [token, id] of ids) tokens[id] = token;
  return tokens;
}

export interface CheckedModel {
  readonly model: TokenizerModel;
  idOf(token: string): number | undefined;
  tokenOf(id: number): string | undefined;
}

/** Checks the model. @throws DataError when it is not BPE or WordPiece, or contradicts itself */
export function checkModel(value: unknown, where: string): CheckedModel {
  const fields = new Fields(value, where);
  const type = fields.get('type') ?? (fields.get('merges') === undefined ? 'WordPiece' : 'BPE');
  if (type !== 'BPE' && type !== 'WordPiece')
    throw new DataError(`${where}: type is not supported: ${kindOf(type)}: expected one of BPE, WordPiece`);
  const { ids, tokens } = checkVocabulary(fields.get('vocab'), where);
  const unknown = checkUnknown(fields, ids);
  const idOf = (token: string) => ids.get(token);
  const model = type === 'BPE' ? bpe(fields, ids, unknown) : wordPiece(fields, ids, unknown);
  return { model, idOf, tokenOf: (id) => tokens.get(id) };
}

interface CheckedVocabulary {
  readonly ids: ReadonlyMap<string, number>;
  readonly tokens: ReadonlyMap<number, string>;
}

function checkVocabulary(value: unknown, where: string): CheckedVocabulary {
  const fields = new Fields(value, `${where}: vocab`);
  const ids = new Map<string, number>();
  const tokens = new Map<number, string>();
  for (const token of fields.keys()) {
    const id = fields.get(token);
    const here = `${where}: vocab: token ${JSON.stringify(token)}`;
    if (token === '') throw new DataError(`${here}: must not be empty`);
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= MAX_IDS)
      throw new DataError(`${here}: id must be a whole number below ${MAX_IDS}: ${kindOf(id)}`);
    const other = tokens.get(id);
    if (other !== undefined) throw new DataError(`${here}: has the id of ${JSON.stringify(other)}: ${id}`);
    ids.set(token, id);
    tokens.set(id, token);
  }
  if (ids.size === 0) throw new DataError(`${where}: vocab: must not be empty`);
  return { ids, tokens };
}

function checkUnknown(fields: Fields, ids: ReadonlyMap<string, number>): string | undefined {
  const unknown = fields.get('unk_token') ?? undefined;
  if (unknown === undefined) return undefined;
  if (typeof unknown !== 'string' || !ids.has(unknown))
    throw fields.error('unk_token', 'must be a token of the vocabulary', unknown);
  return unknown;
}

function bpe(fields: Fields, ids: ReadonlyMap<string, number>, unknown: string | undefined): TokenizerModel {
  for (const key of [
    'continuing_subword_prefix',
    'continuing_subword_suffix',
    'end_of_word_suffix',
    'dropout',
  ]) {
    const value = fields.get(key) ?? '';
    if (value !== '' && value !== 0) throw fields.error(key, 'is not supported', value);
  }
  const pairs = fields.list('merges', MAX_IDS);
  const merges = checkMerges(pairs.length, (i) => pairOf(pairs[i], fields.where), ids, fields.where);
  return {
    ...{ type: 'BPE', ids, merges },
    ...(unknown === undefined ? {} : { unk_token: unknown }),
    fuse_unk: fields.flag('fuse_unk', false),
    byte_fallback: fields.flag('byte_fallback', false),
    ignore_merges: fields.flag('ignore_merges', false),
  };
}

/** The two tokens of a merge, which is written as "left right" or as an array of the two. */
function pairOf(value: unknown, where: string): Pair {
  const parts: unknown = typeof value === 'string' ? value.split(' ') : value;
  if (
    Array.isArray(parts) &&
    parts.length === 2 &&
    parts.every((part) => typeof part === 'string' && part !== '')
  )
    return parts as unknown as Pair;
  throw new DataError(`${where}: a merge must be two tokens: ${kindOf(value)}`);
}

function wordPiece(
  fields: Fields,
  ids: ReadonlyMap<string, number>,
  unknown: string | undefined,
): TokenizerModel {
  if (unknown === undefined) throw fields.error('unk_token', 'must be a token of the vocabulary', undefined);
  return {
    ...{ type: 'WordPiece', ids, unk_token: unknown },
    continuing_subword_prefix: fields.text('continuing_subword_prefix', 100, '##'),
    max_input_chars_per_word: fields.integer('max_input_chars_per_word', 1, MAX_WORD, 100),
  };
}
