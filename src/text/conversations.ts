/** Conversations of training data: messages in a possible order of speakers, each with a text. */
import { DataError } from '../base/errors.js';
import { kindOf } from './fields.js';
import type { ChatMessage } from './messages.js';

/** Maximum messages of a conversation: each answer is processed with everything that precedes it. */
const MAX_MESSAGES = 1000;

/** Roles that may follow each role. */
const NEXT: ReadonlyMap<string, readonly string[]> = new Map([
  ['', ['user', 'system', 'developer']],
  ['system', ['user']],
  ['developer', ['user']],
  ['user', ['assistant']],
  ['assistant', ['user', 'tool']],
  ['tool', ['assistant', 'tool']],
]);

/**
 * Checked messages from JSON. Other fields of a message stay, since the template may read them; a message that calls tools and
 * has no content gets an empty one.
 * @param value  an array of objects with `role` and `content`
 * @throws DataError for anything that is not a conversation: roles out of order, a content that is not text, an empty answer
 */
export function conversationOf(value: unknown): readonly ChatMessage[] {
  if (!Array.isArray(value)) throw new DataError(`messages: must be an array: ${kindOf(value)}`);
  if (value.length === 0) throw new DataError('messages: must not be empty');
  if (value.length > MAX_MESSAGES)
    throw new DataError(`messages: must be at most ${MAX_MESSAGES}: ${value.length}`);
  let before = '';
  return (value as readonly unknown[]).map((each, i) => {
    const message = messageOf(each, `messages[${i}]`);
    checkOrder(before, message, `messages[${i}]`);
    before = message.role;
    return message;
  });
}

function messageOf(value: unknown, where: string): ChatMessage {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new DataError(`${where}: must be an object: ${kindOf(value)}`);
  const { role, content, weight, tool_calls: calls } = value as Readonly<Record<string, unknown>>;
  if (typeof role !== 'string') throw new DataError(`${where}.role: must be a string: ${kindOf(role)}`);
  if (weight !== undefined && weight !== null && weight !== 0 && weight !== 1)
    throw new DataError(`${where}.weight: must be 0 or 1: ${kindOf(weight)}`);
  const isCall = role === 'assistant' && Array.isArray(calls) && calls.length > 0;
  const text = isCall ? (content ?? '') : content;
  if (typeof text !== 'string') throw new DataError(`${where}.content: must be text: ${kindOf(text)}`);
  if (role === 'assistant' && !isCall && text.trim() === '')
    throw new DataError(`${where}.content: the answer must not be empty`);
  return { ...value, role, content: text };
}

function checkOrder(before: string, { role }: ChatMessage, where: string): void {
  if (!NEXT.has(role) || role === '') {
    const roles = [...NEXT.keys()].filter((each) => each !== '').join(', ');
    throw new DataError(`${where}.role: must be one of ${roles}: ${JSON.stringify(role.slice(0, 50))}`);
  }
  const allowed = NEXT.get(before) ?? [];
  if (allowed.includes(role)) return;
  const place = before === '' ? 'the first must be' : `after ${before} must come`;
  throw new DataError(`${where}.role: ${place} ${allowed.join(' or ')}: ${role}`);
}
