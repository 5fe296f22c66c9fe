/** Training examples as tokens, each with the tokens that are trained, marked by their place, never by their id. */
import { DataError } from '../base/errors.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import { turnEnd } from './answerFrame.js';
import { chatTemplateOf, type EncodeChatOptions, encodeChat, refuseSpecialIn } from './chat.js';
import { kindOf } from './fields.js';
import { refuseLeftOutMessages } from './leftOut.js';
import { type ChatMessage, lengthOf } from './messages.js';
import { acceptsSystemMessage } from './systemMessage.js';
import type { Tokenizer } from './tokenizer.js';

/** The label of a token that is not trained. */
export const UNTRAINED = -1;

export interface TokenExample {
  /** Token ids, [tokens]. */
  readonly ids: Int32Array;
  /**
   * Labels, [tokens]: a token's own id where the model is trained to say it, {@link UNTRAINED} elsewhere. The first token is
   * never trained, since no token precedes it.
   */
  readonly labels: Int32Array;
}

export interface TokenizeTextOptions extends Pick<EncodeChatOptions, 'allowSpecial'> {}

export interface TokenizeCompletionOptions extends TokenizeTextOptions {
  /** Tokens to train. `answers`: the assistant's text, with the token that ends its turn; `all`: every token. Default `answers`. */
  readonly trainOn?: TrainOn;
  /** A system message to put in front of a conversation that has none. Default none. */
  readonly system?: string | undefined;
}

export interface TokenizeChatOptions extends TokenizeCompletionOptions, Pick<EncodeChatOptions, 'tools'> {}

export type TrainOn = (typeof TRAIN_ON)[number];

export const TRAIN_ON = ['answers', 'all'] as const;

/** A text and its continuation. */
export interface Completion {
  readonly prompt: string;
  readonly completion: string;
}

const TEXT_NAMES: OptionNames<TokenizeTextOptions> = { allowSpecial: true };
const COMPLETION_NAMES: OptionNames<TokenizeCompletionOptions> = {
  ...TEXT_NAMES,
  trainOn: true,
  system: true,
};
const CHAT_NAMES: OptionNames<TokenizeChatOptions> = { ...COMPLETION_NAMES, tools: true };

/** Maximum characters rendered for all answers of a conversation: each is rendered with everything that precedes it. */
const MAX_RENDERED = 2 ** 23;
/** Approximate number of characters that a template writes around a message. */
const AROUND_MESSAGE = 32;

/**
 * The tokens of a conversation, as `encodeChat` gives them. An answer consists of the tokens that follow the conversation before
 * it, rendered with the generation prompt. It is trained up to the token that ends the turn: the last of `eosIds`, otherwise
 * the last special token, otherwise the last token. Text that the template writes after that is not trained, nor is an answer
 * whose `weight` is 0.
 * @throws DataError where the template changes the text before an answer once the answer is given, or an answer once more text
 *   follows, with the first token that differs; where it leaves out an answer or a part of it; where no token is trained; and as
 *   `encodeChat`
 */
