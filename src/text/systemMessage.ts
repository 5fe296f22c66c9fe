/** The system message that a chat template writes by itself where a conversation has none. */
import { DataError } from '../base/errors.js';
import { chatTemplateOf } from './chat.js';
import type { Tokenizer } from './tokenizer.js';

/** Stands for a system message, and for what a user says; no template writes it by itself. */
const [SYSTEM, USER] = ['lowrank7f3a', 'lowrank9c1e'];

/**
 * The template's default system message; undefined for a template that has none or takes none, and without a template. It is what a
 * model sees in training and in use where nobody gave another.
 */
export function defaultSystemMessage(tokenizer: Tokenizer): string | undefined {
  if (tokenizer.chatTemplate === undefined) return undefined;
  const user = { role: 'user', content: USER };
  try {
    const template = chatTemplateOf(tokenizer);
    const given = template.render([{ role: 'system', content: SYSTEM }, user]);
    const at = given.indexOf(SYSTEM);
    if (at < 0) return undefined;
    const [before, after] = [given.slice(0, at), given.slice(at + SYSTEM.length)];
    const own = template.render([user]);
    const isLike = own.startsWith(before) && own.endsWith(after) && own.length > before.length + after.length;
    return isLike ? own.slice(before.length, own.length - after.length) : undefined;
  } catch (error) {
    // A template that takes no system message says so.
    if (error instanceof DataError) return undefined;
    throw error;
  }
}
