/**
 * The checked content of a tokenizer.json: an untrusted file is refused by name where its shape is wrong, where the
 * library would read it differently from the tokenizer that wrote it, and where it would take unbounded time or memory.
 * @see https://huggingface.co/docs/tokenizers/components
 */
import { DataError } from '../base/errors.js';
import {
  type Component,
  checkDecoder,
  checkNormalizer,
  checkPostProcessor,
  checkPreTokenizer,
} from './components.js';
import { Fields } from './fields.js';
import { checkModel, MAX_IDS, type TokenizerModel } from './model.js';

/** A token that is split off from a text before any other step. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
  readonly normalized: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
}

/** The content that the library receives. */
export interface TokenizerJson {
  readonly model: TokenizerModel;
  readonly added_tokens: readonly AddedToken[];
  readonly normalizer: Component | null;
  readonly pre_tokenizer: Component | null;
  readonly post_processor: Component | null;
  readonly decoder: Component | null;
}

const MAX_ADDED = 2 ** 16;

/**
 * Checks the value of a tokenizer.json. The blocks `truncation` and `padding` are ignored: they describe how one program made
 * its batches, and here text is never truncated or padded.
 * @throws DataError for a value that breaks a rule
 */
export function checkTokenizerJson(value: unknown, name: string): TokenizerJson {
  const file = new Fields(value, name);
  const model = checkModel(file.get('model'), `${name}: model`);
  const added = checkAdded(file.get('added_tokens'), model, name);
  const ids = new Map(added.map(({ content, id }) => [content, id]));
  const idOf = (token: string) => ids.get(token) ?? model.idOf(token);
  const normalizer = checkNormalizer(file.get('normalizer'), name);
  const splitter = splitsNothing(file.get('pre_tokenizer'), normalizer) ? null : file.get('pre_tokenizer');
  return {
    model: model.model,
    added_tokens: added,
    normalizer,
    pre_tokenizer: checkPreTokenizer(splitter, name),
    post_processor: checkPostProcessor(file.get('post_processor'), name, idOf),
    decoder: checkDecoder(file.get('decoder'), name),
  };
}

/**
 * Whether a `Split` searches for text that the normalizer has replaced, as Gemma's does: it requires a way of splitting that the
 * library lacks, but never splits.
 */
function splitsNothing(splitter: unknown, normalizer: Component | null): boolean {
  const textOf = (step: unknown) => {
    const { type, pattern } = (step ?? {}) as { type?: unknown; pattern?: { String?: unknown } | null };
    return type === 'Split' || type === 'Replace' ? pattern?.String : undefined;
  };
  const split =
    (splitter as { type?: unknown } | null | undefined)?.type === 'Split' ? textOf(splitter) : undefined;
  if (typeof split !== 'string' || normalizer?.type !== 'Replace') return false;
  return textOf(normalizer) === split && !String(normalizer.content).includes(split);
}

/** A vocabulary in which tokens are looked up both ways. */
export interface Vocabulary {
  idOf(token: string): number | undefined;
  tokenOf(id: number): string | undefined;
}

function checkAdded(value: unknown, vocabulary: Vocabulary, name: string): AddedToken[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new DataError(`${name}: added_tokens: must be an array`);
  if (value.length > MAX_ADDED)
    throw new DataError(`${name}: added_tokens: must be at most ${MAX_ADDED}: ${value.length}`);
  const tokens = value.map((each, i) => checkAddedToken(each, `${name}: added_tokens[${i}]`));
  checkAgainst(tokens, vocabulary, name);
  return tokens;
}

function checkAddedToken(value: unknown, where: string): AddedToken {
  const fields = new Fields(value, where);
  const id = fields.integer('id', 0, MAX_IDS - 1);
  const content = fields.text('content', 1000);
  if (content === '') throw new DataError(`${where}: content must not be empty`);
  if (fields.flag('single_word', false))
    throw new DataError(`${where}: single_word is not supported: ${JSON.stringify(content)}`);
  const special = fields.flag('special', false);
  return {
    ...{ id, content, special },
    normalized: fields.flag('normalized', !special),
    lstrip: fields.flag('lstrip', false),
    rstrip: fields.flag('rstrip', false),
  };
}

/** Checks that each added token has one id, which agrees with the vocabulary. */
export function checkAgainst(
  tokens: readonly { readonly content: string; readonly id: number }[],
  vocabulary: Vocabulary,
  name: string,
): void {
  const [contents, ids] = [new Set<string>(), new Set<number>()];
  for (const { content, id } of tokens) {
    const where = `${name}: added token ${JSON.stringify(content)}`;
    if (contents.has(content)) throw new DataError(`${where}: is listed twice`);
    if (ids.has(id)) throw new DataError(`${where}: has the id of another: ${id}`);
    const other = vocabulary.tokenOf(id);
    if (other !== undefined && other !== content)
      throw new DataError(`${where}: has the id of ${JSON.stringify(other)}: ${id}`);
    const known = vocabulary.idOf(content);
    if (known !== undefined && known !== id)
      throw new DataError(`${where}: has two ids: ${id}, and ${known} in the vocabulary`);
    contents.add(content);
    ids.add(id);
  }
}