export function tokenizeChat(
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
  options: TokenizeChatOptions = {},
): TokenExample {
  checkOptions('tokenizeChat', options, CHAT_NAMES);
  const { system, allowSpecial = false, tools } = options;
  const isAll = trainsAll('tokenizeChat', options);
  const rendered = tools === undefined ? {} : { tools };
  const all = withSystem(messages, system);
  // Errors count the given messages, without an added system message.
  if (all !== messages && !allowSpecial) {
    refuseSpecial(tokenizer, { system });
    refuseSpecialIn(tokenizer, messages, tools);
  }
  if (all !== messages && !acceptsSystemMessage(tokenizer))
    throw new DataError("system: must not be given: the model's chat template takes none");
  const ids = encodeChat(tokenizer, all, { ...rendered, allowSpecial });
  const isTrained = ({ role, weight }: ChatMessage) => role === 'assistant' && weight !== 0;
  refuseLeftOutMessages({ messages, text: chatTemplateOf(tokenizer).render(all, rendered) }, isTrained);
  if (isAll) return exampleOf('messages', ids, [[0, ids.length]]);
  // The whole conversation was checked above.
  const encoding = { ...rendered, allowSpecial: true };
  const answers = [...all.keys()].filter((i) => all[i].role === 'assistant');
  checkWork(all, answers.length);
  const spans: Span[] = [];
  for (const i of answers) {
    if (all[i].weight === 0) continue;
    const where = `messages[${i - (all.length - messages.length)}]`;
    const before = encodeChat(tokenizer, all.slice(0, i), { ...encoding, addGenerationPrompt: true });
    const after = i === all.length - 1 ? ids : encodeChat(tokenizer, all.slice(0, i + 1), encoding);
    checkPrefix(tokenizer, before, after, `${where}: the template must not change what precedes it`);
    checkPrefix(tokenizer, after, ids, `${where}: the template must not change it when more follows`);
    spans.push([before.length, endOfTurn(tokenizer, after, before.length)]);
  }
  return exampleOf('messages', ids, spans, answers.length > 0);
}

/**
 * The tokens of a prompt and its completion; by default only the completion is trained. With a chat template they are messages of
 * a user and the assistant; without one they are plain text, followed by the token that ends a text.
 * @throws DataError when the prompt's tokens change once the completion follows, for a system message without a template, and as
 *   `tokenizeChat`
 */
export function tokenizeCompletion(
  tokenizer: Tokenizer,
  example: Completion,
  options: TokenizeCompletionOptions = {},
): TokenExample {
  checkOptions('tokenizeCompletion', options, COMPLETION_NAMES);
  for (const key of ['prompt', 'completion'] as const) {
    if (typeof example[key] !== 'string')
      throw new DataError(`${key}: must be a string: ${kindOf(example[key])}`);
  }
  const { prompt, completion } = example;
  const { allowSpecial = false, system } = options;
  if (!allowSpecial) refuseSpecial(tokenizer, { prompt, completion });
  if (tokenizer.chatTemplate !== undefined) return tokenizeChat(tokenizer, asMessages(example), options);
  const isAll = trainsAll('tokenizeCompletion', options);
  if (system !== undefined) throw new DataError('system: must not be given: the model has no chat template');
  const before = plainIds(tokenizer, prompt, allowSpecial);
  const ids = withEnd(tokenizer, plainIds(tokenizer, prompt + completion, allowSpecial));
  if (isAll) return exampleOf('completion', ids, [[0, ids.length]]);
  const rule =
    'completion: must not change the tokens of the prompt: a space belongs to the beginning of a completion';
  checkPrefix(tokenizer, before, ids, rule);
  return exampleOf('completion', ids, [[before.length, ids.length]]);
}

/**
 * The tokens of a text, followed by the token that ends a text; all are trained.
 * @throws DataError when the model has no such token, and as `Tokenizer.encode`
 */
export function tokenizeText(
  tokenizer: Tokenizer,
  text: string,
  options: TokenizeTextOptions = {},
): TokenExample {
  checkOptions('tokenizeText', options, TEXT_NAMES);
  const { allowSpecial = false } = options;
  if (typeof text !== 'string') throw new DataError(`text: must be a string: ${kindOf(text)}`);
  if (!allowSpecial) refuseSpecial(tokenizer, { text });
  const ids = withEnd(tokenizer, plainIds(tokenizer, text, allowSpecial));
  return exampleOf('text', ids, [[0, ids.length]]);
}

function asMessages({ prompt, completion }: Completion): readonly ChatMessage[] {
  return [
    { role: 'user', content: prompt },
    { role: 'assistant', content: completion },
  ];
}

/** The messages, with a system message in front where there is none. */
function withSystem(messages: readonly ChatMessage[], system: string | undefined): readonly ChatMessage[] {
  // Values that are not messages are refused by number when they are encoded.
  const isThere = ['system', 'developer'].includes(messages[0]?.role);
  return system === undefined || isThere ? messages : [{ role: 'system', content: system }, ...messages];
}

