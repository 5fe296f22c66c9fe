/** The messages of a conversation. */
import { DataError } from '../base/errors.js';
import { kindOf } from './fields.js';

export interface ChatMessage {
  /** The speaker; usually `system`, `user` or `assistant`. */
  readonly role: string;
  readonly content: string;
  /** Other JSON values that the model's template reads. */
  readonly [field: string]: unknown;
}

/** Checks messages. @throws DataError that names the first invalid message by its number, counted from 0 */
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

/** Maximum depth of nested values. */
const MAX_DEPTH = 50;

/** The strings in a JSON value, with their paths. @throws DataError when it is nested too deeply */
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

/** Total characters of the strings in a value. */
export function lengthOf(value: unknown): number {
  let length = 0;
  for (const [text] of stringsIn(value, 'messages')) length += text.length;
  return length;
}
