/**
 * Text to token ids and back: a checked tokenizer.json, run by `@huggingface/tokenizers`, with errors where the library
 * silently loses text.
 */
import { Tokenizer as HubTokenizer } from '@huggingface/tokenizers';
import { DataError } from '../base/errors.js';
import { checkOptions } from '../base/options.js';
import { BYTE_CHARACTERS, bytesOfToken } from './byteLevel.js';
import type { Component } from './components.js';
import { tokensOf } from './model.js';
import { byteStream, type TextStream, textStream } from './textStream.js';
import { TokenFinder } from './tokenFinder.js';
import type { TokenizerJson } from './tokenizerJson.js';

export interface EncodeOptions {
  /** Whether special tokens in the text are encoded as those tokens; otherwise they are refused. Default false. */
  allowSpecial?: boolean;
  /** Whether to add the tokens that the file defines around a text, such as BOS or [CLS]. Default false. */
  addSpecialTokens?: boolean;
}

export interface DecodeOptions {
  /** Whether special tokens are left out. Default false. */
  skipSpecial?: boolean;
}

/** Contents of a tokenizer's files. */
export interface TokenizerFacts {
  readonly json: TokenizerJson;
  readonly bosId?: number | undefined;
  readonly eosIds?: readonly number[] | undefined;
  readonly padId?: number | undefined;
  readonly chatTemplate?: string | undefined;
  /** Whether decoded text loses the spaces before punctuation. */
  readonly cleansUp?: boolean | undefined;
}

/** The part of the library's tokenizer that is used; its own types do not resolve with every compiler setting. */
interface Library {
  readonly model: {
    tokens_to_ids: ReadonlyMap<string, number>;
    vocab: readonly (string | undefined)[];
    unk_token_id: number | undefined;
    /** Puts a part of a word into the queue, to be merged with the part that follows. */
    add_node(queue: { push(node: WordPart): void }, node: WordPart): void;
  };
  readonly decoder: LibraryDecoder | null;
  encode(text: string, options: { add_special_tokens: boolean }): { ids: (number | undefined)[] };
  decode(ids: readonly number[], options: { clean_up_tokenization_spaces: boolean }): string;
}

interface WordPart {
  readonly token: string;
  readonly next: { readonly token: string };
  /** A value below 1 that orders equal merges from left to right. */
  readonly bias: number;
  score?: number;
}

interface LibraryDecoder {
  readonly config: Component;
  readonly decoders?: readonly LibraryDecoder[];
}

/** A token that stands for one byte. */
const BYTE_TOKEN = /^<0x[\dA-F]{2}>$/i;

/**
 * A tokenizer, made by `tokenizerFromGguf` or `tokenizerFromFiles`. Text is never truncated or padded, and tokens are
 * added only on request. With byte-level BPE, `decode(encode(text))` is the text (in NFC where the file says so).
 */
export class Tokenizer {
  /** Control tokens, such as the ends of texts and turns: ids by their text. */
  readonly specialTokens: ReadonlyMap<string, number>;
  readonly bosId: number | undefined;
  /** The tokens that end a text or a turn, the file's first choice first. */
  readonly eosIds: readonly number[];
  readonly padId: number | undefined;
  /** The Jinja template for conversations; undefined for models that have none. */
  readonly chatTemplate: string | undefined;
  /** The largest id plus one: the minimum number of rows of the model's embedding. */
  readonly vocabularySize: number;

  readonly #library: Library;
  readonly #ids: ReadonlyMap<string, number>;
  readonly #tokens: readonly (string | undefined)[];
  readonly #finder: TokenFinder;
  readonly #specialIds: ReadonlySet<number>;
  readonly #addedIds: ReadonlySet<number>;
  readonly #cleansUp: boolean;
  readonly #isByteLevel: boolean;
  /** Whether decoded text never changes when more tokens follow. */
  readonly #isSteady: boolean;
  /** Whether tokens such as `<0xE2>` stand for single bytes. */
  readonly #hasByteFallback: boolean;
  /** Bytes of each token, computed when it is first decoded. */
  readonly #bytes: Uint8Array[] = [];

