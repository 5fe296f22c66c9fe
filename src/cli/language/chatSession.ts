/** A conversation in the terminal: which weights answer, what is shown of an answer, and where the conversation is kept. */
import { type Backend, DataError, withAdapterDisabled } from '../../core.js';
import { Chat, type ChatAnswer, type SendOptions } from '../../generate/chat.js';
import type { GenerationResult } from '../../generate/generate.js';
import type { LlamaForCausalLM } from '../../models/llama.js';
import { encodeChat } from '../../text/chat.js';
import type { ChatMessage } from '../../text/messages.js';
import { acceptsSystemMessage } from '../../text/systemMessage.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import { count, integer } from '../format.js';
import { printLine } from '../output.js';
import { paintFor } from '../paint.js';
import type { Streams } from '../streams.js';
import { MAX_SEED } from '../values.js';
import { wrapped } from '../wrap.js';
import { writeConversation } from './chatHistory.js';
import type { ChatInput } from './chatInput.js';
import type { ChatCommand } from './chatOptions.js';
import { samplingOf } from './samplingOptions.js';
import { systemWords } from './systemInForce.js';
import { tokenFigures, writeText } from './textOutput.js';

/** Who answers: the model without its adapters, with them, or first the one and then the other. */
export type Answerer = 'base' | 'adapter' | 'both';

export interface OpenedModel {
  readonly device: Backend;
  readonly model: LlamaForCausalLM;
  readonly tokenizer: Tokenizer;
}

export class ChatSession {
  readonly chat: Chat;
  readonly hasAdapter: boolean;
  #answerer: Answerer;
  /** Answers since the conversation began: each draws with a seed of its own. */
  #answers = 0;
  readonly #opened: OpenedModel;
  readonly #options: ChatCommand;
  readonly #streams: Streams;

  /** @throws DataError for a model without a chat template */
  constructor(opened: OpenedModel, options: ChatCommand, streams: Streams) {
    this.#opened = opened;
    this.#options = options;
    this.#streams = streams;
    this.chat = new Chat(opened.model, opened.tokenizer);
    this.hasAdapter = options.adapters.length > 0;
    this.#answerer = this.hasAdapter ? 'adapter' : 'base';
  }

  get prompt(): string {
    return this.hasAdapter ? `${this.#answerer}> ` : '> ';
  }

  /** @throws DataError where there is no adapter */
  set answerer(answerer: Answerer) {
    if (!this.hasAdapter) throw new DataError('there is no adapter: begin the chat with --adapter DIR');
    this.#answerer = answerer;
  }

  /** The system message that was given. */
  get system(): string | undefined {
    const [first] = this.chat.messages;
    return first?.role === 'system' ? first.content : undefined;
  }

  /** @throws DataError where the model's template takes none, or it holds a special token */
  set system(system: string | undefined) {
    const { messages } = this.chat;
    const rest = messages[0]?.role === 'system' ? messages.slice(1) : messages;
    this.replace(system === undefined ? rest : [{ role: 'system', content: system }, ...rest]);
  }

  /** Begins a new conversation, with the same system message. */
  reset(): void {
    const { system } = this;
    this.chat.replace(system === undefined ? [] : [{ role: 'system', content: system }]);
    this.#answers = 0;
  }

