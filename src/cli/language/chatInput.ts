/** Messages and commands that come from a pipe or a file, line by line. */
import { addAbortSignal, type Readable } from 'node:stream';
import { DataError } from '../../core.js';
import { reasonOf } from '../../node/files.js';

/** A source of a chat's messages and commands. */
export interface ChatInput {
  /** Whether a person is at the terminal, who can react to an error. */
  readonly isTerminal: boolean;
  /**
   * The next message or command; none is empty.
   * @param prompt  what a terminal shows before it
   * @returns undefined at the end
   * @throws the reason of the signal that ends the chat, DataError for input that is not text
   */
  next(prompt: string): Promise<string | undefined>;
  /** Runs an answer, which a signal or Ctrl-C ends. */
  answering<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  close(): void;
}

/** Characters of a line; no context has room for more. */
const MOST_CHARACTERS = 2 ** 24;

/** A line that ends with it continues in the next. */
export const CONTINUES = '\\';

export function pipedInput(stdin: Readable, signal: AbortSignal): ChatInput {
  const entries = entriesOf(linesOf(stdin, signal));
  return {
    isTerminal: false,
    next: async () => (await entries.next()).value ?? undefined,
    answering: (work) => work(signal),
    close: () => stdin.destroy(),
  };
}

async function* entriesOf(lines: AsyncIterable<string>): AsyncGenerator<string, void, void> {
  let begun = '';
  for await (const line of lines) {
    if (line.endsWith(CONTINUES)) {
      begun += `${line.slice(0, -CONTINUES.length)}\n`;
      continue;
    }
    const entry = begun + line;
    begun = '';
    if (entry.trim() !== '') yield entry;
  }
  if (begun.trim() !== '') yield begun.trimEnd();
}

async function* linesOf(stdin: Readable, signal: AbortSignal): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  for await (const chunk of chunksOf(stdin, signal)) {
    const lines = (rest + decoded(() => decoder.decode(chunk, { stream: true }))).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MOST_CHARACTERS)
      throw new DataError(`standard input: a line must have at most ${MOST_CHARACTERS} characters`);
    for (const line of lines) yield line.replace(/\r$/, '');
  }
  rest += decoded(() => decoder.decode());
  if (rest !== '') yield rest;
}

async function* chunksOf(stdin: Readable, signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
  try {
    for await (const chunk of addAbortSignal(signal, stdin)) yield chunk;
  } catch (error) {
    signal.throwIfAborted();
    throw new DataError(`standard input: cannot be read: ${reasonOf(error)}`, { cause: error });
  }
}

function decoded(decode: () => string): string {
  try {
    return decode();
  } catch (error) {
    throw new DataError('standard input: must be text in UTF-8', { cause: error });
  }
}