  /** @param name  name of the tokenizer's file in errors */
  constructor(
    facts: TokenizerFacts,
    readonly name: string,
  ) {
    const { json } = facts;
    this.#library = libraryOf(json, facts.cleansUp ?? false, name);
    const { model } = this.#library;
    this.#ids = model.tokens_to_ids;
    this.#tokens = model.vocab;
    this.vocabularySize = model.vocab.length;
    const special = json.added_tokens.filter((token) => token.special);
    this.specialTokens = new Map(special.map(({ content, id }) => [content, id]));
    this.#finder = new TokenFinder(this.specialTokens.keys());
    this.#specialIds = new Set(this.specialTokens.values());
    this.#addedIds = new Set(json.added_tokens.map(({ id }) => id));
    this.#isByteLevel = json.decoder?.type === 'ByteLevel';
    this.#hasByteFallback = hasByteFallback(json.decoder);
    this.#cleansUp = facts.cleansUp ?? false;
    this.#isSteady = !this.#cleansUp && isSteady(json.decoder);
    this.bosId = facts.bosId;
    this.eosIds = [...new Set(facts.eosIds ?? [])];
    this.padId = facts.padId;
    this.chatTemplate = facts.chatTemplate;
  }

  /**
   * The ids of a text's tokens.
   * @throws DataError when the text holds a special token that is not allowed, half a surrogate pair, or a character
   * without a token in the vocabulary
   */
  encode(text: string, options: EncodeOptions = {}): Int32Array {
    checkOptions<EncodeOptions>('encode', options, { allowSpecial: 0, addSpecialTokens: 0 });
    if (typeof text !== 'string') throw new TypeError(`encode: text must be a string: ${typeof text}`);
    const half = text.search(/\p{Surrogate}/u);
    if (half >= 0)
      throw new DataError(`${this.name}: text must not hold half a surrogate pair: at character ${half}`);
    const found = options.allowSpecial ? undefined : this.#finder.first(text);
    if (found)
      throw new DataError(
        `${this.name}: text holds a special token, which is refused: ${JSON.stringify(found.token)} at character ${found.at}`,
      );
    const ids: (number | undefined)[] = this.#run(text, options.addSpecialTokens ?? false);
    if (ids.includes(undefined)) throw this.#unencodable(text);
    return Int32Array.from(ids as number[]);
  }

