/** The text that a chat template writes around an answer: a part of it is trained, and ends generated text. */
import { DataError } from '../base/errors.js';
import { chatTemplateOf } from './chat.js';
import type { ChatMessage } from './messages.js';
import type { Tokenizer } from './tokenizer.js';

export interface AnswerFrame {
  /** Text that the model must say before each answer itself, such as an empty `<think>` block; usually empty. */
  readonly lead: string;
  /** The token that ends an answer's turn: one that ends texts, otherwise a special token; undefined where there is none. */
  readonly endId: number | undefined;
}

/** Placeholders for the words of a user and of the assistant; no template contains them. */
const [USER, ANSWER] = ['lowrank4e8b', 'lowrank2d6f'];
const QUESTION: ChatMessage = { role: 'user', content: USER };

const FRAMES = new WeakMap<Tokenizer, AnswerFrame | undefined>();

/**
 * Finds the frame by rendering a question with an answer. Undefined without a chat template, and for one that refuses the two
 * or changes the text before the answer once the answer is given.
 */
export function answerFrame(tokenizer: Tokenizer): AnswerFrame | undefined {
  if (!FRAMES.has(tokenizer)) FRAMES.set(tokenizer, frameOf(tokenizer));
  return FRAMES.get(tokenizer);
}

function frameOf(tokenizer: Tokenizer): AnswerFrame | undefined {
  if (tokenizer.chatTemplate === undefined) return undefined;
  try {
    const template = chatTemplateOf(tokenizer);
    const before = template.render([QUESTION], { addGenerationPrompt: true });
    const whole = template.render([QUESTION, { role: 'assistant', content: ANSWER }]);
    const at = whole.indexOf(ANSWER, before.length);
    if (!whole.startsWith(before) || at < 0) return undefined;
    const after = tokenizer.encode(whole.slice(at + ANSWER.length), { allowSpecial: true });
    const end = turnEnd(tokenizer, after, 0);
    return { lead: whole.slice(before.length, at), endId: end === undefined ? undefined : after[end] };
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
}

/**
 * The index of the token that ends the turn: from `from`, the last token that ends texts, otherwise the last special token;
 * undefined where there is none.
 */
export function turnEnd(tokenizer: Tokenizer, ids: Int32Array, from: number): number | undefined {
  for (const ends of [new Set(tokenizer.eosIds), new Set(tokenizer.specialTokens.values())]) {
    for (let at = ids.length - 1; at >= from; at--) if (ends.has(ids[at])) return at;
  }
  return undefined;
}
