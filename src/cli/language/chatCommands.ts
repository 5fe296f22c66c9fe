/** The commands of a chat, which are lines that begin with a slash. */
import { printable } from '../../base/printable.js';
import { DataError } from '../../core.js';
import { count } from '../format.js';
import { CHAT_COMMANDS } from './chatHelp.js';
import { readConversation, readMessage, typedPath, writeConversation } from './chatHistory.js';
import type { ChatInput } from './chatInput.js';
import type { Answerer, ChatSession } from './chatSession.js';

interface Command {
  /** Its argument, as `/help` shows it; undefined for a command without one. */
  readonly argument?: string;
  /** Whether it may be left out. */
  readonly isOptional?: boolean;
  readonly run: (session: ChatSession, argument: string, input: ChatInput) => void | Promise<void>;
}

const answerer =
  (which: Answerer): Command['run'] =>
  (session) => {
    session.answerer = which;
  };

const COMMANDS: Readonly<Record<string, Command>> = {
  '/base': { run: answerer('base') },
  '/adapter': { run: answerer('adapter') },
  '/both': {
    run: (session) => {
      session.answerer = 'both';
      session.notice("both answer from now on; the conversation continues with the adapter's answers");
    },
  },
  '/system': { argument: 'TEXT', isOptional: true, run: setSystem },
  '/file': {
    argument: 'PATH',
    run: async (session, path, input) => session.send(await readMessage(typedPath(path)), input),
  },
  '/retry': { run: (session, _, input) => session.retry(input) },
  '/reset': {
    run: (session) => {
      session.reset();
      session.notice('a new conversation');
    },
  },
  '/save': { argument: 'FILE', run: save },
  '/load': { argument: 'FILE', run: load },
  '/help': {
    run: (session) => {
      for (const line of CHAT_COMMANDS.split('\n')) session.say(line);
    },
  },
  '/exit': { run: () => {} },
};

/** Words that begin a command. */
export const COMMAND_WORDS: readonly string[] = Object.keys(COMMANDS);

/** Whether a line is a command rather than a message: pasted lines and `//…` are messages. */
export function isCommand(entry: string): boolean {
  return entry.startsWith('/') && !entry.startsWith('//') && !entry.includes('\n');
}

/** The message of an entry; where it begins with two slashes, the first is left out. */
export function messageOf(entry: string): string {
  return entry.startsWith('//') ? entry.slice(1) : entry;
}

/**
 * Runs a command.
 * @returns whether the chat continues
 * @throws DataError for an unknown command, for one without its argument, and where the command itself throws it
 */
export async function runCommand(session: ChatSession, entry: string, input: ChatInput): Promise<boolean> {
  const [, word, argument] = /^(\S+)\s*(.*?)\s*$/.exec(entry) ?? ['', entry, ''];
  const command = Object.hasOwn(COMMANDS, word) ? COMMANDS[word] : undefined;
  if (!command)
    throw new DataError(
      `there is no command ${printable(word)}: /help lists them, and // begins a message with /`,
    );
  if (command.argument === undefined && argument !== '')
    throw new DataError(`${word} takes no argument: ${printable(argument)}`);
  if (command.argument !== undefined && argument === '' && !command.isOptional)
    throw new DataError(
      `${word} requires a ${command.argument === 'PATH' ? 'path' : 'file'}: ${word} ${command.argument}`,
    );
  await command.run(session, argument, input);
  return word !== '/exit';
}

function setSystem(session: ChatSession, text: string): void {
  if (text !== '') session.system = text === '-' ? undefined : text;
  for (const line of session.systemLines) session.say(line);
}

async function save(session: ChatSession, path: string): Promise<void> {
  const { messages } = session.chat;
  if (messages.length === 0) throw new DataError('there is nothing to save yet');
  await writeConversation(typedPath(path), messages);
  session.notice(`saved ${count(messages.length, 'message')} to ${path}`);
}

async function load(session: ChatSession, path: string): Promise<void> {
  const messages = await readConversation(typedPath(path));
  session.replace(messages);
  session.notice(`loaded ${count(messages.length, 'message')} from ${path}`);
  if (messages.at(-1)?.role === 'user') session.notice('the last one has no answer yet: /retry answers it');
}