/** Whether all tokens are trained. @throws RangeError for an unknown value */
function trainsAll(what: string, { trainOn = 'answers' }: TokenizeCompletionOptions): boolean {
  if (!TRAIN_ON.includes(trainOn))
    throw new RangeError(`${what}: trainOn must be ${TRAIN_ON.join(' or ')}: ${trainOn}`);
  return trainOn === 'all';
}

function checkWork(messages: readonly ChatMessage[], answers: number): void {
  const characters = answers * (lengthOf(messages) + AROUND_MESSAGE * messages.length);
  if (characters > MAX_RENDERED)
    throw new DataError(
      `messages: must have fewer answers, or less text: ${answers} answers, each with all that precedes it, are about ${characters} characters of ${MAX_RENDERED}`,
    );
}

function refuseSpecial(tokenizer: Tokenizer, texts: object): void {
  for (const [key, text] of Object.entries(texts)) {
    const [found] = typeof text === 'string' ? tokenizer.findSpecial(text) : [];
    if (found)
      throw new DataError(
        `${key}: holds a special token, which is refused: ${JSON.stringify(found.token)} at character ${found.at}`,
      );
  }
}

/** Trained tokens from ≤ i < to. */
type Span = readonly [from: number, to: number];

function exampleOf(
  what: string,
  ids: Int32Array,
  spans: readonly Span[],
  hasAnswers = spans.length > 0,
): TokenExample {
  const labels = new Int32Array(ids.length).fill(UNTRAINED);
  for (const [from, to] of spans) labels.set(ids.subarray(from, to), from);
  labels.fill(UNTRAINED, 0, 1);
  if (labels.every((label) => label === UNTRAINED)) {
    const noSpan = hasAnswers ? 'each answer has weight 0' : 'no message is of the assistant';
    const why = spans.length === 0 ? noSpan : `it has ${ids.length} in all`;
    throw new DataError(`${what}: must have a token that is trained: ${why}`);
  }
  return { ids, labels };
}

/** Checks that `after` begins with `before`. @throws DataError with the first token that differs */
function checkPrefix(tokenizer: Tokenizer, before: Int32Array, after: Int32Array, rule: string): void {
  const at = before.findIndex((id, i) => id !== after[i]);
  if (at < 0) return;
  const say = (ids: Int32Array) =>
    at < ids.length ? `${JSON.stringify(tokenizer.tokenOf(ids[at]))} (${ids[at]})` : 'missing';
  throw new DataError(`${rule}: token ${at} was ${say(before)}, is ${say(after)}`);
}

/** The end of the trained part of a turn that begins at `from`. */
function endOfTurn(tokenizer: Tokenizer, ids: Int32Array, from: number): number {
  const end = turnEnd(tokenizer, ids, from);
  return end === undefined ? ids.length : end + 1;
}

/** The ids of a text as `generate` reads a prompt, without the end token that some tokenizers add to every text. */
function plainIds(tokenizer: Tokenizer, text: string, allowSpecial: boolean): Int32Array {
  const ids = tokenizer.encode(text, { addSpecialTokens: true, allowSpecial });
  return endsTexts(tokenizer) ? ids.subarray(0, -1) : ids;
}

/** Whether the tokenizer adds a token at the end of a text that differs from the one at its beginning. */
function endsTexts(tokenizer: Tokenizer): boolean {
  const around = tokenizer.encode('', { addSpecialTokens: true });
  const last = around[around.length - 1];
  return tokenizer.eosIds.includes(last) && (around.length > 1 || last !== tokenizer.bosId);
}

function withEnd(tokenizer: Tokenizer, ids: Int32Array): Int32Array {
  const [end] = tokenizer.eosIds;
  if (end === undefined) throw new DataError(`${tokenizer.name}: must have a token that ends a text: none`);
  const ended = new Int32Array(ids.length + 1);
  ended.set(ids);
  ended[ids.length] = end;
  return ended;
}