  /**
   * The text of tokens. Spaces are cleaned up only where the file requires it.
   * @throws RangeError for an id without a token
   */
  decode(ids: ArrayLike<number>, options: DecodeOptions = {}): string {
    checkOptions<DecodeOptions>('decode', options, { skipSpecial: 0 });
    const kept = Array.from(ids).filter((id) => this.#isKept(id, options));
    if (this.#isByteLevel) {
      const stream = byteStream((id) => this.#bytesOf(id));
      return kept.map((id) => stream.push(id)).join('') + stream.end();
    }
    return this.#decodeText(kept);
  }

  /**
   * A decoder for tokens that come one by one. Its pieces hold whole characters; joined, they equal the result of
   * `decode` for all of the ids.
   */
  stream(options: DecodeOptions = {}): TextStream {
    checkOptions<DecodeOptions>('stream', options, { skipSpecial: 0 });
    const stream = this.#isByteLevel
      ? byteStream((id) => this.#bytesOf(id))
      : textStream((ids) => this.#decodeText(ids), !this.#isSteady);
    return {
      push: (id) => (this.#isKept(id, options) ? stream.push(id) : ''),
      end: () => stream.end(),
    };
  }

  /** The id of a token by its text as the vocabulary has it; undefined when there is no such token. */
  idOf(token: string): number | undefined {
    return this.#ids.get(token);
  }

  /** A token's text as the vocabulary has it. @throws RangeError for an id without a token */
  tokenOf(id: number): string {
    const token = this.hasToken(id) ? this.#tokens[id] : undefined;
    if (token === undefined)
      throw new RangeError(
        `${this.name}: no token has this id: ${id}: the vocabulary has ${this.vocabularySize}`,
      );
    return token;
  }

  hasToken(id: number): boolean {
    return Number.isInteger(id) && id >= 0 && id < this.#tokens.length && this.#tokens[id] !== undefined;
  }

  /**
   * Number of UTF-8 bytes that a token adds to a text; 0 for a special token. A token for a part of a character counts its own.
   * @throws RangeError for an id without a token
   */
  textBytes(id: number): number {
    const token = this.tokenOf(id);
    if (this.#specialIds.has(id)) return 0;
    if (this.#isByteLevel) return this.#bytesOf(id).length;
    if (this.#hasByteFallback && BYTE_TOKEN.test(token)) return 1;
    // The beginning of a text may lose a space, so the bytes that a second token adds are counted.
    const length = (ids: number[]) => new TextEncoder().encode(this.#decodeText(ids)).length;
    return Math.max(0, length([id, id]) - length([id]));
  }

  /** The special tokens of a text, in order. */
  findSpecial(text: string): readonly { token: string; at: number }[] {
    return this.#finder.all(text);
  }

  #run(text: string, addSpecialTokens: boolean): (number | undefined)[] {
    return this.#library.encode(text, { add_special_tokens: addSpecialTokens }).ids;
  }

  #isKept(id: number, { skipSpecial = false }: DecodeOptions): boolean {
    if (!this.hasToken(id)) this.tokenOf(id);
    return !(skipSpecial && this.#specialIds.has(id));
  }

  #bytesOf(id: number): Uint8Array {
    const token = this.tokenOf(id);
    this.#bytes[id] ??= this.#addedIds.has(id) ? new TextEncoder().encode(token) : bytesOfToken(token);
    return this.#bytes[id];
  }

  #decodeText(ids: number[]): string {
    if (ids.length === 0) return '';
    return this.#library.decode(ids, { clean_up_tokenization_spaces: this.#cleansUp });
  }

  /** Names the first byte or character that has no token. */
  #unencodable(text: string): DataError {
    const [rule, where] = ['text cannot be encoded', this.name];
    if (this.#isByteLevel) {
      const at = new TextEncoder().encode(text).findIndex((byte) => !this.#ids.has(BYTE_CHARACTERS[byte]));
      if (at >= 0) {
        const byte = new TextEncoder().encode(text)[at].toString(16).padStart(2, '0');
        return new DataError(`${where}: ${rule}: byte 0x${byte} at byte ${at} has no token`);
      }
    }
    let at = 0;
    for (const character of text) {
      if (this.#run(character, false).includes(undefined))
        return new DataError(
          `${where}: ${rule}: ${JSON.stringify(character)} at character ${at} has no token`,
        );
      at += character.length;
    }
    return new DataError(
      `${where}: ${rule}: a part of it has no token: ${JSON.stringify(text.slice(0, 100))}`,
    );
  }
}

/** The library's tokenizer. Where a file names no unknown token, one without an id reveals lost text. */
function libraryOf(json: TokenizerJson, cleansUp: boolean, name: string): Library {
  const { ids, merges, ...model } = json.model;
  let unknown = 'unknown';
  while (ids.has(unknown) || json.added_tokens.some(({ content }) => content === unknown)) unknown += '?';
  const shown = model.unk_token === undefined ? { ...model, unk_token: unknown, fuse_unk: false } : model;
  try {
    const library = new HubTokenizer(
      { ...json, model: { ...shown, vocab: {}, merges: [] } },
      { clean_up_tokenization_spaces: cleansUp },
    ) as unknown as Library;
    putVocabulary(library.model, json);
    if (library.decoder) keepByteOrderMarks(library.decoder);
    return library;
  } catch (error) {
    throw new DataError(`${name}: is not a readable tokenizer: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Fills the library's model with the vocabulary and its merges; the library itself takes several times as long. */
function putVocabulary(library: Library['model'], { model, added_tokens }: TokenizerJson): void {
  const { ids, merges, unk_token } = model;
  const all = new Map(ids);
  const tokens = tokensOf(ids);
  for (const { content, id } of added_tokens) {
    all.set(content, id);
    tokens[id] = content;
  }
  library.tokens_to_ids = all;
  library.vocab = tokens;
  library.unk_token_id = unk_token === undefined ? undefined : ids.get(unk_token);
  library.add_node = (queue, node) => {
    const [left, right] = [ids.get(node.token), ids.get(node.next.token)];
    const rank = left === undefined || right === undefined ? undefined : merges?.rank(left, right);
    if (rank === undefined) return;
    node.score = rank + node.bias;
    queue.push(node);
  };
}

/** Keeps U+FEFF, which the library's decoder of single bytes drops as a byte order mark. */
function keepByteOrderMarks(decoder: LibraryDecoder): void {
  for (const each of decoder.decoders ?? []) keepByteOrderMarks(each);
  if (decoder.config.type === 'ByteFallback')
    Object.assign(decoder, { text_decoder: new TextDecoder('utf-8', { ignoreBOM: true }) });
}

function hasByteFallback(decoder: Component | null): boolean {
  if (Array.isArray(decoder?.decoders)) return decoder.decoders.some(hasByteFallback);
  return decoder?.type === 'ByteFallback';
}

/** Whether a decoder handles each token separately, except for bytes that form a character. */
function isSteady(decoder: Component | null): boolean {
  if (decoder === null) return true;
  if (Array.isArray(decoder.decoders)) return decoder.decoders.every(isSteady);
  if (decoder.type === 'Replace') return (decoder.pattern as { String?: string }).String?.length === 1;
  return decoder.type !== 'Strip' || decoder.stop === 0;
}
