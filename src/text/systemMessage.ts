/** System messages in chat templates: whether one is accepted, and the default where a conversation has none. */
import { DataError } from '../base/errors.js';
import { chatTemplateOf } from './chat.js';
import type { ChatMessage } from './messages.js';
import type { Tokenizer } from './tokenizer.js';

/** Placeholders for a system message and a user's message; no template contains them. */
const [SYSTEM, USER] = ['lowrank7f3a', 'lowrank9c1e'];
const USER_SAYS: ChatMessage = { role: 'user', content: USER };

/**
 * The template's default system message; undefined for a template that has none or accepts none, and without a template. A model
 * sees it in training and in use where no other is given.
 */
export function defaultSystemMessage(tokenizer: Tokenizer): string | undefined {
  if (tokenizer.chatTemplate === undefined) return undefined;
  const own = rendered(tokenizer, [USER_SAYS]);
  const given = rendered(tokenizer, [{ role: 'system', content: SYSTEM }, USER_SAYS]);
  const at = given?.indexOf(SYSTEM) ?? -1;
  if (own === undefined || given === undefined || at < 0) return undefined;
  const [before, after] = [given.slice(0, at), given.slice(at + SYSTEM.length)];
  const isLike = own.startsWith(before) && own.endsWith(after) && own.length > before.length + after.length;
  return isLike ? own.slice(before.length, own.length - after.length) : undefined;
}

/** Whether the template writes a given system message: some refuse one, some leave it out. False without a template. */
export function acceptsSystemMessage(tokenizer: Tokenizer): boolean {
  if (tokenizer.chatTemplate === undefined) return false;
  return rendered(tokenizer, [{ role: 'system', content: SYSTEM }, USER_SAYS])?.includes(SYSTEM) ?? false;
}

/** The rendered messages; undefined where the template refuses them. */
function rendered(tokenizer: Tokenizer, messages: readonly ChatMessage[]): string | undefined {
  try {
    return chatTemplateOf(tokenizer).render(messages);
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
}
