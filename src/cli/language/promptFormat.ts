/** The form in which a model reads a conversation: another program that uses another form, or ends answers elsewhere, gets babble. */
import { answerFrame } from '../../text/answerFrame.js';
import { chatTemplateOf } from '../../text/chat.js';
import type { Tokenizer } from '../../text/tokenizer.js';

export interface PromptFormat {
  /** A message as the chat template writes it, up to where the answer begins. */
  readonly example: string;
  /** The texts of the tokens that end an answer. */
  readonly stops: readonly string[];
}

/** Undefined for a model without a chat template, or one whose template refuses a single message. */
export function promptFormat(tokenizer: Tokenizer): PromptFormat | undefined {
  const frame = answerFrame(tokenizer);
  if (!frame) return undefined;
  const template = chatTemplateOf(tokenizer);
  const example = template.render([{ role: 'user', content: 'Hello' }], { addGenerationPrompt: true });
  const ids = frame.endId === undefined ? tokenizer.eosIds : [frame.endId, ...tokenizer.eosIds];
  return { example, stops: [...new Set(ids)].map((id) => tokenizer.tokenOf(id)) };
}

/** The explanation that is printed with it. */
export const SAME_FORMAT =
  'The adapter was trained on conversations in this form. A program that writes them in another, or continues after the end of an answer, gets worse answers or babble.';
