/** Training examples as tokens, each with the tokens that are trained: by their place, never by their id. */
import { DataError } from '../base/errors.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import { type EncodeChatOptions, encodeChat } from './chat.js';
import { kindOf } from './fields.js';
import type { ChatMessage } from './messages.js';
import type { Tokenizer } from './tokenizer.js';

/** The label of a token that is not trained. */
export const UNTRAINED = -1;

export interface TokenExample {
  /** [tokens] */
  readonly ids: Int32Array;
  /**
   * [tokens]: a token's own id where the model is trained to say it, {@link UNTRAINED} elsewhere. The first token is never
   * trained, since no token stands before it.
   */
  readonly labels: Int32Array;
}

export interface TokenizeChatOptions extends Pick<EncodeChatOptions, 'tools' | 'allowSpecial'> {
  /** `answers`: what the assistant says, with the token that ends its turn; `all`: every token. Default `answers`. */
  readonly trainOn?: 'answers' | 'all';
}

/** A text and how it goes on. */
export interface Completion {
  readonly prompt: string;
  readonly completion: string;
}

const CHAT_NAMES: OptionNames<TokenizeChatOptions> = { tools: true, allowSpecial: true, trainOn: true };

/**
 * The tokens of a conversation, as `encodeChat` gives them. An answer is what follows the tokens of the conversation before
 * it, rendered with the generation prompt. It is trained up to the token that ends the turn: the last of `eosIds`, or else
 * the last special token, or else the last token. What the template writes behind that is not trained.
 * @throws DataError where the template changes what precedes an answer once the answer is there, or an answer once more
 *   follows, with the first token that differs; where no token is trained; and as `encodeChat`
 */
export function tokenizeChat(
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
  options: TokenizeChatOptions = {},
): TokenExample {
  checkOptions('tokenizeChat', options, CHAT_NAMES);
  const { trainOn = 'answers', ...encoding } = options;
  if (trainOn !== 'answers' && trainOn !== 'all')
    throw new RangeError(`tokenizeChat: trainOn must be answers or all: ${trainOn}`);
  const ids = encodeChat(tokenizer, messages, encoding);
  if (trainOn === 'all') return exampleOf('messages', ids, [[0, ids.length]]);
  const spans: Span[] = [];
  for (const [i, message] of messages.entries()) {
    if (message.role !== 'assistant') continue;
    const before = encodeChat(tokenizer, messages.slice(0, i), { ...encoding, addGenerationPrompt: true });
    const isLast = i === messages.length - 1;
    const after = isLast ? ids : encodeChat(tokenizer, messages.slice(0, i + 1), encoding);
    checkPrefix(tokenizer, before, after, `messages[${i}]: the template must not change what precedes it`);
    checkPrefix(tokenizer, after, ids, `messages[${i}]: the template must not change it when more follows`);
    spans.push([before.length, endOfTurn(tokenizer, after, before.length)]);
  }
  return exampleOf('messages', ids, spans);
}

/**
 * The tokens of a prompt and its completion; only the completion is trained. With a chat template they are what a user and
 * the assistant say; without one they are plain text, followed by the token that ends a text.
 * @throws DataError when the prompt's tokens change once the completion follows, and as `tokenizeChat`
 */
export function tokenizeCompletion(tokenizer: Tokenizer, example: Completion): TokenExample {
  for (const key of ['prompt', 'completion'] as const) {
    if (typeof example[key] !== 'string')
      throw new DataError(`${key}: must be a string: ${kindOf(example[key])}`);
  }
  const { prompt, completion } = example;
  if (tokenizer.chatTemplate !== undefined)
    return tokenizeChat(tokenizer, [
      { role: 'user', content: prompt },
      { role: 'assistant', content: completion },
    ]);
  const before = plainIds(tokenizer, prompt);
  const ids = withEnd(tokenizer, plainIds(tokenizer, prompt + completion));
  const rule =
    'completion: must not change the tokens of the prompt: a space belongs to the beginning of a completion';
  checkPrefix(tokenizer, before, ids, rule);
  return exampleOf('completion', ids, [[before.length, ids.length]]);
}

/**
 * The tokens of a text, with the token that ends one behind it; all are trained.
 * @throws DataError when the model has no such token, and as `Tokenizer.encode`
 */
export function tokenizeText(tokenizer: Tokenizer, text: string): TokenExample {
  if (typeof text !== 'string') throw new DataError(`text: must be a string: ${kindOf(text)}`);
  const ids = withEnd(tokenizer, plainIds(tokenizer, text));
  return exampleOf('text', ids, [[0, ids.length]]);
}

/** Trained tokens from ≤ i < to. */
type Span = readonly [from: number, to: number];

function exampleOf(what: string, ids: Int32Array, spans: readonly Span[]): TokenExample {
  const labels = new Int32Array(ids.length).fill(UNTRAINED);
  for (const [from, to] of spans) labels.set(ids.subarray(from, to), from);
  labels.fill(UNTRAINED, 0, 1);
  if (labels.every((label) => label === UNTRAINED)) {
    const why = spans.length === 0 ? 'no message is of the assistant' : `it has ${ids.length} in all`;
    throw new DataError(`${what}: must have a token that is trained: ${why}`);
  }
  return { ids, labels };
}

/** @throws DataError with the first token of `before` that `after` has not */
function checkPrefix(tokenizer: Tokenizer, before: Int32Array, after: Int32Array, rule: string): void {
  const at = before.findIndex((id, i) => id !== after[i]);
  if (at < 0) return;
  const say = (ids: Int32Array) =>
    at < ids.length ? `${JSON.stringify(tokenizer.tokenOf(ids[at]))} (${ids[at]})` : 'not there';
  throw new DataError(`${rule}: token ${at} was ${say(before)}, is ${say(after)}`);
}

/** Where the trained part of a turn ends, which begins at `from`. */
function endOfTurn(tokenizer: Tokenizer, ids: Int32Array, from: number): number {
  for (const ends of [new Set(tokenizer.eosIds), new Set(tokenizer.specialTokens.values())]) {
    for (let at = ids.length - 1; at >= from; at--) if (ends.has(ids[at])) return at + 1;
  }
  return ids.length;
}

/** As `generate` reads a prompt; some tokenizers end a text themselves. */
function plainIds(tokenizer: Tokenizer, text: string): Int32Array {
  const ids = tokenizer.encode(text, { addSpecialTokens: true });
  return tokenizer.eosIds.includes(ids[ids.length - 1]) ? ids.subarray(0, -1) : ids;
}

function withEnd(tokenizer: Tokenizer, ids: Int32Array): Int32Array {
  const [end] = tokenizer.eosIds;
  if (end === undefined) throw new DataError(`${tokenizer.name}: must have a token that ends a text: none`);
  const ended = new Int32Array(ids.length + 1);
  ended.set(ids);
  ended[ids.length] = end;
  return ended;
}
