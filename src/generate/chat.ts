/** Conversations with a language model. */
import { checkOptions, type OptionNames } from '../base/options.js';
import { adapterState } from '../lora/adaptation.js';
import type { LlamaForCausalLM } from '../models/llama.js';
import { type ChatMessage, checkMessages } from '../text/messages.js';
import type { Tokenizer } from '../text/tokenizer.js';
import { GENERATE_NAMES, type GenerateOptions, type GenerationResult, generate } from './generate.js';
import { TextCache } from './textCache.js';

export interface SendOptions extends Omit<GenerateOptions, 'cache'> {
  /** Whether the message and its answer become part of the conversation. Default true. */
  readonly keep?: boolean;
}

const { cache: _, ...GENERATING } = GENERATE_NAMES;
const NAMES: OptionNames<SendOptions> = { ...GENERATING, keep: true };

/** Maximum number of adapter states whose keys and values are kept: a cache takes much memory. */
const MOST_CACHES = 4;

/**
 * A conversation with a model, which reads each turn once. Keys and values are kept for the four most recent states of the
 * adapters: comparing answers with and without an adapter reads nothing twice.
 */
export class Chat {
  readonly #model: LlamaForCausalLM;
  readonly #tokenizer: Tokenizer;
  /** Caches by the state of the adapters; the most recently used comes last. */
  readonly #caches = new Map<string, TextCache>();
  #messages: readonly ChatMessage[] = [];
  #isAnswering = false;

  /** @param system  system message before the first turn. Default: that of the template */
  constructor(model: LlamaForCausalLM, tokenizer: Tokenizer, system?: string) {
    this.#model = model;
    this.#tokenizer = tokenizer;
    if (system !== undefined) this.#messages = [{ role: 'system', content: system }];
  }

  /** The conversation so far. */
  get messages(): readonly ChatMessage[] {
    return [...this.#messages];
  }

  /**
   * Sends a message and returns the answer, piece by piece. Both become part of the conversation when the answer ends, also
   * where `signal` ends it after its first character; neither does where the iteration stops earlier.
   * @throws TypeError for an unknown option; the answer throws as `generate`, and Error while another answer is generated
   */
  send(content: string, options: SendOptions = {}): ChatAnswer {
    return this.#answer('send', options, () => [...this.#messages, { role: 'user', content }]);
  }

  /**
   * Answers the last message again, or for the first time where the conversation ends with one. The new answer replaces
   * the old one when it ends. With temperature 0 both are the same; otherwise pass another `seed`.
   * @throws as `send`; the answer throws RangeError where no message can be answered
   */
  retry(options: SendOptions = {}): ChatAnswer {
    return this.#answer('retry', options, () => {
      const end = this.#messages.map(({ role }) => role).lastIndexOf('user') + 1;
      if (end === 0) throw new RangeError('retry: there is no message to answer');
      return this.#messages.slice(0, end);
    });
  }

  /**
   * Replaces the conversation by other messages, including a system message. The part in common with the previous one is not
   * read again.
   * @throws DataError for invalid messages, Error while an answer is generated
   */
  replace(messages: readonly ChatMessage[]): void {
    checkMessages(messages);
    this.#checkQuiet('replace');
    this.#messages = structuredClone(messages);
  }

  /** Frees the caches; the next message is read together with all earlier ones. */
  dispose(): void {
    for (const cache of this.#caches.values()) cache.dispose();
    this.#caches.clear();
  }

  #answer(call: string, options: SendOptions, prompt: () => readonly ChatMessage[]): ChatAnswer {
    checkOptions(call, options, NAMES);
    return new ChatAnswer(() => this.#pieces(call, options, prompt));
  }

  async *#pieces(
    call: string,
    { keep = true, ...options }: SendOptions,
    prompt: () => readonly ChatMessage[],
  ): AsyncGenerator<string, GenerationResult, void> {
    this.#checkQuiet(call);
    const messages = prompt();
    this.#isAnswering = true;
    try {
      const cache = this.#cache();
      const answer = generate(this.#model, this.#tokenizer, messages, { ...options, cache });
      yield* answer;
      const result = await answer.result();
      const isAnswer = result.text !== '' || result.stoppedBy !== 'abort';
      if (keep && isAnswer) this.#messages = [...messages, { role: 'assistant', content: result.text }];
      return result;
    } finally {
      this.#isAnswering = false;
    }
  }

  #checkQuiet(call: string): void {
    if (this.#isAnswering) throw new Error(`${call}: the chat is in use: another answer is being given`);
  }

  /** The cache of the adapters' state. */
  #cache(): TextCache {
    const state = adapterState(this.#model);
    const cache = this.#caches.get(state) ?? new TextCache(this.#model);
    this.#caches.delete(state);
    for (const [oldest, unused] of this.#caches) {
      if (this.#caches.size < MOST_CACHES) break;
      unused.dispose();
      this.#caches.delete(oldest);
    }
    this.#caches.set(state, cache);
    return cache;
  }
}

/** An answer that is generated while it is iterated over, once; `result()` returns it as a whole. */
export class ChatAnswer implements AsyncIterable<string> {
  readonly #begin: () => AsyncGenerator<string, GenerationResult, void>;
  #isBegun = false;
  #result: GenerationResult | undefined;

  /** Answers are created by {@link Chat}. */
  constructor(begin: () => AsyncGenerator<string, GenerationResult, void>) {
    this.#begin = begin;
  }

  /** The pieces of the answer. @throws Error when it is called again */
  [Symbol.asyncIterator](): AsyncGenerator<string, void, void> {
    if (this.#isBegun) throw new Error('Chat: an answer can be iterated over only once');
    this.#isBegun = true;
    return this.#pieces();
  }

  /**
   * The whole answer with its figures. It is generated if iteration has not begun.
   * @throws Error while an iteration is running, or after one that stopped before the end
   */
  async result(): Promise<GenerationResult> {
    if (!this.#isBegun) for await (const _ of this);
    if (this.#result) return this.#result;
    throw new Error('Chat: the answer has not ended');
  }

  async *#pieces(): AsyncGenerator<string, void, void> {
    this.#result = yield* this.#begin();
  }
}
