/** A conversation with a model: each turn is read once. */
import type { LlamaForCausalLM } from '../models/llama.js';
import type { ChatMessage } from '../text/messages.js';
import type { Tokenizer } from '../text/tokenizer.js';
import { type GenerateOptions, generate } from './generate.js';
import { TextCache } from './textCache.js';

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

  /** What was said so far. */
  get messages(): readonly ChatMessage[] {
    return [...this.#messages];
  }

  /**
   * Says something and gives the answer, piece by piece. Both are part of the conversation once the answer has ended; of one
   * that is left before, neither is.
   * @throws as `generate`
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

  /** Gives the memory of what was read back. */
  dispose(): void {
    this.#cache.dispose();
  }
}
