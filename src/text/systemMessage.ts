/** The system message that a model is given. */
import { DataError } from '../base/errors.js';
import { chatTemplateOf } from './chat.js';
import type { Tokenizer } from './tokenizer.js';

/** Stand for messages; no template has them. */
const [SYSTEM, USER] = ['\ue001system\ue001', '\ue001user\ue001'];

/** What a model's chat template does with system messages. */
export interface TemplateSystem {
  /** Whether a system message that is given is part of the text. */
  readonly takes: boolean;
  /** The system message that the template adds by itself where none is given; undefined where it adds none. */
  readonly own: string | undefined;
}

/**
 * Finds out what a tokenizer's chat template does with system messages, by writing conversations with and without one. A
 * message of its own that stands in other places, or between other texts, than a given one is not recognised.
 * @throws DataError when there is no chat template, or it cannot write a message of a user
 */
export function templateSystem(tokenizer: Tokenizer): TemplateSystem {
  const template = chatTemplateOf(tokenizer);
  const user = { role: 'user', content: USER };
  const without = textBefore(template.render([user], { addGenerationPrompt: true }));
  const refused = { takes: false, own: undefined };
  try {
    const messages = [{ role: 'system', content: SYSTEM }, user];
    const given = textBefore(template.render(messages, { addGenerationPrompt: true }));
    const at = given?.indexOf(SYSTEM) ?? -1;
    if (given === undefined || at < 0) return refused;
    return { takes: true, own: between(without, given.slice(0, at), given.slice(at + SYSTEM.length)) };
  } catch (error) {
    if (error instanceof DataError) return refused;
    throw error;
  }
}

/** What a template writes before the user's message. */
function textBefore(text: string): string | undefined {
  const at = text.indexOf(USER);
  return at < 0 ? undefined : text.slice(0, at);
}

function between(text: string | undefined, before: string, after: string): string | undefined {
  const isEnclosed =
    text !== undefined &&
    text.length > before.length + after.length &&
    text.startsWith(before) &&
    text.endsWith(after);
  return isEnclosed ? text.slice(before.length, text.length - after.length) : undefined;
}