  /** Continues from other messages. @throws DataError where the model's template refuses them */
  replace(messages: readonly ChatMessage[]): void {
    if (messages.some(({ role }) => role === 'system') && !acceptsSystemMessage(this.#opened.tokenizer))
      throw new DataError("the model's chat template takes no system message");
    // A system message by itself is not a conversation: some templates refuse it.
    const probe = messages.some(({ role }) => role !== 'system');
    this.#encode(probe ? messages : [...messages, { role: 'user', content: 'Hi' }]);
    this.chat.replace(messages);
  }

  /** @throws DataError for a message that has no room, or is refused */
  async send(text: string, input: ChatInput): Promise<void> {
    this.#checkRoom([...this.chat.messages, { role: 'user', content: text }]);
    await this.#answer(input, (options) => this.chat.send(text, options));
  }

  /** @throws DataError where there is nothing to answer again */
  async retry(input: ChatInput): Promise<void> {
    const end = this.chat.messages.map(({ role }) => role).lastIndexOf('user') + 1;
    if (end === 0) throw new DataError('there is no message yet that could be answered again');
    this.#checkRoom(this.chat.messages.slice(0, end));
    const isSame = this.#options.temperature === 0 && end < this.chat.messages.length;
    if (isSame) this.notice('with --temperature 0 the same model gives the same answer again');
    await this.#answer(input, (options) => this.chat.retry(options));
  }

  /** Lines about the system message in force. */
  get systemLines(): string[] {
    const { system } = this;
    const by = system === this.#options.system ? '--system' : 'of the conversation';
    return wrapped('system message: ', systemWords(this.#opened.tokenizer, system, by));
  }

  /** Writes a line to standard error, unless the command is to be quiet. */
  notice(text: string): void {
    if (!this.#options.quiet) this.say(text);
  }

  say(text: string): void {
    printLine(this.#streams.stderr, text);
  }

  async #answer(input: ChatInput, begin: (options: SendOptions) => ChatAnswer): Promise<void> {
    const seed = (this.#options.seed + this.#answers) % (MAX_SEED + 1);
    this.#answers++;
    const sampling = { ...samplingOf(this.#options), seed };
    const { model } = this.#opened;
    const base = (keep: boolean) =>
      withAdapterDisabled(model, () =>
        this.#show(input, 'base', (signal) => begin({ ...sampling, keep, signal })),
      );
    const adapted = () => this.#show(input, 'adapter', (signal) => begin({ ...sampling, signal }));
    if (!this.hasAdapter || this.#answerer === 'adapter') await adapted();
    else if (this.#answerer === 'base') await base(true);
    else {
      await base(false);
      await adapted();
    }
    const { history } = this.#options;
    if (history !== undefined) await writeConversation(history, this.chat.messages);
  }

  async #show(input: ChatInput, name: string, begin: (signal: AbortSignal) => ChatAnswer): Promise<void> {
    const { stdout } = this.#streams;
    if (this.#answerer === 'both') stdout.write(`${paintFor(stdout)('bold', `${name}:`)}\n`);
    const result = await input.answering(async (signal) => {
      const answer = begin(signal);
      await writeText(stdout, answer);
      return answer.result();
    });
    this.#tell(result);
  }

  #tell(result: GenerationResult): void {
    if (this.#options.quiet) return;
    const { stderr } = this.#streams;
    const { promptTokens, readTokens, tokens, stoppedBy } = result;
    const prompt = `prompt ${count(promptTokens, 'token')}, ${integer(readTokens)} read`;
    const line = [tokenFigures(result), prompt, ...this.#endOf(result)].join('; ');
    stderr.write(`${paintFor(stderr)('dim', line)}\n`);
    const { contextLength } = this.#opened.model.config;
    if (stoppedBy === 'length' && promptTokens + tokens >= contextLength)
      this.say(`the context of ${integer(contextLength)} tokens is full: ${WAYS_ON}`);
  }

  /** Why an answer ended, unless the model itself ended it. */
  #endOf({ stoppedBy, text, tokens }: GenerationResult): string[] {
    if (stoppedBy === 'abort') return [text === '' ? 'stopped, and the message taken back' : 'stopped'];
    return stoppedBy === 'length' && tokens >= this.#options.maxTokens ? ['cut by --max-tokens'] : [];
  }

  #checkRoom(messages: readonly ChatMessage[]): void {
    const { contextLength } = this.#opened.model.config;
    const tokens = this.#encode(messages).length;
    if (tokens < contextLength) return;
    const alone = this.#encode(
      messages.filter(({ role }, i) => role === 'system' || i === messages.length - 1),
    );
    const [what, then] =
      alone.length < contextLength ? ['the conversation', WAYS_ON] : ['the message', 'send a shorter one'];
    const has = what === 'the message' ? alone.length : tokens;
    throw new DataError(
      `${what} has ${integer(has)} tokens, and the model's context ${integer(contextLength)}: ${then}`,
    );
  }

  #encode(messages: readonly ChatMessage[]): Int32Array {
    const { allowSpecial } = this.#options;
    try {
      return encodeChat(this.#opened.tokenizer, messages, { addGenerationPrompt: true, allowSpecial });
    } catch (error) {
      const [, at, rule] = (error instanceof DataError && REFUSED.exec(error.message)) || [];
      if (at === undefined) throw error;
      const isLast = Number(at) === messages.length - 1;
      const which = isLast ? 'the message' : `message ${Number(at) + 1} of the conversation`;
      throw new DataError(`${which} ${rule}; --allow-special allows it`, { cause: error });
    }
  }
}

/** A message that holds a special token, as `encodeChat` reports it. */
const REFUSED = /^messages\[(\d+)\]\.content: (.*)$/s;

const WAYS_ON = '/reset begins a new conversation, /save FILE keeps this one before';
