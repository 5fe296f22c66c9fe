/** Conversations and messages in files. */
import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { DataError } from '../../core.js';
import { exists } from '../../node/files.js';
import { readFileBytes, writeFileAtomic } from '../../node.js';
import { type ChatMessage, checkMessages } from '../../text/messages.js';
import { ensureWritableFile } from '../json.js';

/** Bytes of a file; no context has room for more. */
const MOST_BYTES = 2 ** 24;

/** A path as it is typed in a chat, where no shell knows `~`. */
export function typedPath(text: string): string {
  return text.startsWith('~/') ? join(homedir(), text.slice(2)) : text;
}

/**
 * The text of a file, without line breaks at its end.
 * @throws DataError where it cannot be read, is empty or larger than 16 MiB, or is not UTF-8
 */
export async function readMessage(path: string): Promise<string> {
  const text = (await readText(path)).replace(/\r\n/g, '\n').replace(/\n+$/, '');
  if (text.trim() === '') throw new DataError(`${path}: is empty`);
  return text;
}

/**
 * A conversation as `writeConversation` writes it: one line of JSON.
 * @throws DataError where the file cannot be read, or holds something else
 */
export async function readConversation(path: string): Promise<readonly ChatMessage[]> {
  return parseConversation(await readText(path), path);
}

/**
 * Writes a conversation as a line of training data, replacing one that the file had.
 * @throws DataError where the file holds something else, or cannot be written; it stays unchanged then
 */
export async function writeConversation(path: string, messages: readonly ChatMessage[]): Promise<void> {
  const { target } = await openConversation(path);
  await writeFileAtomic(target, new TextEncoder().encode(`${JSON.stringify({ messages })}\n`));
}

/**
 * Checks whether a conversation can be kept in a file.
 * @returns where to write, and the conversation that the file holds; without messages where it holds none
 * @throws DataError where it cannot be written, or holds something other than a conversation
 */
export async function openConversation(path: string) {
  const target = await ensureWritableFile(path);
  const text = (await exists(target)) ? await readText(target) : '';
  if (text.trim() === '') return { target, messages: [] };
  try {
    return { target, messages: parseConversation(text, path) };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    const message = error.message.replace(`${path}: `, `${path}: is not replaced: `);
    throw new DataError(message, { cause: error });
  }
}

function parseConversation(text: string, path: string): readonly ChatMessage[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length !== 1)
    throw new DataError(`${path}: must hold one conversation, on one line: it has ${lines.length} lines`);
  let value: unknown;
  try {
    value = JSON.parse(lines[0]);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new DataError(`${path}: line 1: is not JSON: ${message}`, { cause: error });
  }
  const fields = typeof value === 'object' && value !== null ? value : {};
  const messages = Object.hasOwn(fields, 'messages') ? Reflect.get(fields, 'messages') : undefined;
  if (!Array.isArray(messages)) throw new DataError(`${path}: line 1: must be an object with messages`);
  const names = Object.keys(fields);
  if (names.length > 1)
    throw new DataError(`${path}: line 1: must have messages only: it has ${names.join(', ')}`);
  try {
    checkMessages(messages);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    throw new DataError(`${path}: line 1: ${error.message}`, { cause: error });
  }
  return messages;
}

async function readText(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  const bytes = (found?.size ?? 0) > MOST_BYTES ? undefined : await readFileBytes(path);
  if (!bytes || bytes.length > MOST_BYTES)
    throw new DataError(`${path}: must have at most ${MOST_BYTES} bytes: ${bytes?.length ?? found?.size}`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new DataError(`${path}: must be text in UTF-8`, { cause: error });
  }
}
