/** The messages of a conversation. */
import { DataError } from '../base/errors.js';
import { kindOf } from './fields.js';

export interface ChatMessage {
  /** Who speaks; mostly `system`, `user` or `assistant`. */
  readonly role: string;
  readonly content: string;
  /** What else the model's template reads, as JSON. */
  readonly [field: string]: unknown;
}

/** @throws DataError when they are no messages, by the number of the first wrong one, counted from 0 */
export function checkMessages(messages: readonly ChatMessage[]): void {
  if (!Array.isArray(messages)) throw new DataError(`messages: must be an array: ${kindOf(messages)}`);
  for (const [i, message] of (messages as readonly unknown[]).entries()) {
    if (typeof message !== 'object' || message === null || Array.isArray(message))
      throw new DataError(`messages[${i}]: must be an object: ${kindOf(message)}`);
    for (const key of ['role', 'content']) {
      const value = Object.hasOwn(message, key) ? Reflect.get(message, key) : undefined;
      if (typeof value !== 'string')
        throw new DataError(`messages[${i}]: ${key} must be a string: ${kindOf(value)}`);
    }
  }
}

/** Values within each other. */
const MAX_DEPTH = 50;

/** The strings in a value of JSON, with where they are. @throws DataError when it is nested too deeply */
export function* stringsIn(
  value: unknown,
  where: string,
  depth = MAX_DEPTH,
): Iterable<readonly [string, string]> {
  if (typeof value === 'string') yield [value, where];
  if (typeof value !== 'object' || value === null) return;
  if (depth === 0) throw new DataError(`${where}: must not be nested more than ${MAX_DEPTH} deep`);
  const isList = Array.isArray(value);
  for (const [key, inner] of Object.entries(value)) {
    const here = isList ? `${where}[${key}]` : where === '' ? key : `${where}.${key}`;
    if (!isList) yield [key, here];
    yield* stringsIn(inner, here, depth - 1);
  }
}

/** Characters in all. */
export function lengthOf(value: unknown): number {
  let length = 0;
  for (const [text] of stringsIn(value, 'messages')) length += text.length;
  return length;
}
