/** Conversations with a language model. */
import type { LlamaForCausalLM } from '../models/llama.js';
import type { ChatMessage } from '../text/messages.js';
import type { Tokenizer } from '../text/tokenizer.js';
import { type GenerateOptions, generate } from './generate.js';
import { TextCache } from './textCache.js';

/** A conversation with a model, which reads each turn once. */
export class Chat {
  readonly #model: LlamaForCausalLM;
  readonly #tokenizer: Tokenizer;
  readonly #cache: TextCache;
  readonly #messages: ChatMessage[] = [];

  /** @param system  what the model is told before the first turn; without it, what its template says */
  constructor(model: LlamaForCausalLM, tokenizer: Tokenizer, system?: string) {
    this.#model = model;
    this.#tokenizer = tokenizer;
    this.#cache = new TextCache(model);
    if (system !== undefined) this.#messages.push({ role: 'system', content: system });
  }

  /** The conversation so far. */
  get messages(): readonly ChatMessage[] {
    return [...this.#messages];
  }

  /**
   * Sends a message and gives the answer, piece by piece. Both become part of the conversation when the answer ends; neither
   * does where the iteration is left before.
   * @throws as `generate`, and Error while another answer is being given
   */
  async *send(
    content: string,
    options: Omit<GenerateOptions, 'cache'> = {},
  ): AsyncGenerator<string, void, void> {
    const turn: ChatMessage = { role: 'user', content };
    const prompt = [...this.#messages, turn];
    const answer = generate(this.#model, this.#tokenizer, prompt, { ...options, cache: this.#cache });
    yield* answer;
    const { text } = await answer.result();
    this.#messages.push(turn, { role: 'assistant', content: text });
  }

  /** Frees the memory of what was read; the next message is read with all before it. */
  dispose(): void {
    this.#cache.dispose();
  }
}
