/** Runs `lowrank chat`, from the files to the end of the conversation. */
import { basename } from 'node:path';
import { DataError, DeviceError } from '../../core.js';
import type { ChatMessage } from '../../text/messages.js';
import { count, integer } from '../format.js';
import { modelPath } from '../modelPath.js';
import { printLine } from '../output.js';
import { openDevice } from '../prepare.js';
import type { Streams } from '../streams.js';
import { addAdapters } from './adapters.js';
import { COMMAND_WORDS, isCommand, messageOf, runCommand } from './chatCommands.js';
import { openConversation, readMessage } from './chatHistory.js';
import { type ChatInput, pipedInput } from './chatInput.js';
import type { ChatCommand } from './chatOptions.js';
import { ChatSession, type OpenedModel } from './chatSession.js';
import { loadModel } from './loadModel.js';
import type { RunReporting } from './reporting.js';
import { TerminalInput } from './terminalInput.js';
import { watchReader } from './textOutput.js';

/** Opens everything, and chats until the input ends, the user leaves, or the answers are no longer read. */
export async function runChat(
  options: ChatCommand,
  streams: Streams,
  reporting: RunReporting,
): Promise<void> {
  const { history, file } = options;
  const kept = history === undefined ? [] : (await openConversation(history)).messages;
  const first = file === undefined ? undefined : await readMessage(file);
  const { device } = await openDevice(options);
  const reader = watchReader(streams.stdout);
  try {
    const session = await begin(device, kept, { options, streams, reporting });
    const signal = AbortSignal.any([reporting.signal, reader.signal]);
    const input = openInput(streams, signal);
    try {
      if (input.isTerminal) session.notice('/help lists the commands, Ctrl-D leaves');
      await talk(session, input, { first, streams, signal });
    } finally {
      input.close();
      session.chat.dispose();
    }
  } catch (error) {
    // The reader of the answers is gone: that ends the chat, and is not a failure.
    if (!reader.signal.aborted || reporting.signal.aborted) throw error;
  } finally {
    reader.stop();
    device.dispose();
  }
}

interface Begun {
  readonly options: ChatCommand;
  readonly streams: Streams;
  readonly reporting: RunReporting;
}

/** @param kept  the conversation to continue */
async function begin(
  device: OpenedModel['device'],
  kept: readonly ChatMessage[],
  { options, streams, reporting }: Begun,
): Promise<ChatSession> {
  const { progress, notice, signal } = reporting;
  const path = await modelPath(options, progress, signal);
  const { model, tokenizer } = await loadModel(device, path, options, reporting);
  if (tokenizer.chatTemplate === undefined)
    throw new DataError(
      `${options.model}: has no chat template, it was not made for conversations: lowrank generate continues a text`,
    );
  await addAdapters(model, options.adapters, { path, notice, chat: options });
  const session = new ChatSession({ device, model, tokenizer }, options, streams);
  const { history, system } = options;
  if (kept.length > 0) session.replace(kept);
  if (system !== undefined) session.system = system;
  const { contextLength } = model.config;
  session.notice(`${basename(options.model)} on ${device.name}, context ${integer(contextLength)} tokens`);
  for (const { directory, scale } of options.adapters)
    session.notice(`adapter: ${directory}${scale === 1 ? '' : `, scaled by ${scale}`}`);
  for (const line of session.systemLines) session.notice(line);
  if (kept.length > 0) session.notice(`history: ${count(kept.length, 'message')} from ${history}`);
  return session;
}

/** The stream that shows prompts: answers may go to a file. */
function screenOf({ stdout, stderr }: Streams): NodeJS.WriteStream {
  return stdout.isTTY ? stdout : stderr;
}

function openInput(streams: Streams, signal: AbortSignal): ChatInput {
  const { stdin = process.stdin } = streams;
  const output = screenOf(streams);
  return stdin.isTTY && output.isTTY
    ? new TerminalInput({ stdin, output, signal, words: COMMAND_WORDS })
    : pipedInput(stdin, signal);
}

interface Talk {
  readonly first: string | undefined;
  readonly streams: Streams;
  readonly signal: AbortSignal;
}

async function talk(session: ChatSession, input: ChatInput, { first, streams, signal }: Talk): Promise<void> {
  const attempt = async (work: () => Promise<boolean>): Promise<boolean> => {
    try {
      const continues = await work();
      signal.throwIfAborted();
      if (input.isTerminal) screenOf(streams).write('\n');
      return continues;
    } catch (error) {
      if (!input.isTerminal || !canGoOn(error) || signal.aborted) throw error;
      printLine(streams.stderr, `lowrank: ${error.message}`);
      return true;
    }
  };
  const send = (text: string) => attempt(() => session.send(text, input).then(() => true));
  if (first !== undefined) await send(first);
  for (let continues = true; continues; ) {
    const entry = await input.next(session.prompt);
    if (entry === undefined) return;
    continues = isCommand(entry)
      ? await attempt(() => runCommand(session, entry, input))
      : await send(messageOf(entry));
  }
}

/** Whether a person at a terminal can continue with another message after this error. */
function canGoOn(error: unknown): error is Error {
  return error instanceof DataError || error instanceof RangeError || error instanceof DeviceError;
}
